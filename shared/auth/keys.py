"""The directory's public keys as another service knows them: in memory, in its own table, or fetched."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import httpx
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from sqlalchemy import Column, MetaData, String, Table, select

from shared.clock import system_now
from shared.db import Database
from shared.db.bulk import insert_missing
from shared.db.columns import JsonText, UtcDateTime

FETCH_PAUSE_SECONDS = 10.0
"""An unknown key id may be an attack; the directory is asked at most this often."""
FETCH_TIMEOUT_SECONDS = 5.0
MAX_KEY_ID_LENGTH = 64
log = structlog.get_logger()

Jwk = dict[str, Any]
FetchKeys = Callable[[], Awaitable[Sequence[Jwk]]]


def known_keys_table(metadata: MetaData) -> Table:
    """The table of the keys that this service trusts, defined once per metadata."""
    if "known_keys" in metadata.tables:
        return metadata.tables["known_keys"]
    return Table(
        "known_keys",
        metadata,
        Column("kid", String(MAX_KEY_ID_LENGTH), primary_key=True),
        Column("jwk", JsonText, nullable=False),
        Column("seen_at", UtcDateTime, nullable=False),
    )


def fetch_from(directory_url: str) -> FetchKeys:
    """Ask the directory for its key set. The address comes from settings, never from a token."""

    async def fetch() -> Sequence[Jwk]:
        async with httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=FETCH_TIMEOUT_SECONDS) as client:
            answer = await client.get(f"{directory_url}/api/directory/v1/jwks.json")
            answer.raise_for_status()
            keys: Sequence[Jwk] = answer.json()["keys"]
            return keys

    return fetch


class KnownKeys:
    """Keys survive a restart without the directory. A key is never removed: rotation lets its tokens run out."""

    def __init__(
        self, database: Database, table: Table, fetch: FetchKeys, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._table = table
        self._fetch = fetch
        self._now = now
        self._keys: dict[str, RSAKey] = {}
        self._fetched_at = float("-inf")
        self._refreshing = asyncio.Lock()

    async def find(self, kid: str) -> RSAKey | None:
        """The key with this id. Must not be called inside a transaction of this service: it may open one."""
        if kid in self._keys:
            return self._keys[kid]
        if len(kid) > MAX_KEY_ID_LENGTH:
            return None
        async with self._refreshing:
            if kid not in self._keys:
                await self._load()
            if kid not in self._keys and self._now() - self._fetched_at >= FETCH_PAUSE_SECONDS:
                await self._refresh()
        return self._keys.get(kid)

    async def _load(self) -> None:
        async with self._database.read() as connection:
            for (jwk,) in await connection.execute(select(self._table.c.jwk)):
                self._trust(jwk)

    async def _refresh(self) -> None:
        self._fetched_at = self._now()
        try:
            fetched = [jwk for jwk in await self._fetch() if self._trust(jwk)]
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as failed:
            log.warning("the directory's keys could not be fetched", error=str(failed))
            return
        async with self._database.write() as connection:
            rows = [{"kid": jwk["kid"], "jwk": jwk, "seen_at": system_now()} for jwk in fetched]
            await insert_missing(connection, self._table, rows)

    def _trust(self, jwk: Jwk) -> bool:
        try:
            self._keys[str(jwk["kid"])] = RSAKey.import_key({name: jwk[name] for name in ("kty", "n", "e", "kid")})
        except (JoseError, KeyError, ValueError):
            return False
        return True
