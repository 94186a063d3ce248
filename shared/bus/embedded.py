"""The bus of a single machine: a partitioned, durable log in one SQLite file.

One thread writes and one reads. A waiting fetch is woken by the publish of its own process, so an idle bus costs
nothing; what another process wrote is found by a look once a second. Groups live within one process.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import structlog

from shared.bus.base import (
    BusUnavailable,
    Message,
    OffsetOutOfRange,
    Record,
    Subscription,
    TopicPartition,
)
from shared.bus.embedded_log import LogReader, LogWriter

LOOK_SECONDS = 1.0  # how late a record of another process may be noticed
STOP_SECONDS = 5.0

log = structlog.get_logger(__name__)


class EmbeddedBus:
    """A publish is one transaction: after a crash a batch is there whole or not at all, and never twice."""

    mode: Literal["binary", "structured"] = "structured"

    def __init__(self, path: Path) -> None:
        self._writer = LogWriter(path)
        self._reader = LogReader(path)
        self._groups: defaultdict[str, _Group] = defaultdict(_Group)
        self._partitions: dict[str, int] = {}

    async def start(self) -> None:
        await self._writer.open()
        await self._reader.open()
        self._partitions = await self._reader.topics()

    async def stop(self) -> None:
        for member in [member for group in self._groups.values() for member in group.members]:
            await member.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await self._reader.close()
                await self._writer.close()

    async def reachable(self) -> bool:
        try:
            await self._reader.topics()
        except sqlite3.Error:
            return False
        return True

    async def create_topics(self, topics: Mapping[str, int]) -> None:
        try:
            self._partitions = await self._writer.create_topics(topics)
        except sqlite3.Error as error:
            raise BusUnavailable(str(error)) from error
        for group in self._groups.values():
            group.share_out(self._partitions)

    async def publish(self, messages: Sequence[Message]) -> list[bool]:
        try:
            acknowledged = await self._writer.append(messages)
        except sqlite3.Error as error:
            log.warning("bus.publish_failed", error=str(error), messages=len(messages))
            return [False] * len(messages)
        self._wake_readers_of({message.topic for message in messages})
        return acknowledged

    async def subscribe(self, group: str, topics: Sequence[str]) -> Subscription:
        self._partitions = await self._reader.topics()
        members = self._groups[group]
        member = EmbeddedSubscription(self._reader, frozenset(topics), leave=lambda: self._leave(group, member))
        members.members.append(member)
        members.share_out(self._partitions)
        return member

    async def end_offsets(self, topics: Sequence[str]) -> dict[TopicPartition, int]:
        return {partition: end for partition, (_, end) in (await self._bounds(topics)).items()}

    async def begin_offsets(self, topics: Sequence[str]) -> dict[TopicPartition, int]:
        return {partition: first for partition, (first, _) in (await self._bounds(topics)).items()}

    async def _bounds(self, topics: Sequence[str]) -> dict[TopicPartition, tuple[int, int]]:
        try:
            return await self._reader.bounds(topics)
        except sqlite3.Error as error:
            raise BusUnavailable(str(error)) from error

    def _wake_readers_of(self, topics: set[str]) -> None:
        for group in self._groups.values():
            for member in group.members:
                if not topics.isdisjoint(member.topics):
                    member.wake()

    def _leave(self, group: str, member: EmbeddedSubscription) -> None:
        self._groups[group].members.remove(member)
        self._groups[group].share_out(self._partitions)


class _Group:
    """The members of a group within this process, in the order in which they joined."""

    def __init__(self) -> None:
        self.members: list[EmbeddedSubscription] = []

    def share_out(self, topics: Mapping[str, int]) -> None:
        """Deal every partition to the members that want its topic, evenly."""
        shares: dict[EmbeddedSubscription, set[TopicPartition]] = {member: set() for member in self.members}
        for topic, partitions in sorted(topics.items()):
            for number in range(partitions):
                wanting = [member for member in self.members if topic in member.topics]
                if wanting:
                    min(wanting, key=lambda member: len(shares[member])).add_to(shares, TopicPartition(topic, number))
        for member, share in shares.items():
            member.assign(frozenset(share))


class EmbeddedSubscription:
    """A member's positions; the log itself is shared."""

    def __init__(self, reader: LogReader, topics: frozenset[str], leave: Leave) -> None:
        self.topics = topics
        self._reader = reader
        self._leave = leave
        self._wake = asyncio.Event()
        self._epoch = 0
        self._closed = False
        self._assigned: frozenset[TopicPartition] = frozenset()
        self._positions: dict[TopicPartition, int] = {}
        self._paused: set[TopicPartition] = set()
