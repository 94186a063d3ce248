"""Rebuilding a projection: the same handlers over the same events into a new generation beside the live one.

The new generation has offsets and versions of its own. It takes the live one's place only when both have read exactly the
same and nothing of either is parked; from then on the live consumer, which stands at the same place, writes to it.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import orjson
from sqlalchemy import Table, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.reporting.errors import RebuildCannotSwap, RebuildOvertaken
from shared.bus.base import TopicPartition
from shared.consumer.parked import list_parked, skip_parked
from shared.consumer.projection import Projection, live_generation
from shared.consumer.runner import Runner
from shared.consumer.tables import ConsumerTables
from shared.db.bulk import upsert_rows
from shared.errors import Text
from shared.events import Event, Recorded
from shared.faultpoints import faultpoint
from shared.runtime import Service

LOOK_SECONDS = 0.1
PATIENCE_SECONDS = 30.0
"""Without any progress: longer than a broker's restart takes, shorter than a caller waits."""
HASHED_AT_ONCE = 1000
NOT_LEVEL = Text("它与现用的一代没有读到同一处", "it and the live one have not read up to the same place")
PARKED = Text("有搁置的事件", "events are parked")

Offsets = Mapping[TopicPartition, int]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    generation: int
    events: int
    rows: int
    hash: str
    replaced_hash: str


class Twin:
    """The projection into its next generation. What was skipped on record is left out here too."""

    def __init__(
        self, live: Projection, tables: ConsumerTables, generation: int, skips: Mapping[str, Mapping[str, Any]]
    ) -> None:
        self.live = live
        self.tables = tables
        self.generation = generation
        self.skips = skips
        """Recorded skips of the live consumer, by event id."""
        self.name = f"{live.name}@{generation}"
        self.topics = live.topics
        self._projection = live.for_generation(generation)

    def event_types(self) -> frozenset[str]:
        return self._projection.event_types()

    async def apply(self, connection: AsyncConnection, events: Sequence[Recorded[Event]]) -> None:
        """Nothing once the generation is in place: the live consumer writes it then."""
        if await live_generation(connection, self.tables, self.live.name) >= self.generation:
            return
        await self._projection.apply(connection, [event for event in events if str(event.id) not in self.skips])


async def rebuild(service: Service, live: Projection) -> Rebuilt:
    """Read everything into a new generation and put it in place. Readers see the old one until then.

    A second call after a crash goes on where the first stood. Raises RebuildCannotSwap or RebuildOvertaken.
    """
    twin = await _twin_of(service, live)
    reading = asyncio.create_task(Runner(twin, service.database, service.consuming, service.bus).run())
    try:
        rebuilt = await _swap_when_level(service, twin, reading)
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
    await _drop_generations(service, live, before=rebuilt.generation - 1)
    return rebuilt


async def hash_rows(connection: AsyncConnection, projection: Projection, generation: int) -> tuple[int, str]:
    """How many rows a generation has, and a digest of all of them that does not depend on the generation's number."""
    digest, count = sha256(), 0
    for projected in projection.tables:
        digest.update(projected.table.name.encode())
        async with connection.stream(_in_order(projected.table, generation)) as rows:
            async for row in rows:
                digest.update(orjson.dumps(tuple(row), option=orjson.OPT_SORT_KEYS))
                count += 1
    return count, digest.hexdigest()


async def _twin_of(service: Service, live: Projection) -> Twin:
    skipped = service.consuming.skipped
    async with service.database.read() as connection:
        generation = await live_generation(connection, service.consuming, live.name) + 1
        rows = await connection.execute(select(skipped).where(skipped.c.consumer == live.name))
        return Twin(live, service.consuming, generation, {row.event_id: dict(row._mapping) for row in rows})


