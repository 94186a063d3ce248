"""Rebuilding a projection: the same handlers over the same events into a new generation beside the live one.

The new generation has offsets and versions of its own. It takes the live one's place only when both have read exactly the
same and nothing of either is parked; from then on the live consumer, which stands at the same place, writes to it.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, TypeVar

import orjson
import structlog
from sqlalchemy import Table, delete, literal, select, true, tuple_
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.reporting.errors import RebuildCannotSwap, RebuildOvertaken
from shared.consumer.applying import is_transient
from shared.consumer.parked import NotNextInLine, skip_parked
from shared.consumer.projection import Projection, live_generation
from shared.consumer.runner import Runner
from shared.consumer.tables import ConsumerTables
from shared.consumer.triage import Reason
from shared.db.bulk import rows_in, upsert_rows
from shared.errors import Text, Unavailable
from shared.events import Event, Recorded
from shared.faultpoints import faultpoint
from shared.runtime import Service

LOOK_SECONDS = 0.1
PATIENCE_SECONDS = 30.0
"""Without any progress: longer than a broker's restart takes."""
HASHED_AT_ONCE = 250
"""Some 4 ms in which nothing else runs in this process."""
DROPPED_AT_ONCE = 1000
"""SQLite's writer runs in the event loop: some 6 ms in which it answers nobody."""
NEWEST = 2**31 - 1
NOT_LEVEL = Text("它与现用的一代没有读到同一处", "it and the live one have not read up to the same place")
DATABASE_AWAY = Text("数据库暂时不可用", "the database is not available for now")
PARKED = Text("现用的一代有搁置的事件，请先重试或跳过", "events are parked, retry or skip them first")
FAILED = Text(
    "新一代有处理失败的事件，请先修复处理程序，再次请求会从头开始",
    "events are parked in the new generation alone, mend the handler first; the next request begins anew",
)
T = TypeVar("T")
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Rebuilt:
    generation: int
    events: int
    rows: int
    hash: str
    replaced_hash: str


@dataclass(slots=True)
class Progress:
    """How many events the new generation has read, and how many the live one; shown to whoever waits."""

    events: int = 0
    total: int = 0


RecordSwap = Callable[[AsyncConnection, Rebuilt], Awaitable[None]]
"""Called in the transaction that puts a generation in place, and undoes that by raising."""


async def _no_record(_connection: AsyncConnection, _rebuilt: Rebuilt) -> None:
    pass


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


async def rebuild(
    service: Service, live: Projection, progress: Progress | None = None, record: RecordSwap = _no_record
) -> Rebuilt:
    """Read everything into a new generation and put it in place. Readers see the old one until then.

    A second call after a crash goes on where the first stood; after a handler failed it begins anew. Raises
    RebuildCannotSwap, RebuildOvertaken or what the database says where it stays away.
    """
    twin = await _twin_of(service, live)
    await _begin_anew_after_a_failure(service, twin)
    reading = asyncio.create_task(Runner(twin, service.database, service.consuming, service.bus).run())
    looking = _Looking(reading, progress or Progress())
    try:
        compared = await looking.until(lambda: _compare_when_level(service, twin))
        rebuilt = await looking.until(lambda: _swap_when_level(service, twin, compared, record))
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
    await _drop_generations(service, live, 0, rebuilt.generation - 2)  # the replaced one can still be looked into
    return rebuilt


async def hash_rows(connection: AsyncConnection, projection: Projection, generation: int) -> tuple[int, str]:
    """How many rows a generation has, and a digest of all of them that does not depend on the generation's number."""
    digest, count = sha256(), 0
    for projected in projection.tables:
        digest.update(projected.table.name.encode())
        async with connection.stream(_in_order(projected.table, generation)) as rows:
            async for some in rows.partitions():
                await asyncio.to_thread(_hash_into, digest, some)
                count += len(some)
    return count, digest.hexdigest()


def _hash_into(digest: Any, rows: Sequence[Any]) -> None:
    for row in rows:
        digest.update(orjson.dumps(tuple(row), option=orjson.OPT_SORT_KEYS))


