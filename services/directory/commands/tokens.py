"""Signing in: passwords, client secrets and refresh tokens become access tokens.

Unlike other commands these open their own transactions: nothing may be locked while a password is hashed, and a failed
attempt must be counted although the answer is an error.
"""

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.directory.commands.accounts import REFRESH_TOKENS, secret_digest
from services.directory.commands.attempts import count_attempt, forget_past_windows, forgive, limits_of
from services.directory.errors import ClientNotAuthenticated, LoginFailed, SessionEnded
from services.directory.models import Account
from services.directory.passwords import Passwords
from services.directory.queries import find_account, find_account_by_id
from services.directory.signing import TokenIssuer
from shared.clock import system_now
from shared.db import Database
from shared.ids import new_id

REUSE_GRACE = timedelta(seconds=30)
"""Two tabs, or a lost answer, may use a refresh token twice; after this it was stolen."""
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Issued:
    access_token: str
    expires_in: int
    refresh_token: str | None = None


class SignIn:
    """The three grants of the token endpoint."""

    def __init__(
        self, database: Database, passwords: Passwords, issuer: TokenIssuer, now: Callable[[], datetime] = system_now
    ) -> None:
        self._database = database
        self._passwords = passwords
        self._issuer = issuer
        self._now = now
        self._rest = timedelta(hours=issuer.settings.refresh_hours)

    async def with_password(self, username: str, password: str, address: str) -> Issued:
        """Raises LoginFailed, TooManyAttempts, Unavailable. Takes the same time for an unknown name."""
        account = await self._count_and_find(username, address)
        stored = account.password_hash if account and account.active else None
        if not await self._passwords.verify(password, stored) or account is None:
            raise LoginFailed
        async with self._database.write() as connection:
            await forgive(connection, username, address)
            await _forget_expired(connection, account.id, self._now())
            refresh_token = await _new_refresh_token(connection, account.id, new_id(), self._now() + self._rest)
        return await self._issue(account, refresh_token)

    async def with_client_secret(self, client_id: str, secret: str, address: str) -> Issued:
        """Raises ClientNotAuthenticated, TooManyAttempts."""
        account = await self._count_and_find(client_id, address)
        stored = account.secret_digest if account and account.active else None
        if not hmac.compare_digest(secret_digest(secret), stored or bytes(32)) or account is None:
            raise ClientNotAuthenticated
        async with self._database.write() as connection:
            await forgive(connection, client_id, address)
        return await self._issue(account)

    async def with_refresh_token(self, presented: str) -> Issued:
        """Exchange a refresh token for the next. One used again after the grace ends its whole session.

        Raises SessionEnded.
        """
        async with self._database.write() as connection:
            account, refresh_token = await self._rotate(connection, presented)
        if account is None:
            raise SessionEnded
        return await self._issue(account, refresh_token)

    async def end_session(self, presented: str) -> None:
        """End the session that a refresh token belongs to. One that is not known any more changes nothing."""
        async with self._database.write() as connection:
            token = (await connection.execute(_locked_token(presented))).one_or_none()
            if token is not None:
                await _end_family(connection, token.family)

    async def _count_and_find(self, name: str, address: str) -> Account | None:
        now = self._now()
        async with self._database.write() as connection:
            await count_attempt(connection, limits_of(name, address), now)
            await forget_past_windows(connection, now)
            return await find_account(connection, name)

    async def _rotate(self, connection: AsyncConnection, presented: str) -> tuple[Account | None, str | None]:
        now = self._now()
        token = (await connection.execute(_locked_token(presented))).one_or_none()
        if token is None or token.expires_at <= now:
            return None, None
        if token.used_at is not None and now - token.used_at > REUSE_GRACE:
            log.warning("a used refresh token came back: session ended", family=str(token.family))
            await _end_family(connection, token.family)
            return None, None
        account = await find_account_by_id(connection, token.account_id)
        if account is None or not account.active:
            return None, None
        first_use = update(REFRESH_TOKENS).where(
            REFRESH_TOKENS.c.digest == token.digest, REFRESH_TOKENS.c.used_at.is_(None)
        )
        await connection.execute(first_use.values(used_at=now))
        return account, await _new_refresh_token(connection, account.id, token.family, now + self._rest)

    async def _issue(self, account: Account, refresh_token: str | None = None) -> Issued:
        access_token = await self._issuer.issue(account)
        return Issued(access_token, self._issuer.settings.token_seconds, refresh_token)


def _locked_token(presented: str) -> Any:
    digest = sha256(presented.encode()).digest()
    return select(REFRESH_TOKENS).where(REFRESH_TOKENS.c.digest == digest).with_for_update()


async def _new_refresh_token(connection: AsyncConnection, account_id: UUID, family: UUID, expires: datetime) -> str:
    token = secrets.token_urlsafe(32)
    digest = sha256(token.encode()).digest()
    row = {"digest": digest, "family": family, "account_id": account_id, "expires_at": expires, "used_at": None}
    await connection.execute(insert(REFRESH_TOKENS), row)
    return token


async def _end_family(connection: AsyncConnection, family: UUID) -> None:
    """Waits for whoever is just exchanging one of its tokens, so that the next one is ended as well."""
    mine = REFRESH_TOKENS.c.family == family
    await connection.execute(
        select(REFRESH_TOKENS.c.digest).where(mine).order_by(REFRESH_TOKENS.c.digest).with_for_update()
    )
    await connection.execute(delete(REFRESH_TOKENS).where(mine))


async def _forget_expired(connection: AsyncConnection, account_id: UUID, now: datetime) -> None:
    expired = (REFRESH_TOKENS.c.account_id == account_id) & (REFRESH_TOKENS.c.expires_at <= now)
    await connection.execute(delete(REFRESH_TOKENS).where(expired))