async def _swap_when_level(service: Service, twin: Twin, reading: "asyncio.Task[None]") -> Rebuilt:
    seen, since = -1, time.monotonic()
    while True:
        if reading.done():
            reading.result()  # raises what ended it
        async with service.database.write() as connection:
            await _skip_what_was_skipped(connection, twin)
            level = await _level(connection, twin)
            if level.reason is None:
                return await _swap(connection, twin, level.events)
        if level.events > seen:
            seen, since = level.events, time.monotonic()
        elif time.monotonic() - since > PATIENCE_SECONDS:
            raise RebuildCannotSwap(read=seen, reason=level.reason.zh, reason_en=level.reason.en)
        await asyncio.sleep(LOOK_SECONDS)


@dataclass(frozen=True, slots=True)
class Level:
    """How far the twin has come; `reason` says why it cannot take the live one's place yet."""

    events: int
    reason: Text | None


async def _level(connection: AsyncConnection, twin: Twin) -> Level:
    """Compared with both consumers' offsets locked, so that neither moves before the swap commits."""
    tables = twin.tables
    live = await _locked_offsets(connection, tables, twin.live.name)
    next_ = await _locked_offsets(connection, tables, twin.name)
    if await live_generation(connection, tables, twin.live.name) >= twin.generation:
        raise RebuildOvertaken(name=twin.live.name)
    events = sum(next_.values())
    if not next_ or any(live.get(place, 0) != next_.get(place, 0) for place in live.keys() | next_.keys()):
        return Level(events, NOT_LEVEL)
    parked = tables.parked
    waiting = select(parked.c.subject).where(parked.c.consumer.in_([twin.live.name, twin.name])).limit(1)
    return Level(events, PARKED if (await connection.execute(waiting)).first() else None)


async def _locked_offsets(connection: AsyncConnection, tables: ConsumerTables, consumer: str) -> Offsets:
    table = tables.offset
    rows = await connection.execute(
        select(table).where(table.c.consumer == consumer).order_by(table.c.topic, table.c.partition).with_for_update()
    )
    return {TopicPartition(row.topic, row.partition): row.next_offset for row in rows}


async def _swap(connection: AsyncConnection, twin: Twin, events: int) -> Rebuilt:
    """Point readers and the live consumer to the new generation. Consuming waits while both are hashed; reading does not."""
    _, replaced_hash = await hash_rows(connection, twin.live, twin.generation - 1)
    rows, new_hash = await hash_rows(connection, twin.live, twin.generation)
    pointer = {"consumer": twin.live.name, "generation": twin.generation}
    await upsert_rows(connection, twin.tables.generation, [pointer])
    for table in (twin.tables.offset, twin.tables.key_state):
        await connection.execute(delete(table).where(table.c.consumer == twin.name))
    faultpoint("rebuild.before_swap")
    return Rebuilt(twin.generation, events, rows, new_hash, replaced_hash)


async def _skip_what_was_skipped(connection: AsyncConnection, twin: Twin) -> None:
    """What cannot even be read is parked by the twin as it was by the live one, and skipped with the same reason."""
    for row in await list_parked(connection, twin.tables, twin.name) if twin.skips else ():
        skip = twin.skips.get(row["event_id"])
        if skip and skip["subject"] == row["subject"]:
            await skip_parked(connection, twin.tables, twin, row["subject"], row["version"], skip["reason"], skip["by"])
            return  # what waited behind it has moved; the next look takes the next one


async def _drop_generations(service: Service, live: Projection, before: int) -> None:
    """The replaced generation is kept, so that a wrong rebuild can be looked into; those before it go."""
    async with service.database.write() as connection:
        for projected in live.tables:
            await connection.execute(delete(projected.table).where(projected.table.c.generation < before))


def _in_order(table: Table, generation: int) -> Any:
    columns = [column for column in table.c if column.name != "generation"]
    return (
        select(*columns)
        .where(table.c.generation == generation)
        .order_by(table.c.subject, table.c.part, table.c.version)
        .execution_options(yield_per=HASHED_AT_ONCE)
    )
