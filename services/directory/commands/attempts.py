"""Limits on sign-in attempts, kept in the database, so that they hold over restarts and for every process.

An attempt is counted before the password is looked at and forgiven when it was right: however many run at once, no more
are tried than the limit.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import case, delete, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from services.directory.errors import TooManyAttempts
from services.directory.models import SignInAttempts
from shared.db import table_of

WINDOW = timedelta(minutes=15)
PER_ACCOUNT = 10
PER_ADDRESS = 100
"""A whole office may sit behind one address."""
ATTEMPTS = table_of(SignInAttempts)


def limits_of(account: str, address: str) -> dict[str, int]:
    """What an attempt counts against."""
    return {f"account:{account[:63]}": PER_ACCOUNT, f"address:{address[:63]}": PER_ADDRESS}


async def count_attempt(connection: AsyncConnection, limits: Mapping[str, int], now: datetime) -> None:
    """Raises TooManyAttempts, which undoes the counting: a refused attempt does not lengthen the wait."""
    for key in sorted(limits):  # one order, so that two attempts cannot wait for each other
        count, since = await _add_one(connection, key, now)
        if count > limits[key]:
            raise TooManyAttempts(max(1, round((since + WINDOW - now).total_seconds())))


async def forgive(connection: AsyncConnection, account: str, address: str) -> None:
    """The password was right: the account starts afresh, and the address gets its attempt back."""
    of_account, of_address = limits_of(account, address)
    await connection.execute(delete(ATTEMPTS).where(ATTEMPTS.c.key == of_account))
    await connection.execute(update(ATTEMPTS).where(ATTEMPTS.c.key == of_address).values(count=ATTEMPTS.c.count - 1))


async def forget_past_windows(connection: AsyncConnection, now: datetime) -> None:
    await connection.execute(delete(ATTEMPTS).where(ATTEMPTS.c.since < now - WINDOW))


async def _add_one(connection: AsyncConnection, key: str, now: datetime) -> tuple[int, datetime]:
    """Count one in the present window, or open a new one. Returns the count and when the window opened."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    past = ATTEMPTS.c.since < now - WINDOW
    counted = (
        insert(ATTEMPTS)
        .values(key=key, count=1, since=now)
        .on_conflict_do_update(
            index_elements=[ATTEMPTS.c.key],
            set_={
                "count": case((past, 1), else_=ATTEMPTS.c.count + 1),
                "since": case((past, now), else_=ATTEMPTS.c.since),
            },
        )
        .returning(ATTEMPTS.c.count, ATTEMPTS.c.since)
    )
    count, since = (await connection.execute(counted)).one()
    return count, since