async def _twin_of(service: Service, live: Projection) -> Twin:
    skipped = service.consuming.skipped
    async with service.database.read() as connection:
        generation = await live_generation(connection, service.consuming, live.name) + 1
        rows = await connection.execute(select(skipped).where(skipped.c.consumer == live.name))
        return Twin(live, service.consuming, generation, {row.event_id: dict(row._mapping) for row in rows})


# --- after a failure ------------------------------------------------------------------------------


async def _begin_anew_after_a_failure(service: Service, twin: Twin) -> None:
    """What a handler has made of the events before those that it failed at may be as wrong.

    Rows go first: cut off in between, the next call still finds the failure.
    """
    if not await _has_failed(service, twin):
        return
    await _drop_generations(service, twin.live, twin.generation, NEWEST)
    async with service.database.write() as connection:
        for table in (twin.tables.offset, twin.tables.key_state, twin.tables.parked, twin.tables.skipped):
            await connection.execute(delete(table).where(table.c.consumer == twin.name))


async def _has_failed(service: Service, twin: Twin) -> bool:
    """Apart from what merely waits, and from what was skipped on record since."""
    parked = twin.tables.parked
    async with service.database.read() as connection:
        failed = await connection.execute(
            select(parked.c.event_id).where(parked.c.consumer == twin.name, parked.c.reason != Reason.WAITING.value)
        )
        return any(event_id not in twin.skips for event_id in failed.scalars())


# --- looking --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Level:
    """How far both have come; `reason` says why the twin cannot take the live one's place yet."""

    events: int
    total: int
    reason: Text | None


@dataclass(slots=True)
class _Looking:
    """Looks again and again while the twin reads, as long as it comes forward."""

    reading: "asyncio.Task[None]"
    progress: Progress
    since: float = field(default_factory=time.monotonic)

    async def until(self, look: Callable[[], Awaitable[T | Level]]) -> T:
        """What `look` finds in the end; a Level says why it found nothing yet. Raises RebuildCannotSwap."""
        self.since = time.monotonic()
        while True:
            if self.reading.done():
                self.reading.result()  # raises what ended it
            found = await self._or_database_away(look)
            if not isinstance(found, Level):
                return found
            self._note(found)
            await asyncio.sleep(LOOK_SECONDS)

    async def _or_database_away(self, look: Callable[[], Awaitable[T | Level]]) -> T | Level:
        try:
            return await look()
        except (DBAPIError, OSError, Unavailable) as lost:
            if not is_transient(lost):
                raise
            log.warning("rebuild looks again", error=str(lost))
            return Level(self.progress.events, self.progress.total, DATABASE_AWAY)

    def _note(self, level: Level) -> None:
        if level.events > self.progress.events:
            self.since = time.monotonic()
        elif time.monotonic() - self.since > PATIENCE_SECONDS:
            reason = level.reason or NOT_LEVEL
            raise RebuildCannotSwap(read=level.events, reason=reason.zh, reason_en=reason.en)
        self.progress.events, self.progress.total = level.events, level.total


async def _level(connection: AsyncConnection, twin: Twin, *, lock: bool = False) -> Level:
    """With `lock` neither consumer moves before the transaction ends. Raises RebuildOvertaken."""
    live, next_ = await _offsets(connection, twin, lock=lock)
    if await live_generation(connection, twin.tables, twin.live.name) >= twin.generation:
        raise RebuildOvertaken(name=twin.live.name)
    events, total = sum(next_.values()), sum(live.values())
    if not next_ or any(live.get(place, 0) != next_.get(place, 0) for place in live.keys() | next_.keys()):
        return Level(events, total, NOT_LEVEL)
    parked = twin.tables.parked.c
    waiting = select(parked.consumer).where(parked.consumer.in_([twin.live.name, twin.name])).distinct()
    names = set((await connection.execute(waiting)).scalars())
    if twin.live.name in names:
        return Level(events, total, PARKED)
    return Level(events, total, FAILED if names else None)


Offsets = Mapping[tuple[str, int], int]


