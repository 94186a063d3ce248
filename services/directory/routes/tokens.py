"""Tokens, the keys that verify them, and who the caller is."""

import base64
import binascii
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response

from services.directory.commands.tokens import Issued, SignIn
from services.directory.errors import ClientNotAuthenticated, UnsupportedGrant
from services.directory.queries import get_account
from services.directory.schemas.accounts import AccountOut
from services.directory.schemas.tokens import MAX_FIELD, TokenForm, Tokens
from shared.auth.tokens import ALGORITHM
from shared.web import Reader, Reading

router = APIRouter(tags=["tokens"])
PREFIX = "/api/directory/v1"


@router.post("/token")
async def create_token(request: Request, response: Response, form: Annotated[TokenForm, Form()]) -> Tokens:
    """Exchange a password, a client's secret or a refresh token for an access token (OAuth 2.0 form)."""
    sign_in: SignIn = request.app.state.sign_in
    address = request.client.host if request.client else "unknown"
    response.headers["Cache-Control"] = "no-store"
    match form.grant_type:
        case "password":
            issued = await sign_in.with_password(form.username, form.password, address)
        case "client_credentials":
            issued = await sign_in.with_client_secret(*_client(request, form), address)
        case "refresh_token":
            issued = await sign_in.with_refresh_token(form.refresh_token)
        case _:
            raise UnsupportedGrant
    return _shown(issued)


@router.post("/token/revoke", response_class=Response)
async def revoke_token(request: Request, token: Annotated[str, Form(max_length=MAX_FIELD)]) -> Response:
    """End the session of a refresh token (RFC 7009 with `token` only); its access tokens end by themselves.

    A token that is not known has no session, so this says the same.
    """
    sign_in: SignIn = request.app.state.sign_in
    await sign_in.end_session(token)
    return Response()


@router.get("/jwks.json")
async def get_jwks(request: Request) -> dict[str, list[dict[str, Any]]]:
    """The public keys of access tokens (RFC 7517)."""
    return {"keys": await request.app.state.signing_keys.public()}


@router.get("/.well-known/openid-configuration")
async def get_openid_configuration(request: Request) -> dict[str, Any]:
    """Where to get and how to verify tokens (OpenID Connect Discovery 1.0)."""
    settings = request.app.state.settings
    base = f"{settings.url}{PREFIX}"
    return {
        "issuer": settings.issuer,
        "token_endpoint": f"{base}/token",
        "revocation_endpoint": f"{base}/token/revoke",
        "jwks_uri": f"{base}/jwks.json",
        "userinfo_endpoint": f"{base}/me",
        "grant_types_supported": ["password", "client_credentials", "refresh_token"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "response_types_supported": [],
        "subject_types_supported": ["public"],
    }


@router.get("/me")
async def get_me(caller: Reader, view: Reading) -> AccountOut:
    """The caller's own account."""
    return AccountOut.of(await get_account(view.connection, caller.account))


def _client(request: Request, form: TokenForm) -> tuple[str, str]:
    """Id and secret, from the form or from HTTP Basic (RFC 6749 section 2.3.1)."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return form.client_id, form.client_secret
    try:
        client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as unreadable:
        raise ClientNotAuthenticated from unreadable
    return client_id, secret


def _shown(issued: Issued) -> Tokens:
    return Tokens(access_token=issued.access_token, expires_in=issued.expires_in, refresh_token=issued.refresh_token)
