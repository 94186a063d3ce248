"""The file behind the embedded bus: its tables, one thread that appends to them and one that reads them."""

import asyncio
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import orjson

from shared.bus.base import Headers, Message, OffsetOutOfRange, Record, TopicPartition
from shared.bus.partitions import partition_of

Result = TypeVar("Result")
Bounds = dict[TopicPartition, tuple[int, int]]

PRAGMAS = (
    "PRAGMA synchronous=FULL",  # NORMAL loses acknowledged messages in a power cut
    "PRAGMA busy_timeout=5000",
    "PRAGMA journal_size_limit=67108864",
)
SCHEMA = """
CREATE TABLE IF NOT EXISTS topic (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, partitions INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS partition (
    topic INTEGER NOT NULL REFERENCES topic (id),
    partition INTEGER NOT NULL,
    next_offset INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (topic, partition)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS log (
    topic INTEGER NOT NULL REFERENCES topic (id),
    partition INTEGER NOT NULL,
    "offset" INTEGER NOT NULL,
    event_id BLOB NOT NULL,
    "key" TEXT NOT NULL,
    headers BLOB NOT NULL,
    value BLOB NOT NULL,
    UNIQUE (topic, partition, "offset"),
    UNIQUE (topic, event_id)
);
"""
APPEND = """
INSERT INTO log (topic, partition, "offset", event_id, "key", headers, value) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (topic, event_id) DO NOTHING
"""
ENDS = "SELECT name, partition, next_offset FROM partition JOIN topic ON topic.id = partition.topic"
FIRST = """
SELECT min("offset") FROM log WHERE partition = :partition AND topic = (SELECT id FROM topic WHERE name = :topic)
"""
READ = """
SELECT "offset", "key", headers, value FROM log
WHERE partition = :partition AND topic = (SELECT id FROM topic WHERE name = :topic) AND "offset" >= :start
ORDER BY "offset" LIMIT :limit
"""


