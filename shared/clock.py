"""Two clocks: business time decides deadlines and lights, system time decides tokens, leases and retries.

Only business time can be moved, forward, and only in the demo.
"""

from datetime import UTC, datetime
from typing import Protocol

from sqlalchemy import Column, Integer, MetaData, Table, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.db.columns import UtcDateTime
from shared.errors import AppError, Text


def system_now() -> datetime:
    """The machine's time, in UTC."""
    return datetime.now(UTC)


class BusinessClock(Protocol):
    """What time it is in the office's work."""

    async def now(self, connection: AsyncConnection) -> datetime:
        """The business time as this transaction sees it, in UTC."""


class RealClock:
    """Business time is the machine's time."""

    async def now(self, connection: AsyncConnection) -> datetime:  # noqa: ARG002 - the demo clock reads its row
        return system_now()


class ClockCannotGoBack(AppError):
    code, status = "clock-cannot-go-back", 422
    title = Text("业务时钟只能向前", "The clock only moves forward")
    detail = Text("业务时钟现在是 {now}，不能拨回 {to}。", "The business clock shows {now}; it cannot go back to {to}.")


def clock_table(metadata: MetaData) -> Table:
    """The one-row table that holds a service's business time in the demo."""
    return Table(
        "business_clock",
        metadata,
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("now", UtcDateTime, nullable=False),
    )


class DemoClock:
    """Business time stands still between advances and survives restarts: it is a row in the service's database."""

    def __init__(self, table: Table, starts: datetime) -> None:
        self._table = table
        self._starts = starts

    async def now(self, connection: AsyncConnection) -> datetime:
        stored = (await connection.execute(select(self._table.c.now))).scalar_one_or_none()
        return stored or self._starts

    async def advance(self, connection: AsyncConnection, to: datetime) -> None:
        """Move to a later instant. Raises ClockCannotGoBack; the same instant again changes nothing."""
        now = await self.now(connection)
        if to < now:
            raise ClockCannotGoBack(now=now.isoformat(), to=to.isoformat())
        moved = await connection.execute(update(self._table).values(now=to))
        if moved.rowcount == 0:
            await connection.execute(self._table.insert().values(id=1, now=to))
