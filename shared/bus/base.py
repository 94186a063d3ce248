"""What the bus promises, whichever broker is behind it.

Order: records of one key are fetched in the order in which they were first published. A producer that tries again
may repeat a record; it never lets a later record of a key overtake an earlier one.

Durability: a message whose flag came back true survives the death of the process and of the broker.

Redelivery: the bus remembers nobody's place. The consumer keeps its offsets beside its own data and seeks after every
change of assignment, so a record is fetched again exactly when the consumer's database says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol
from uuid import UUID

Headers = tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class TopicPartition:
    topic: str
    partition: int


@dataclass(frozen=True, slots=True)
class Message:
    """A message to publish. `key` chooses the partition, and so what it keeps its order with."""

    topic: str
    key: str
    event_id: UUID
    headers: Headers
    value: bytes


@dataclass(frozen=True, slots=True)
class Record:
    """A message as fetched. `offset` is its own; the next one to read is `offset + 1` or later.

    Another program may have written a record without key or value.
    """

    topic: str
    partition: int
    offset: int
    key: str | None
    headers: Headers
    value: bytes | None


@dataclass(frozen=True, slots=True)
class KafkaSecurity:
    """How to prove who we are to a Kafka broker. TLS when `ca_file` is given, SCRAM-SHA-512 when `username` is."""

    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: str | None = None


class BusUnavailable(ConnectionError):
    """The broker did not answer. Try again later."""


class OffsetOutOfRange(Exception):
    """The requested offset is outside what the log holds. Nothing was skipped; the consumer must decide."""

    def __init__(self, partition: TopicPartition, requested: int, first: int, end: int) -> None:
        super().__init__(f"{partition.topic}/{partition.partition}: offset {requested} is outside {first}..{end}")
        self.partition = partition
        self.requested = requested
        self.first = first
        self.end = end


class Subscription(Protocol):
    """One member's share of a group's partitions.

    A partition that was not sought since it was assigned yields nothing: there is no default place to start from.
    """

    @property
    def epoch(self) -> int:
        """Grows with every change of assignment. When it has grown, all positions are void: load them and seek."""
        ...

    def assignment(self) -> frozenset[TopicPartition]: ...

    async def fetch(self, max_records: int, timeout: float) -> dict[TopicPartition, list[Record]]:  # noqa: ASYNC109
        """Up to `max_records` in all, in offset order per partition, as soon as there are any; {} after `timeout` seconds.

        Call it all the time, also with nothing assigned or everything paused: it is the member's sign of life.
        A fetch that is cancelled loses nothing: the next one returns it. Records of partitions that were assigned to
        another member meanwhile may still come; only the consumer's database can tell. Raises OffsetOutOfRange, after
        which that partition has no position, and others may have lost theirs too (`epoch` tells).
        """
        ...

    async def seek(self, partition: TopicPartition, offset: int) -> None:
        """Read `partition` from `offset` on. Ignored where the partition is no longer assigned."""
        ...

    def pause(self, partition: TopicPartition) -> None:
        """Fetch nothing from `partition` until it is resumed or assigned anew. Its position stays."""
        ...

    def resume(self, partition: TopicPartition) -> None: ...

    async def note_progress(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Tell tools how far the group is (next offset to read). Advisory: never raises and nothing starts from it."""
        ...

    async def close(self) -> None:
        """Leave the group; its other members take the partitions over. A fetch under way returns {}, as do later ones."""
        ...


class Bus(Protocol):
    mode: Literal["binary", "structured"]
    """CloudEvents content mode in which messages must be encoded."""

    async def start(self) -> None:
        """Get ready. Succeeds without a broker; the bus connects when the broker returns."""
        ...

    async def stop(self) -> None:
        """Close everything within 5 s. What was not acknowledged by then stays unacknowledged."""
        ...

    async def reachable(self) -> bool:
        """Whether the broker answers now, found out within 2 s."""
        ...

    async def create_topics(self, topics: Mapping[str, int]) -> None:
        """Create the topics (name → partitions) that are missing, kept for ever; they can be used when this returns.
        An existing topic is left as it is.

        Raises BusUnavailable.
        """
        ...

    async def publish(self, messages: Sequence[Message]) -> list[bool]:
        """Append `messages` and tell for each, in order, whether it is durable. Broker errors give False and never raise.

        False means unknown: the message may have arrived. Publish it again before any later message of its key.
        """
        ...

    async def subscribe(self, group: str, topics: Sequence[str]) -> Subscription: ...

    async def end_offsets(self, topics: Sequence[str]) -> dict[TopicPartition, int]:
        """The offset that the next record of each partition will get. Raises BusUnavailable. Missing topics are left out."""
        ...

    async def begin_offsets(self, topics: Sequence[str]) -> dict[TopicPartition, int]:
        """The oldest offset that each partition still holds. Raises BusUnavailable. Missing topics are left out."""
        ...
