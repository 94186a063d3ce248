"""What waits of one aggregate, and applying it in order once nothing stands in its way."""

from collections.abc import Sequence
from typing import Any

import structlog
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.bus.base import Record
from shared.clock import system_now
from shared.consumer.applying import Consumer, try_to_apply
from shared.consumer.standing import told
from shared.consumer.tables import ConsumerTables
from shared.consumer.triage import Held, Incoming, KeyStates, Reason, read_record
from shared.telemetry.metrics import FORKS

Row = dict[str, Any]
log = structlog.get_logger()


async def parked_of(connection: AsyncConnection, tables: ConsumerTables, consumer: str, subject: str) -> Sequence[Row]:
    """An aggregate's parked events in the order in which they would be applied."""
    table = tables.parked
    query = select(table).where(table.c.consumer == consumer, table.c.subject == subject).order_by(table.c.version)
    return [dict(row._mapping) for row in await connection.execute(query)]


async def apply_waiting(
    connection: AsyncConnection, tables: ConsumerTables, consumer: Consumer, states: KeyStates, subject: str
) -> int:
    """Apply what follows without a gap. Frees the aggregate when nothing is left; returns 1 where one failed, else 0."""
    state = states.of(subject)
    state.changed = True
    for row in await parked_of(connection, tables, consumer.name, subject):
        incoming = as_incoming(row, consumer)
        if states.forks(incoming):
            states.hold(subject)
            await _note_fork(connection, tables, row)
            return 1
        if incoming.version <= state.last_version:
            await remove(connection, tables, row)
        elif incoming.version > state.last_version + 1:
            state.held = Held.GAP
            return 0
        elif error := incoming.error or await try_to_apply(connection, consumer, incoming):
            states.hold(subject)
            await note_failure(connection, tables, row, error)
            return 1
        else:
            states.applied(incoming)
            await remove(connection, tables, row)
    state.held = Held.NOT
    return 0


def as_incoming(row: Row, consumer: Consumer) -> Incoming:
    """A parked record as this build reads it."""
    headers = tuple((name, value.encode("latin-1")) for name, value in row["headers"])
    record = Record(row["topic"], row["partition"], row["offset"], None, headers, row["value"])
    return read_record(record, consumer.event_types())


def alarm_fork(consumer: str, subject: str, version: int) -> None:
    FORKS.labels(consumer).inc()
    log.critical("fork: two events claim one version", consumer=consumer, subject=subject, version=version)


async def remove(connection: AsyncConnection, tables: ConsumerTables, row: Row) -> None:
    await connection.execute(delete(tables.parked).where(*_this(tables, row)))


async def note_failure(connection: AsyncConnection, tables: ConsumerTables, row: Row, error: str) -> None:
    """It failed again; what is parked for another reason than a failure keeps that reason."""
    failed = row["reason"] in (Reason.WAITING, Reason.FAILED)
    reason = Reason.FAILED.value if failed else row["reason"]
    changed = {"attempts": row["attempts"] + 1, "last_at": system_now(), "reason": reason, **told(error)}
    await connection.execute(update(tables.parked).where(*_this(tables, row)).values(changed))


async def _note_fork(connection: AsyncConnection, tables: ConsumerTables, row: Row) -> None:
    alarm_fork(row["consumer"], row["subject"], row["version"])
    await connection.execute(
        update(tables.parked).where(*_this(tables, row)).values(reason=Reason.FORK.value, last_at=system_now())
    )


def _this(tables: ConsumerTables, row: Row) -> list[Any]:
    table = tables.parked
    return [table.c[name] == row[name] for name in ("consumer", "subject", "version", "event_id")]
