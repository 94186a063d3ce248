"""Verifying access tokens: RS256 and nothing else, keys from a fixed list, every claim required.

A token proves an account and its `auth_epoch`; it carries no roles.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from shared.errors import NotAuthenticated

ALGORITHM = "RS256"
LEEWAY_SECONDS = 60
MAX_TOKEN_LENGTH = 4096
MAX_CACHED = 10_000
"""Some 2,000 accounts with a few live tokens each; about 10 MB when full."""
HEADERS_ALLOWED = frozenset({"alg", "kid", "typ"})
"""So no jku, jwk, x5u or x5c: a token never says where its own key comes from."""


class KeySource(Protocol):
    """The public keys that tokens may be signed with."""

    async def find(self, kid: str) -> RSAKey | None: ...


@dataclass(frozen=True, slots=True)
class Proof:
    """What a verified token proves."""

    account_id: UUID
    username: str
    epoch: int
    expires: int
    """Unix seconds, without leeway."""


class TokenVerifier:
    """Verifies each token once and remembers it until it expires."""

    def __init__(self, issuer: str, audience: str, keys: KeySource, now: Callable[[], float] = time.time) -> None:
        self._keys = keys
        self._now = now
        self._verified: dict[str, Proof] = {}
        self._claims = jwt.JWTClaimsRegistry(
            now=lambda: int(now()),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
        )

    async def verify(self, token: str) -> Proof:
        """Raises NotAuthenticated for anything but a valid token of ours; the reason stays inside."""
        proof = self._verified.get(token)
        if proof is None:
            proof = await self._check(token)
            self._remember(token, proof)
        elif proof.expires + LEEWAY_SECONDS <= self._now():
            del self._verified[token]
            raise NotAuthenticated
        return proof

    async def _check(self, token: str) -> Proof:
        if len(token) > MAX_TOKEN_LENGTH:
            raise NotAuthenticated
        try:
            key = await self._keys.find(_key_id(token))
            if key is None:
                raise NotAuthenticated
            claims = jwt.decode(token, key, algorithms=[ALGORITHM]).claims
            self._claims.validate(claims)
            return _proof(claims)
        except (JoseError, ValueError, TypeError, KeyError) as untrusted:
            raise NotAuthenticated from untrusted

    def _remember(self, token: str, proof: Proof) -> None:
        if len(self._verified) >= MAX_CACHED:
            self._forget_expired()
        if len(self._verified) >= MAX_CACHED:
            del self._verified[next(iter(self._verified))]
        self._verified[token] = proof

    def _forget_expired(self) -> None:
        limit = self._now() - LEEWAY_SECONDS
        self._verified = {token: proof for token, proof in self._verified.items() if proof.expires > limit}


def _key_id(token: str) -> str:
    header = jws.extract_compact(token.encode()).headers()
    if header.get("alg") != ALGORITHM or not header.keys() <= HEADERS_ALLOWED:
        raise NotAuthenticated
    return str(header["kid"])


def _proof(claims: dict[str, Any]) -> Proof:
    return Proof(
        account_id=UUID(claims["sub"]),
        username=str(claims["preferred_username"]),
        epoch=int(claims["auth_epoch"]),
        expires=int(claims["exp"]),
    )