async def _offsets(connection: AsyncConnection, twin: Twin, *, lock: bool) -> tuple[Offsets, Offsets]:
    """Of the live consumer and of the twin, locked in the order in which a batch locks its own."""
    table = twin.tables.offset
    query = select(table).where(table.c.consumer.in_([twin.live.name, twin.name])).order_by(*table.primary_key)
    by_name: dict[str, dict[tuple[str, int], int]] = {twin.live.name: {}, twin.name: {}}
    for row in await connection.execute(query.with_for_update() if lock else query):
        by_name[row.consumer][row.topic, row.partition] = row.next_offset
    return by_name[twin.live.name], by_name[twin.name]


async def _skip_what_was_skipped(service: Service, twin: Twin) -> None:
    """What cannot even be read is parked by the twin as it was by the live one, and skipped with the same reason."""
    while twin.skips:
        async with service.database.write() as connection:
            if not await _skip_one(connection, twin):
                return


async def _skip_one(connection: AsyncConnection, twin: Twin) -> bool:
    parked = twin.tables.parked
    for row in await rows_in(connection, parked, "event_id", twin.skips, parked.c.consumer == twin.name):
        subject, skip = row["subject"], twin.skips[row["event_id"]]
        with suppress(NotNextInLine):  # what stands before it was never skipped
            if skip["subject"] == subject:
                await skip_parked(connection, twin.tables, twin, subject, row["version"], skip["reason"], skip["by"])
                return True
    return False


# --- comparing and swapping -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Compared:
    """Both generations as they were at one place."""

    rows: int
    hash: str
    replaced_hash: str


async def _compare_when_level(service: Service, twin: Twin) -> Compared | Level:
    """In one snapshot, where both stand at the same place. Both consumers and everybody else go on meanwhile."""
    await _skip_what_was_skipped(service, twin)
    async with service.database.read() as connection:
        level = await _level(connection, twin)
        if level.reason is not None:
            return level
        _, replaced_hash = await hash_rows(connection, twin.live, twin.generation - 1)
        return Compared(*await hash_rows(connection, twin.live, twin.generation), replaced_hash)


async def _swap_when_level(service: Service, twin: Twin, compared: Compared, record: RecordSwap) -> Rebuilt | Level:
    """What both have read since they were compared went through the same handlers; only offsets are looked at here."""
    await _skip_what_was_skipped(service, twin)
    async with service.database.write() as connection:
        level = await _level(connection, twin, lock=True)
        if level.reason is not None:
            return level
        rebuilt = Rebuilt(twin.generation, level.events, compared.rows, compared.hash, compared.replaced_hash)
        await _put_in_place(connection, twin)
        await record(connection, rebuilt)
        faultpoint("rebuild.before_swap")
    return rebuilt


async def _put_in_place(connection: AsyncConnection, twin: Twin) -> None:
    """Point readers and the live consumer to the new generation."""
    pointer = {"consumer": twin.live.name, "generation": twin.generation}
    await upsert_rows(connection, twin.tables.generation, [pointer])
    for table in (twin.tables.offset, twin.tables.key_state):
        await connection.execute(delete(table).where(table.c.consumer == twin.name))


async def _drop_generations(service: Service, live: Projection, lowest: int, highest: int) -> None:
    for projected in live.tables:
        while await _drop_some(service, projected.table, lowest, highest):
            pass


async def _drop_some(service: Service, table: Table, lowest: int, highest: int) -> bool:
    """In a transaction of their own, so that nobody waits for long. Returns whether there are more."""
    keys = list(table.primary_key)
    among = table.c.generation.between(lowest, highest)
    async with service.database.write() as connection:
        following = select(*keys).where(among).order_by(*keys).offset(DROPPED_AT_ONCE).limit(1)
        first = (await connection.execute(following)).first()
        before = tuple_(*keys) < tuple_(
            *(literal(part, key.type) for key, part in zip(keys, first or (), strict=False))
        )
        await connection.execute(delete(table).where(among, before if first else true()))
    return first is not None


def _in_order(table: Table, generation: int) -> Any:
    columns = [column for column in table.c if column.name != "generation"]
    return (
        select(*columns)
        .where(table.c.generation == generation)
        .order_by(table.c.subject, table.c.part, table.c.version)
        .execution_options(yield_per=HASHED_AT_ONCE)
    )
