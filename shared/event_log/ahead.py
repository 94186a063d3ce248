"""A restored database may be behind its bus. Then events exist that this log never wrote: refuse to go on."""

import time
from uuid import UUID

from sqlalchemy import select

from shared.bus.base import Bus, Record, TopicPartition
from shared.db import Database
from shared.errors import AppError, Text, Unavailable
from shared.event_log.tables import EventLogTables
from shared.events.cloudevents import NotACloudEvent, decode
from shared.events.topics import topic_of
from shared.ids import new_id

FETCH_SECONDS = 0.25
READ_SECONDS = 30.0
"""Joining a group takes a few seconds on Kafka, longer while the broker starts."""


class BusIsAhead(AppError):
    code, status = "bus-ahead-of-log", 503
    title = Text("总线领先于数据库", "The bus is ahead of the database")
    detail = Text(
        "主题 {topic} 上有本数据库没有的事件 {event}（多半是恢复了旧备份）。请按运维手册开启新的主题代并重新发布。",
        "Topic {topic} holds event {event}, which this database never wrote (an older backup was restored?). "
        "Start a new topic generation and republish, see the operator guide.",
    )


async def refuse_if_bus_is_ahead(service: str, database: Database, tables: EventLogTables, bus: Bus) -> None:
    """Raise BusIsAhead where the newest record of a partition of our topic is not in our log.

    Raises Unavailable or BusUnavailable where that cannot be found out now.
    """
    for record in await _newest_records(service, bus):
        event_id = _event_id(record)
        if event_id and not await _wrote(database, tables, event_id):
            raise BusIsAhead(topic=record.topic, event=event_id)


async def _newest_records(service: str, bus: Bus) -> list[Record]:
    topic = topic_of(service)
    ends = {partition: end for partition, end in (await bus.end_offsets([topic])).items() if end > 0}
    starts = await bus.begin_offsets([topic]) if ends else {}
    filled = {partition: end for partition, end in ends.items() if end > starts.get(partition, 0)}
    return await _read_last(service, bus, filled) if filled else []


async def _read_last(service: str, bus: Bus, ends: dict[TopicPartition, int]) -> list[Record]:
    """One record from each partition, read as the only member of a group: two processes that start must not share it."""
    subscription = await bus.subscribe(f"{service}.start-check.{new_id()}", [topic_of(service)])
    newest: dict[TopicPartition, Record] = {}
    deadline = time.monotonic() + READ_SECONDS
    epoch = -1
    try:
        while newest.keys() < ends.keys():
            if time.monotonic() > deadline:
                raise Unavailable
            if subscription.epoch != epoch:
                epoch = subscription.epoch
                for partition in subscription.assignment() & ends.keys() - newest.keys():
                    await subscription.seek(partition, ends[partition] - 1)
            for partition, records in (await subscription.fetch(len(ends), FETCH_SECONDS)).items():
                newest[partition] = records[-1]
    finally:
        await subscription.close()
    return list(newest.values())


def _event_id(record: Record) -> UUID | None:
    try:
        return decode(record.headers, record.value).id
    except NotACloudEvent:
        return None


async def _wrote(database: Database, tables: EventLogTables, event_id: UUID) -> bool:
    async with database.read() as connection:
        found = await connection.execute(select(tables.log.c.seq).where(tables.log.c.event_id == event_id))
        return found.first() is not None
