"""The relay: from the outbox to the bus, in order per key, at least once.

One relay per service holds a lease with an epoch by the database's clock. A relay that lost its lease may still publish
(consumers drop what they have seen) but can no longer mark anything as sent.
"""

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Row, delete, func, insert, literal, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.bus.base import Bus, Message
from shared.clock import system_now
from shared.db import Database
from shared.errors import Unavailable
from shared.event_log.stored import stored_envelope
from shared.event_log.tables import EventLogTables
from shared.events.cloudevents import encode
from shared.events.topics import topic_of
from shared.faultpoints import faultpoint
from shared.ids import made_at, new_id
from shared.telemetry.metrics import RELAY_AGE, RELAY_PENDING, RELAY_SENT

BATCH = 500
LEASE_SECONDS = 10
"""How long nothing is sent after the relay's process was killed; one that still lives renews after half of it."""
LEASE_ALONE_SECONDS = 600
"""Where nobody waits to take over: each renewal is a commit that an idle machine does without."""
MAX_BACKOFF_SECONDS = 5.0
LONG_AGO = datetime.fromtimestamp(0, UTC)
log = structlog.get_logger()


@dataclass(slots=True)
class Relay:
    """Publishes a service's events. `wake` after a commit makes it prompt; polling makes it sure."""

    service: str
    database: Database
    tables: EventLogTables
    bus: Bus
    poll_seconds: float = 1.0
    alone: bool = False
    """No other process uses this database, so whoever still holds the lease at the start is dead."""
    owner: str = field(default_factory=lambda: str(new_id()))
    epoch: int | None = None
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    _woken: asyncio.Event = field(default_factory=asyncio.Event)
    _lease_until: float = 0.0

    def wake(self) -> None:
        """Something was committed."""
        self.idle.clear()
        self._woken.set()

    async def run(self) -> None:
        """Publish until cancelled. Failures are retried without limit; nothing is ever dropped."""
        try:
            await self._run()
        finally:
            await self._release()

    async def _run(self) -> None:
        backoff = 0.1
        while True:
            try:
                sent = await self.relay_once()
                backoff = 0.1
            except (DBAPIError, OSError, Unavailable) as lost:
                log.warning("relay waits for its database", service=self.service, error=str(lost))
                sent = None
            if sent is None:
                await asyncio.sleep(backoff * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, not a secret
                backoff = min(backoff * 2, MAX_BACKOFF_SECONDS)
            elif sent == 0:
                await self._rest()

    async def relay_once(self) -> int | None:
        """Send one batch. Returns how many were marked as sent; None where the bus or the lease failed."""
        self._woken.clear()  # before looking: what is committed from here on wakes the rest that may follow
        if not await self._holds_lease():
            return None
        pending = await self._pending()
        if not pending:
            if not self._woken.is_set():
                self.idle.set()
            return 0
        faultpoint("relay.before_publish")
        acknowledged = await self.bus.publish([self._message(row) for row in pending])
        faultpoint("relay.after_publish")
        sent = _unbroken_prefix(pending, acknowledged)
        if sent:
            await self._mark_sent(sent)
        return len(sent) or None

    async def _rest(self) -> None:
        try:
            await asyncio.wait_for(self._woken.wait(), self.poll_seconds)
        except TimeoutError:
            return

    async def _holds_lease(self) -> bool:
        now = asyncio.get_running_loop().time()
        seconds = LEASE_ALONE_SECONDS if self.alone else LEASE_SECONDS
        if self.epoch is not None and now < self._lease_until - seconds / 2:
            return True
        async with self.database.write() as connection:
            if self.alone and self.epoch is None:
                await _end_lease(connection, self.tables, self.service)
            self.epoch = await _take_lease(connection, self.tables, self.service, self.owner, seconds)
        self._lease_until = now + seconds
        return self.epoch is not None

    async def _release(self) -> None:
        """Let the next process begin at once."""
        if self.epoch is None:
            return
        self.epoch = None
        with suppress(DBAPIError, OSError, Unavailable):
            async with self.database.write() as connection:
                await _end_lease(connection, self.tables, self.service, self.owner)

    async def _pending(self) -> Sequence[Row[Any]]:
        log_table, outbox = self.tables.log, self.tables.outbox
        async with self.database.read() as connection:
            first = select(outbox.c.seq).order_by(outbox.c.seq).limit(BATCH).subquery()
            rows = await connection.execute(
                select(log_table).where(log_table.c.seq.in_(select(first.c.seq))).order_by(log_table.c.seq)
            )
            return rows.all()

    def _message(self, row: Row[Any]) -> Message:
        envelope = stored_envelope(row)
        headers, value = encode(envelope, self.bus.mode)
        return Message(topic_of(self.service), envelope.partition_key, envelope.id, headers, value)

    async def _mark_sent(self, sent: Sequence[Row[Any]]) -> None:
        """Remove from the outbox and give each event its gapless position, unless the lease has moved on."""
        outbox, published = self.tables.outbox, self.tables.published
        async with self.database.write() as connection:
            if not await _still_holds(connection, self.tables, self.service, self.owner, self.epoch):
                self.epoch = None
                return
            gone = await connection.execute(
                delete(outbox).where(outbox.c.seq.in_([row.seq for row in sent])).returning(outbox.c.event_id)
            )
            unsent = {event_id for (event_id,) in gone}
            last = (await connection.execute(select(func.coalesce(func.max(published.c.position), 0)))).scalar_one()
            ids: list[UUID] = [row.event_id for row in sent if row.event_id in unsent]
            if ids:
                positions = [{"position": last + n, "event_id": event_id} for n, event_id in enumerate(ids, start=1)]
                await connection.execute(insert(published), positions)
        RELAY_SENT.labels(self.service).inc(len(ids))


async def measure(database: Database, tables: EventLogTables, service: str) -> int:
    """How many events wait to be sent; also sets the metrics that an operator watches."""
    outbox = tables.outbox
    async with database.read() as connection:
        pending = (await connection.execute(select(func.count()).select_from(outbox))).scalar_one()
        oldest = (await connection.execute(select(outbox.c.event_id).order_by(outbox.c.seq).limit(1))).scalar()
    RELAY_PENDING.labels(service).set(pending)
    # By the id, since the event's own time is business time, which in the demo is another year.
    RELAY_AGE.labels(service).set((system_now() - made_at(oldest)).total_seconds() if oldest else 0)
    return int(pending)


def _unbroken_prefix(rows: Sequence[Row[Any]], acknowledged: Sequence[bool]) -> list[Row[Any]]:
    """Per key, the rows before the first that the bus did not take: only they may be marked."""
    broken: set[str] = set()
    sent = []
    for row, taken in zip(rows, acknowledged, strict=True):
        if not taken:
            broken.add(row.partition_key)
        elif row.partition_key not in broken:
            sent.append(row)
    return sent


async def _take_lease(
    connection: AsyncConnection, tables: EventLogTables, name: str, owner: str, seconds: float
) -> int | None:
    """Take over a lapsed lease or renew one's own. Returns its epoch, or None while another holds it."""
    lease = tables.lease
    now = await _database_now(connection)
    until = now + timedelta(seconds=seconds)
    renewed = await connection.execute(
        update(lease).where(lease.c.name == name, lease.c.owner == owner).values(until=until).returning(lease.c.epoch)
    )
    epoch: int | None = renewed.scalar_one_or_none()
    if epoch is None:
        taken = await connection.execute(
            update(lease)
            .where(lease.c.name == name, lease.c.until < now)
            .values(owner=owner, epoch=lease.c.epoch + 1, until=until)
            .returning(lease.c.epoch)
        )
        epoch = taken.scalar_one_or_none()
    if epoch is None:
        epoch = await _first_lease(connection, tables, name, owner, until)
    return epoch


async def _first_lease(
    connection: AsyncConnection, tables: EventLogTables, name: str, owner: str, until: datetime
) -> int | None:
    lease = tables.lease
    exists = (await connection.execute(select(literal(1)).where(lease.c.name == name))).scalar()
    if exists:
        return None
    try:
        async with connection.begin_nested():
            await connection.execute(insert(lease).values(name=name, owner=owner, epoch=1, until=until))
    except IntegrityError:  # another relay was a moment earlier
        return None
    return 1


async def _end_lease(connection: AsyncConnection, tables: EventLogTables, name: str, owner: str | None = None) -> None:
    """Let a lease lapse, of this owner or of anybody."""
    lease = tables.lease
    whose = [lease.c.name == name] if owner is None else [lease.c.name == name, lease.c.owner == owner]
    await connection.execute(update(lease).where(*whose).values(until=LONG_AGO))


async def _still_holds(
    connection: AsyncConnection, tables: EventLogTables, name: str, owner: str, epoch: int | None
) -> bool:
    lease = tables.lease
    mine = select(lease.c.epoch).where(lease.c.name == name, lease.c.owner == owner, lease.c.epoch == epoch)
    return (await connection.execute(mine.with_for_update())).scalar() is not None


async def _database_now(connection: AsyncConnection) -> datetime:
    """The database's clock: hosts may disagree about the time, leases may not."""
    if connection.dialect.name == "sqlite":
        return system_now()  # one host, one clock
    now: datetime = (await connection.execute(select(func.clock_timestamp()))).scalar_one()
    return now