class _Connection:
    """A connection and the thread that owns it, so that no job is ever cut in the middle."""

    def __init__(self, path: Path, name: str) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._open: sqlite3.Connection | None = None

    @property
    def _sqlite(self) -> sqlite3.Connection:
        if self._open is None:
            raise sqlite3.ProgrammingError("the bus is not started")
        return self._open

    async def open(self) -> None:
        await self._run(self._connect)

    async def close(self) -> None:
        if self._open is not None:
            await self._run(self._disconnect)
        self._thread.shutdown(wait=False)

    async def _run(self, job: Callable[[], Result]) -> Result:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, job)
        except RuntimeError as stopped:  # the thread takes no more jobs
            raise sqlite3.ProgrammingError("the bus is stopped") from stopped

    def _connect(self) -> None:
        self._open = sqlite3.connect(self._path, isolation_level=None)
        for pragma in PRAGMAS:
            self._open.execute(pragma)

    def _disconnect(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def _topics(self) -> dict[str, int]:
        return dict(self._sqlite.execute("SELECT name, partitions FROM topic"))


class LogWriter(_Connection):
    """Appends. One transaction at a time also between processes, so the order of offsets is the order of commits."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "bus-writer")

    async def create_topics(self, topics: Mapping[str, int]) -> dict[str, int]:
        """Create what is missing; answers all topics with their partitions."""
        return await self._run(lambda: self._in_transaction(lambda: self._create_topics(topics)))

    async def append(self, messages: Sequence[Message]) -> list[bool]:
        """Append what is not there yet, all in one transaction; False where the topic is missing."""
        return await self._run(lambda: self._in_transaction(lambda: self._append(messages)))

    def _connect(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        super()._connect()
        (journal,) = self._sqlite.execute("PRAGMA journal_mode=WAL").fetchone()
        if journal != "wal":
            raise sqlite3.OperationalError(f"{self._path}: this file system cannot hold a write-ahead log")
        self._sqlite.executescript(SCHEMA)

    def _in_transaction(self, job: Callable[[], Result]) -> Result:
        # IMMEDIATE: a transaction that starts as a reader fails at once, instead of waiting, when it turns writer.
        self._sqlite.execute("BEGIN IMMEDIATE")
        try:
            result = job()
            self._sqlite.execute("COMMIT")
        except BaseException:
            if self._sqlite.in_transaction:
                self._sqlite.execute("ROLLBACK")
            raise
        return result

    def _create_topics(self, topics: Mapping[str, int]) -> dict[str, int]:
        missing = topics.keys() - self._topics().keys()
        for name in sorted(missing):
            created = self._sqlite.execute("INSERT INTO topic (name, partitions) VALUES (?, ?)", (name, topics[name]))
            numbers = [(created.lastrowid, number) for number in range(topics[name])]
            self._sqlite.executemany("INSERT INTO partition (topic, partition) VALUES (?, ?)", numbers)
        return self._topics()

    def _append(self, messages: Sequence[Message]) -> list[bool]:
        topics = {name: (id_, partitions) for id_, name, partitions in self._sqlite.execute("SELECT * FROM topic")}
        ends = _NextOffsets(self._sqlite)
        for message in messages:
            if message.topic in topics:
                id_, partitions = topics[message.topic]
                place = (id_, partition_of(message.key, partitions))
                appended = self._sqlite.execute(APPEND, (*place, ends[place], *_stored(message)))
                ends[place] += appended.rowcount  # 0 where the event is there already: no hole in the offsets
        ends.store()
        return [message.topic in topics for message in messages]


class _NextOffsets(dict[tuple[int, int], int]):
    """Where each partition goes on; read when first asked for within a transaction."""

    def __init__(self, sqlite: sqlite3.Connection) -> None:
        super().__init__()
        self._sqlite = sqlite

    def __missing__(self, place: tuple[int, int]) -> int:
        row = self._sqlite.execute("SELECT next_offset FROM partition WHERE topic = ? AND partition = ?", place)
        (self[place],) = row.fetchone()
        return self[place]

    def store(self) -> None:
        rows = [(offset, *place) for place, offset in self.items()]
        self._sqlite.executemany("UPDATE partition SET next_offset = ? WHERE topic = ? AND partition = ?", rows)


class LogReader(_Connection):
    """Reads. Each statement sees what was committed when it began; it never waits for the writer."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "bus-reader")

    async def topics(self) -> dict[str, int]:
        return await self._run(self._topics)

    async def bounds(self, topics: Iterable[str]) -> Bounds:
        """First offset held and end, of each partition of those topics that exist."""
        return await self._run(lambda: self._bounds(frozenset(topics)))

    async def read(self, positions: Mapping[TopicPartition, int], limit: int) -> dict[TopicPartition, list[Record]]:
        """Up to `limit` records from these positions, taking the partitions in the order given.

        Raises OffsetOutOfRange.
        """
        return await self._run(lambda: self._read(positions, limit))

    async def data_version(self) -> int:
        """A number that is another one after every commit of another connection."""
        return await self._run(lambda: int(self._sqlite.execute("PRAGMA data_version").fetchone()[0]))

    def _connect(self) -> None:
        super()._connect()
        self._sqlite.execute("PRAGMA query_only=ON")

    def _ends(self) -> dict[TopicPartition, int]:
        return {TopicPartition(topic, number): end for topic, number, end in self._sqlite.execute(ENDS)}

    def _first(self, partition: TopicPartition, end: int) -> int:
        (first,) = self._sqlite.execute(FIRST, _named(partition)).fetchone()
        return end if first is None else int(first)

    def _bounds(self, topics: frozenset[str]) -> Bounds:
        wanted = {partition: end for partition, end in self._ends().items() if partition.topic in topics}
        return {partition: (self._first(partition, end), end) for partition, end in wanted.items()}

    def _read(self, positions: Mapping[TopicPartition, int], limit: int) -> dict[TopicPartition, list[Record]]:
        ends = self._ends()
        found: defaultdict[TopicPartition, list[Record]] = defaultdict(list)
        for partition, start in positions.items():
            end = ends[partition]
            if start != end and limit > 0:
                found[partition] = self._records(partition, start, limit)
                if not found[partition] or found[partition][0].offset != start:
                    raise OffsetOutOfRange(partition, start, self._first(partition, end), end)
                limit -= len(found[partition])
        return dict(found)

    def _records(self, partition: TopicPartition, start: int, limit: int) -> list[Record]:
        rows = self._sqlite.execute(READ, {**_named(partition), "start": start, "limit": limit})
        return [
            Record(partition.topic, partition.partition, offset, key, _unpacked(headers), value)
            for offset, key, headers, value in rows
        ]


def _named(partition: TopicPartition) -> dict[str, str | int]:
    return {"topic": partition.topic, "partition": partition.partition}


def _stored(message: Message) -> tuple[bytes, str, bytes, bytes]:
    return message.event_id.bytes, message.key, _packed(message.headers), message.value


def _packed(headers: Headers) -> bytes:
    """As JSON that a person can read; Latin-1 gives every byte a character and back."""
    return orjson.dumps([(name, value.decode("latin-1")) for name, value in headers])


def _unpacked(stored: bytes) -> Headers:
    return tuple((name, value.encode("latin-1")) for name, value in orjson.loads(stored))
