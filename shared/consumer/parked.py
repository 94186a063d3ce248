"""Parked events: listed, explained, retried in order, or skipped with a reason."""

from sqlalchemy import insert, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.clock import system_now
from shared.consumer.applying import Consumer
from shared.consumer.single import apply_single
from shared.consumer.standing import load_key_states, store_key_states
from shared.consumer.tables import ConsumerTables
from shared.consumer.triage import KeyStates, Reason
from shared.consumer.waiting import Row, apply_waiting, as_incoming, note_failure, parked_of, remove
from shared.errors import AppError, NotFound, Text
from shared.paging import Page, Paging, number

ORDER = ("consumer", "subject", "version", "event_id")
CONTENT = ("headers", "value")


class NotNextInLine(AppError):
    code, status = "not-next-in-line", 409
    title = Text("不能跳过", "Cannot be skipped")
    detail = Text(
        "只能跳过该对象最前面的一条搁置事件（版本 {next}）。",
        "Only the first parked event of an aggregate can be skipped (version {next}).",
    )


class NothingParked(NotFound):
    code = "nothing-parked"
    detail = Text(
        "消费者 {consumer} 没有搁置 {subject} 的事件，请在搁置列表中核对名称。",
        "Consumer {consumer} has parked no event of {subject}; compare the names with the list of what is parked.",
    )


async def list_parked(
    connection: AsyncConnection,
    tables: ConsumerTables,
    paging: Paging,
    *,
    consumer: str | None = None,
    subject: str | None = None,
) -> Page[Row]:
    """Parked events in the order in which they would be applied, without what they say."""
    table = tables.parked
    key = [table.c[name] for name in ORDER]
    shown = [column for column in table.c if column.name not in CONTENT]
    query = select(*shown).order_by(*key).limit(paging.fetch)
    if consumer is not None:
        query = query.where(table.c.consumer == consumer)
    if subject is not None:
        query = query.where(table.c.subject == subject)
    if after := paging.key(str, str, number, str):
        query = query.where(tuple_(*key) > tuple_(*map(literal, after)))
    rows = (await connection.execute(query)).mappings().all()
    return paging.page(rows, dict, lambda row: [row[name] for name in ORDER])


async def retry_parked(connection: AsyncConnection, tables: ConsumerTables, consumer: Consumer, subject: str) -> int:
    """Apply an aggregate's parked events in order until one fails again. Returns how many are left.

    New events of the aggregate queue behind: its state is locked, and the runner waits for it. Raises NothingParked
    where the consumer knows no such aggregate.
    """
    states = await load_key_states(connection, tables, consumer.name, [subject])
    if not states.states and not await parked_of(connection, tables, consumer.name, subject):
        raise NothingParked(consumer=consumer.name, subject=subject)
    return await _go_on(connection, tables, consumer, states, subject)


async def skip_parked(
    connection: AsyncConnection,
    tables: ConsumerTables,
    consumer: Consumer,
    subject: str,
    version: int,
    reason: str,
    by: str,
) -> int:
    """Leave out the first parked event of an aggregate, on record, and go on with the next. Returns how many are left.

    Raises NothingParked or NotNextInLine.
    """
    states = await load_key_states(connection, tables, consumer.name, [subject])
    rows = await parked_of(connection, tables, consumer.name, subject)
    if not rows:
        raise NothingParked(consumer=consumer.name, subject=subject)
    if rows[0]["version"] != version:
        raise NotNextInLine(next=rows[0]["version"])
    await _record_skip(connection, tables, rows[0], reason, by)
    incoming = as_incoming(rows[0], consumer)
    if incoming.reason is not Reason.UNDECODABLE and version > states.of(subject).last_version:
        states.applied(incoming)
    return await _go_on(connection, tables, consumer, states, subject)


async def readable_now(connection: AsyncConnection, tables: ConsumerTables, consumer: Consumer) -> list[str]:
    """Aggregates with an event that an older build could not read and this one can."""
    table = tables.parked
    query = select(table).where(table.c.consumer == consumer.name, table.c.reason == Reason.NEEDS_UPGRADE.value)
    rows = [dict(row._mapping) for row in await connection.execute(query)]
    return sorted({row["subject"] for row in rows if as_incoming(row, consumer).reason is None})


async def _go_on(
    connection: AsyncConnection, tables: ConsumerTables, consumer: Consumer, states: KeyStates, subject: str
) -> int:
    if subject.startswith(f"{Reason.UNDECODABLE}/"):
        await _retry_undecodable(connection, tables, consumer, subject)
    else:
        await apply_waiting(connection, tables, consumer, states, subject)
        await store_key_states(connection, tables, consumer.name, states)
    return len(await parked_of(connection, tables, consumer.name, subject))


async def _retry_undecodable(
    connection: AsyncConnection, tables: ConsumerTables, consumer: Consumer, subject: str
) -> None:
    """What this build can read after all is taken as if it had just arrived."""
    for row in await parked_of(connection, tables, consumer.name, subject):
        incoming = as_incoming(row, consumer)
        if incoming.reason is Reason.UNDECODABLE:
            await note_failure(connection, tables, row, incoming.error)
            continue
        states = await load_key_states(connection, tables, consumer.name, [incoming.subject])
        await remove(connection, tables, row)
        await apply_single(connection, tables, consumer, states, incoming)
        await store_key_states(connection, tables, consumer.name, states)


async def _record_skip(connection: AsyncConnection, tables: ConsumerTables, row: Row, reason: str, by: str) -> None:
    kept = {name: row[name] for name in ("consumer", "subject", "version", "event_id")}
    await connection.execute(insert(tables.skipped).values(**kept, reason=reason, by=by, at=system_now()))
    await remove(connection, tables, row)
