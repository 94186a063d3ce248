"""Reading and writing where a consumer stands."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.bus.base import TopicPartition
from shared.clock import system_now
from shared.consumer.tables import ConsumerTables
from shared.consumer.triage import Held, Incoming, KeyState, KeyStates, Reason
from shared.db.bulk import compare_and_set_rows, insert_missing, rows_in, upsert_rows


async def load_offsets(
    connection: AsyncConnection, tables: ConsumerTables, consumer: str, partitions: Iterable[TopicPartition]
) -> dict[TopicPartition, int]:
    """The next offset to read of each partition; a partition never read starts at its first record."""
    table = tables.offset
    # in one order, so that two who begin at once cannot block each other
    wanted = sorted(set(partitions), key=lambda place: (place.topic, place.partition))
    missing = [{"consumer": consumer, "topic": tp.topic, "partition": tp.partition, "next_offset": 0} for tp in wanted]
    await insert_missing(connection, table, missing)
    rows = await connection.execute(select(table).where(table.c.consumer == consumer))
    stored = {TopicPartition(row.topic, row.partition): row.next_offset for row in rows}
    return {tp: stored[tp] for tp in wanted}


async def read_offsets(connection: AsyncConnection, tables: ConsumerTables, consumer: str) -> dict[TopicPartition, int]:
    rows = await connection.execute(select(tables.offset).where(tables.offset.c.consumer == consumer))
    return {TopicPartition(row.topic, row.partition): row.next_offset for row in rows}


async def advance_offsets(
    connection: AsyncConnection, tables: ConsumerTables, consumer: str, moves: Mapping[TopicPartition, tuple[int, int]]
) -> bool:
    """Compare and set, from the first to the second of each pair.

    False: another runner has moved on, and whatever this one fetched must be discarded with its transaction.
    """
    rows = [
        {"consumer": consumer, "topic": place.topic, "partition": place.partition, "was": was, "becomes": becomes}
        for place, (was, becomes) in moves.items()
    ]
    return await compare_and_set_rows(connection, tables.offset, "next_offset", rows) == len(rows)


async def load_key_states(
    connection: AsyncConnection, tables: ConsumerTables, consumer: str, subjects: Iterable[str]
) -> KeyStates:
    """Locked, so that a retry of parked events and the runner do not overtake each other."""
    table = tables.key_state
    rows = await rows_in(connection, table, "subject", subjects, table.c.consumer == consumer, lock=True)
    return KeyStates(
        {row["subject"]: KeyState(row["last_version"], row["last_event_id"], Held(row["held"])) for row in rows}
    )


async def store_key_states(
    connection: AsyncConnection, tables: ConsumerTables, consumer: str, states: KeyStates
) -> None:
    changed = [
        {
            "consumer": consumer,
            "subject": subject,
            "last_version": state.last_version,
            "last_event_id": state.last_event_id,
            "held": state.held.value,
        }
        for subject, state in states.states.items()
        if state.changed
    ]
    await upsert_rows(connection, tables.key_state, changed)


async def park(
    connection: AsyncConnection, tables: ConsumerTables, consumer: str, incoming: Incoming, reason: Reason, error: str
) -> None:
    """Keep a record that cannot be applied now, byte for byte; it is never dropped."""
    await insert_missing(connection, tables.parked, [parked_row(consumer, incoming, reason, error)])


def parked_row(consumer: str, incoming: Incoming, reason: Reason, error: str) -> Mapping[str, Any]:
    record, now = incoming.record, system_now()
    return {
        "consumer": consumer,
        "subject": incoming.subject,
        "version": incoming.version,
        "event_id": incoming.event_id,
        "type": incoming.type,
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "headers": [[name, (value or b"").decode("latin-1")] for name, value in record.headers],
        "value": record.value or b"",
        "reason": reason.value,
        **told(error),
        "attempts": 0 if reason is Reason.WAITING else 1,
        "first_at": now,
        "last_at": now,
    }


def told(error: str) -> dict[str, str]:
    """An error as it is kept beside the event; PostgreSQL holds no zero characters."""
    text = error.replace("\x00", "\\0")
    return {"error": text[:2000], "fingerprint": text.split("\n", 1)[0][:200]}


async def count_parked(connection: AsyncConnection, tables: ConsumerTables) -> dict[tuple[str, str], int]:
    """How many events wait, by consumer and reason."""
    table = tables.parked
    rows = await connection.execute(
        select(table.c.consumer, table.c.reason, func.count()).group_by(table.c.consumer, table.c.reason)
    )
    return {(consumer, reason): count for consumer, reason, count in rows}
