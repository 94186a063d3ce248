"""The keys that sign access tokens: made on first use, kept in the database, published as a key set."""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey
from sqlalchemy import insert, select

from services.directory.models import Account, SigningKey
from services.directory.settings import DirectorySettings
from shared.auth.tokens import ALGORITHM
from shared.clock import system_now
from shared.db import Database, table_of
from shared.errors import AppError, Text
from shared.ids import new_id

KEY_BITS = 2048
LOOK_AGAIN_SECONDS = 10.0
"""Another process may have made a key; an unknown id is looked up in the database at most this often."""
SIGNING_KEYS = table_of(SigningKey)


class KeyLocked(AppError):
    code, status = "signing-key-locked", 503
    title = Text("签名密钥无法打开", "The signing key cannot be opened")
    detail = Text(
        "DUBAN_KEY_PASSPHRASE 与保存密钥时所用的不一致。",
        "DUBAN_KEY_PASSPHRASE is not the one that the key was stored with.",
    )


class SigningKeys:
    """The key pairs of this directory. Also where it verifies its own tokens (`shared.auth.tokens.KeySource`)."""

    def __init__(self, database: Database, passphrase: str = "") -> None:
        self._database = database
        self._passphrase = passphrase or None
        self._keys: dict[str, RSAKey] = {}
        self._looked_at = float("-inf")
        self._making = asyncio.Lock()

    async def newest(self) -> RSAKey:
        """The key that signs. The first is made here; should two processes make one at once, both are good."""
        async with self._making:
            if not self._keys:
                await self._load()
            if not self._keys:
                await self._make_first()
        return next(reversed(self._keys.values()))

    async def find(self, kid: str) -> RSAKey | None:
        if kid not in self._keys and time.monotonic() - self._looked_at >= LOOK_AGAIN_SECONDS:
            self._looked_at = time.monotonic()
            await self._load()
        return self._keys.get(kid)

    async def public(self) -> list[dict[str, Any]]:
        """The key set that other services and clients verify with, keys of other processes included."""
        await self.newest()
        await self._load()
        return [{**key.as_dict(private=False), "use": "sig", "alg": ALGORITHM} for key in self._keys.values()]

    async def _load(self) -> None:
        async with self._database.read() as connection:
            rows = (await connection.execute(select(SIGNING_KEYS).order_by(SIGNING_KEYS.c.created_at))).all()
        for row in rows:
            if row.kid not in self._keys:
                self._keys[row.kid] = _opened(row.kid, row.private_pem, self._passphrase)

    async def _make_first(self) -> None:
        key = await asyncio.to_thread(RSAKey.generate_key, KEY_BITS)
        kid = key.thumbprint()
        async with self._database.write() as connection:
            if not await connection.scalar(select(SIGNING_KEYS.c.kid).limit(1)):
                pem = key.as_pem(private=True, password=self._passphrase).decode()
                made = {"kid": kid, "private_pem": pem, "created_at": system_now()}
                await connection.execute(insert(SIGNING_KEYS), made)
        await self._load()


@lru_cache(maxsize=4)
def _opened(kid: str, pem: str, passphrase: str | None) -> RSAKey:
    """Kept for the process: opening a key proves its primes, which takes as long as forty signatures."""
    try:
        return RSAKey.import_key(pem, {"kid": kid}, password=passphrase)
    except (ValueError, TypeError) as locked:
        raise KeyLocked from locked


class TokenIssuer:
    """Issues access tokens: RS256, five minutes, no roles inside."""

    def __init__(
        self, settings: DirectorySettings, keys: SigningKeys, now: Callable[[], datetime] = system_now
    ) -> None:
        self.settings = settings
        self.keys = keys
        self._now = now

    async def issue(self, account: Account) -> str:
        key = await self.keys.newest()
        now = int(self._now().timestamp())
        claims = {
            "iss": self.settings.issuer,
            "aud": self.settings.audience,
            "sub": str(account.id),
            "iat": now,
            "exp": now + self.settings.token_seconds,
            "jti": str(new_id()),
            "preferred_username": account.username,
            "auth_epoch": account.auth_epoch,
        }
        return jwt.encode({"alg": ALGORITHM, "kid": key.kid}, claims, key, algorithms=[ALGORITHM])
