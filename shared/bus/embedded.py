"""The bus of a single machine: a partitioned, durable log in one SQLite file.

A fetch reads only what it was woken for: by a publish of its own process, or by the bus, which looks once a second
whether another process has written. So an idle bus costs next to nothing. Groups live within one process.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import structlog

from shared.bus.base import BusUnavailable, Message, OffsetOutOfRange, Record, TopicPartition
from shared.bus.embedded_log import Bounds, LogReader, LogWriter

LOOK_SECONDS = 1.0  # how late a record of another process may be noticed
ANSWER_SECONDS = 2.0
STOP_SECONDS = 5.0

log = structlog.get_logger(__name__)


class EmbeddedBus:
    """A publish is one transaction: after a crash a batch is there whole or not at all, and no event is there twice."""

    mode: Literal["binary", "structured"] = "structured"

    def __init__(self, path: Path) -> None:
        self._writer = LogWriter(path)
        self._reader = LogReader(path)
        self._groups: defaultdict[str, _Group] = defaultdict(_Group)
        self._topics: dict[str, int] = {}
        self._looking: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self._writer.open()
        await self._reader.open()
        self._looking = asyncio.create_task(self._look_forever())

    async def stop(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait({self._looking})
        for group in self._groups.values():
            for member in tuple(group.members):
                await member.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await self._reader.close()
                await self._writer.close()

    async def reachable(self) -> bool:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._reader.topics()
        except (sqlite3.Error, TimeoutError):
            return False
        return True

    async def create_topics(self, topics: Mapping[str, int]) -> None:
        with _told_when_unavailable():
            self._topics = await self._writer.create_topics(topics)
        for group in self._groups.values():
            group.share_out(self._topics)

    async def publish(self, messages: Sequence[Message]) -> list[bool]:
        try:
            acknowledged = await self._writer.append(messages)
        except sqlite3.Error as error:
            log.warning("bus.publish_failed", error=str(error), messages=len(messages))
            return [False] * len(messages)
        self._wake_readers({message.topic for message in messages})
        return acknowledged

    async def subscribe(self, group: str, topics: Sequence[str]) -> EmbeddedSubscription:
        self._topics = await self._reader.topics()
        member = EmbeddedSubscription(self._reader, frozenset(topics), lambda left: self._leave(group, left))
        self._groups[group].members.append(member)
        self._groups[group].share_out(self._topics)
        return member

    async def end_offsets(self, topics: Sequence[str]) -> dict[TopicPartition, int]:
        return {partition: end for partition, (_, end) in (await self._bounds(topics)).items()}

    async def begin_offsets(self, topics: Sequence[str]) -> dict[TopicPartition, int]:
        return {partition: first for partition, (first, _) in (await self._bounds(topics)).items()}

    async def _bounds(self, topics: Sequence[str]) -> Bounds:
        with _told_when_unavailable():
            return await self._reader.bounds(topics)

    async def _look_forever(self) -> None:
        """Wake everybody when the file was written to. A look that fails counts as a change: reading says what is wrong."""
        seen: int | None = None
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                version = await self._reader.data_version()
            except sqlite3.Error:
                version = None
            if version is None or version != seen:
                self._wake_readers(set(self._topics))
            seen = version

    def _wake_readers(self, topics: set[str]) -> None:
        for group in self._groups.values():
            for member in group.members:
                if not member.topics.isdisjoint(topics):
                    member.wake()

    def _leave(self, group: str, member: EmbeddedSubscription) -> None:
        self._groups[group].members.remove(member)
        self._groups[group].share_out(self._topics)


@contextlib.contextmanager
def _told_when_unavailable() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise BusUnavailable(str(error)) from error


class _Group:
    """The members of a group within this process, in the order in which they joined."""

    def __init__(self) -> None:
        self.members: list[EmbeddedSubscription] = []

    def share_out(self, topics: Mapping[str, int]) -> None:
        """Deal each partition to one of the members that want its topic, evenly."""
        shares: dict[EmbeddedSubscription, set[TopicPartition]] = {member: set() for member in self.members}
        for topic, partitions in sorted(topics.items()):
            wanting = [member for member in self.members if topic in member.topics]
            for number in range(partitions if wanting else 0):
                poorest = min(wanting, key=lambda member: len(shares[member]))
                shares[poorest].add(TopicPartition(topic, number))
        for member, share in shares.items():
            member.assign(frozenset(share))


class EmbeddedSubscription:
    """A member's places in the shared log."""

    def __init__(
        self, reader: LogReader, topics: frozenset[str], leave: Callable[[EmbeddedSubscription], None]
    ) -> None:
        self.topics = topics
        self._reader = reader
        self._leave = leave
        self._woken = asyncio.Event()
        """There may be something to read that no fetch has looked for."""
        self._closed = False
        self._epoch = 0
        self._assigned: frozenset[TopicPartition] = frozenset()
        self._positions: dict[TopicPartition, int] = {}
        self._paused: set[TopicPartition] = set()

    @property
    def epoch(self) -> int:
        return self._epoch

    def assignment(self) -> frozenset[TopicPartition]:
        return self._assigned

    def assign(self, partitions: frozenset[TopicPartition]) -> None:
        """Take over this share. Where it differs from the last one every position is void, as on Kafka."""
        if partitions != self._assigned:
            self._assigned = partitions
            self._epoch += 1
            self._positions.clear()
            self._paused.clear()
            self.wake()

    def wake(self) -> None:
        """Make a waiting fetch look again."""
        self._woken.set()

    async def fetch(self, max_records: int, timeout: float) -> dict[TopicPartition, list[Record]]:  # noqa: ASYNC109
        clock = asyncio.get_running_loop().time
        deadline = clock() + timeout
        while not self._closed:
            if self._woken.is_set() and (found := await self._read(max_records)):
                return found
            left = deadline - clock()
            if left <= 0:
                break
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), left)
        return {}

    async def seek(self, partition: TopicPartition, offset: int) -> None:
        if partition in self._assigned:
            self._positions[partition] = offset
            self.wake()

    def pause(self, partition: TopicPartition) -> None:
        if partition in self._assigned:
            self._paused.add(partition)

    def resume(self, partition: TopicPartition) -> None:
        self._paused.discard(partition)
        self.wake()

    async def note_progress(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Nothing to do: who wants to see the lag asks the consumer's own offsets."""

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._leave(self)
            self.assign(frozenset())
            self.wake()

    async def _read(self, max_records: int) -> dict[TopicPartition, list[Record]]:
        self._woken.clear()
        places = {partition: offset for partition, offset in self._positions.items() if partition not in self._paused}
        if not places:
            return {}
        try:
            found = await self._reader.read(places, max_records)
        except OffsetOutOfRange as lost:
            self.wake()  # the other partitions were not read
            if self._positions.get(lost.partition) != lost.requested:  # sought elsewhere meanwhile
                return {}
            del self._positions[lost.partition]
            raise
        except sqlite3.Error as error:
            log.warning("bus.fetch_failed", error=str(error))
            asyncio.get_running_loop().call_later(LOOK_SECONDS, self.wake)
            return {}
        if found:
            self.wake()  # there may be more than was asked for
        return {partition: records for partition, records in found.items() if self._advance(partition, records)}

    def _advance(self, partition: TopicPartition, records: list[Record]) -> bool:
        """Move on past `records`, unless the place was changed while they were being read."""
        if self._positions.get(partition) != records[0].offset or partition in self._paused:
            return False
        # Put last, so that the next fetch begins with the partitions that this one did not reach.
        del self._positions[partition]
        self._positions[partition] = records[-1].offset + 1
        return True
