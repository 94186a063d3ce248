"""Parked events: listed, explained, retried in order, or skipped with a reason."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.bus.base import Record
from shared.clock import system_now
from shared.consumer.applying import Consumer, try_to_apply
from shared.consumer.standing import load_key_states, store_key_states
from shared.consumer.tables import ConsumerTables
from shared.consumer.triage import Held, Incoming, KeyStates, Reason, read_record
from shared.errors import AppError, NotFound, Text

Row = dict[str, Any]


class NotNextInLine(AppError):
    code, status = "not-next-in-line", 409
    title = Text("不能跳过", "Cannot be skipped")
    detail = Text(
        "只能跳过该对象最前面的一条搁置事件（版本 {next}）。",
        "Only the first parked event of an aggregate can be skipped (version {next}).",
    )


async def list_parked(connection: AsyncConnection, tables: ConsumerTables, consumer: str | None = None) -> list[Row]:
    """Parked events in the order in which they would be applied."""
    table = tables.parked
    query = select(table).order_by(table.c.consumer, table.c.subject, table.c.version).limit(1000)
    if consumer:
        query = query.where(table.c.consumer == consumer)
    return [dict(row._mapping) for row in await connection.execute(query)]


async def retry_parked(connection: AsyncConnection, tables: ConsumerTables, consumer: Consumer, subject: str) -> int:
    """Apply an aggregate's parked events in order until one fails again. Returns how many are left.

    New events of the aggregate queue behind: the runner waits for the row that this locks.
    """
    await _lock(connection, tables, consumer.name, subject)
    states = await load_key_states(connection, tables, consumer.name, [subject])
    states.of(subject).held = Held.GAP
    await apply_waiting(connection, tables, consumer, states, subject)
    await store_key_states(connection, tables, consumer.name, states)
    return len(await _waiting(connection, tables, consumer.name, subject))


async def skip_parked(
    connection: AsyncConnection,
    tables: ConsumerTables,
    consumer: Consumer,
    subject: str,
    version: int,
    reason: str,
    by: str,
) -> int:
    """Leave out the first parked event of an aggregate, on record, and go on with the next. Returns how many are left."""
    await _lock(connection, tables, consumer.name, subject)
    rows = await _waiting(connection, tables, consumer.name, subject)
    if not rows:
        raise NotFound
    if rows[0]["version"] != version:
        raise NotNextInLine(next=rows[0]["version"])
    states = await load_key_states(connection, tables, consumer.name, [subject])
    await _record_skip(connection, tables, rows[0], reason, by)
    incoming = _incoming(rows[0], consumer)
    if incoming.reason is not Reason.UNDECODABLE and version > states.of(subject).last_version:
        states.applied(incoming)
    await store_key_states(connection, tables, consumer.name, states)
    return await retry_parked(connection, tables, consumer, subject)


async def apply_waiting(
    connection: AsyncConnection, tables: ConsumerTables, consumer: Consumer, states: KeyStates, subject: str
) -> int:
    """Apply what follows without a gap. Frees the aggregate when nothing is left; returns 1 where one failed, else 0."""
    state = states.of(subject)
    rows = await _waiting(connection, tables, consumer.name, subject)
    for row in rows:
        incoming = _incoming(row, consumer)
        if row["version"] <= state.last_version and row["reason"] != Reason.FORK:
            await _remove(connection, tables, row)
        elif row["version"] != state.last_version + 1:
            state.held, state.changed = (Held.FAILED if row["reason"] == Reason.FORK else Held.GAP), True
            return 0
        elif error := incoming.error or await try_to_apply(connection, consumer, incoming):
            states.hold(subject)
            await _note_failure(connection, tables, row, error)
            return 1
        else:
            states.applied(incoming)
            await _remove(connection, tables, row)
    state.held, state.changed = Held.NOT, True
    return 0


async def _waiting(connection: AsyncConnection, tables: ConsumerTables, consumer: str, subject: str) -> Sequence[Row]:
    table = tables.parked
    query = select(table).where(table.c.consumer == consumer, table.c.subject == subject).order_by(table.c.version)
    return [dict(row._mapping) for row in await connection.execute(query)]


async def _lock(connection: AsyncConnection, tables: ConsumerTables, consumer: str, subject: str) -> None:
    table = tables.key_state
    await connection.execute(
        select(table.c.subject).where(table.c.consumer == consumer, table.c.subject == subject).with_for_update()
    )


def _incoming(row: Row, consumer: Consumer) -> Incoming:
    headers = tuple((name, value.encode("latin-1")) for name, value in row["headers"])
    record = Record(row["topic"], row["partition"], row["offset"], None, headers, row["value"])
    return read_record(record, consumer.event_types())


def _this(tables: ConsumerTables, row: Row) -> list[Any]:
    table = tables.parked
    return [table.c[name] == row[name] for name in ("consumer", "subject", "version", "event_id")]


async def _remove(connection: AsyncConnection, tables: ConsumerTables, row: Row) -> None:
    await connection.execute(delete(tables.parked).where(*_this(tables, row)))


async def _note_failure(connection: AsyncConnection, tables: ConsumerTables, row: Row, error: str) -> None:
    table = tables.parked
    changed = {
        "attempts": row["attempts"] + 1,
        "error": error[:2000],
        "fingerprint": error.split("\n", 1)[0][:200],
        "last_at": system_now(),
    }
    reason = row["reason"] if row["reason"] == Reason.NEEDS_UPGRADE else Reason.FAILED.value
    await connection.execute(update(table).where(*_this(tables, row)).values(**changed, reason=reason))


async def _record_skip(connection: AsyncConnection, tables: ConsumerTables, row: Row, reason: str, by: str) -> None:
    kept = {name: row[name] for name in ("consumer", "subject", "version", "event_id")}
    await connection.execute(insert(tables.skipped).values(**kept, reason=reason, by=by, at=system_now()))
    await _remove(connection, tables, row)
