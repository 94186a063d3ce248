"""Signing in and out."""

import hmac
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from services.portal.errors import ApiProblem, FormExpired
from services.portal.sessions import COOKIE, new_form_token
from services.portal.visits import Anybody, Signed, Visit, is_secure, local, redirect, session_from

router = APIRouter()
FORM_COOKIE = "duban_form"
FORM_SECONDS = 3600
Field = Annotated[str, Form(max_length=1024)]
Hidden = Annotated[str, Form(max_length=200)]


@router.get("/sign-in")
async def show_sign_in(visit: Anybody, back: str = "/") -> Response:
    return _sign_in_page(visit, local(back))


@router.post("/sign-in")
async def sign_in(visit: Anybody, username: Field, password: Field, form_token: Hidden, back: Hidden = "/") -> Response:
    """A cookie and a hidden field say the same random word, which another site cannot know."""
    if not hmac.compare_digest(visit.request.cookies.get(FORM_COOKIE, "").encode(), form_token.encode()):
        raise FormExpired
    try:
        tokens = await visit.directory.sign_in(username.strip(), password)
    except ApiProblem as refused:
        return _sign_in_page(visit, local(back), refused, username)
    response = visit.remember(redirect(local(back)), session_from(tokens, username.strip()))
    response.delete_cookie(FORM_COOKIE, path="/sign-in")
    return response


@router.post("/sign-out")
async def sign_out(visit: Signed, form_token: Hidden) -> Response:
    """Forget the cookie once directory has ended the session: a copy of the cookie is good for nothing then."""
    if not visit.session.allows(form_token):
        raise FormExpired
    await visit.directory.end_session(visit.session.refresh_token)
    response = redirect("/sign-in")
    visit.request.state.renewed = None
    response.delete_cookie(COOKIE)
    return response


def _sign_in_page(visit: Visit, back: str, refused: ApiProblem | None = None, username: str = "") -> Response:
    token = new_form_token()
    status = refused.status if refused else 200
    page = visit.page("sign_in.html", status=status, back=back, form_token=token, refused=refused, username=username)
    page.set_cookie(
        FORM_COOKIE,
        token,
        FORM_SECONDS,
        path="/sign-in",
        httponly=True,
        samesite="strict",
        secure=is_secure(visit.request),
    )
    return page
