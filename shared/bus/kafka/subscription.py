"""A member of a Kafka group."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka import TopicPartition as KafkaPartition
from aiokafka.errors import OffsetOutOfRangeError
from aiokafka.structs import ConsumerRecord

from shared.bus.base import OffsetOutOfRange, Record, TopicPartition
from shared.bus.kafka.clients import CLIENT_ERRORS, CLOSE_SECONDS, Closing

POLL_MS = 1_000
FETCH_WAIT_MS = 500
HEARTBEAT_MS = 1_000  # how soon a member hears that another has left
METADATA_AGE_MS = 5_000  # how soon a topic that did not exist is noticed
RETRY_SECONDS = 1.0
COMMIT_SECONDS = 0.5
"""How old the lag may be that others see; each commit costs the broker as much as a small fetch."""
# A consumer that neither gets an answer from the broker nor an assignment for so long has lost its way: aiokafka can
# stay in that state for ever, alive and silent. Longer than any rebalance (10 s) and than a slow broker's start.
SILENCE_SECONDS = 45.0

log = structlog.get_logger(__name__)


class KafkaSubscription:
    """Polls in a task of its own, because aiokafka's poll waits without limit in a rebalance and must not be cancelled.

    A fetch waits for that task, never longer than its timeout; what a poll finds later is kept for the next fetch.
    """

    def __init__(self, options: Mapping[str, Any], group: str, topics: Sequence[str], closing: Closing) -> None:
        self._options = options
        self._group = group
        self._topics = list(topics)
        self._closing = closing
        self._closed = asyncio.get_running_loop().create_future()
        self._consumer: AIOKafkaConsumer | None = None
        self._polling: asyncio.Task[None] | None = None
        self._epoch = 0
        self._assigned: frozenset[TopicPartition] = frozenset()
        self._sought: set[TopicPartition] = set()
        self._paused: set[TopicPartition] = set()
        self._found: defaultdict[TopicPartition, list[Record]] = defaultdict(list)
        self._watch = _Watch()
        self._progress: dict[TopicPartition, int] = {}
        self._committing: asyncio.Task[None] | None = None

    @property
    def epoch(self) -> int:
        return self._epoch

    def assignment(self) -> frozenset[TopicPartition]:
        return self._assigned

    async def fetch(self, max_records: int, timeout: float) -> dict[TopicPartition, list[Record]]:  # noqa: ASYNC109
        deadline = asyncio.get_running_loop().time() + timeout
        left = timeout
        while not self._closed.done():
            if found := self._take(max_records):
                return found
            if left < 0:
                break
            await self._poll_within(left, max_records)
            left = deadline - asyncio.get_running_loop().time()
        return {}

    async def seek(self, partition: TopicPartition, offset: int) -> None:
        if self._consumer is not None and self._holds(partition):
            self._consumer.seek(_theirs(partition), offset)
            self._found.pop(partition, None)
            self._sought.add(partition)
            self._watch.reset()
            if partition not in self._paused:
                self._consumer.resume(_theirs(partition))

    def pause(self, partition: TopicPartition) -> None:
        if self._consumer is not None and self._holds(partition):
            self._paused.add(partition)
            self._consumer.pause(_theirs(partition))

    def resume(self, partition: TopicPartition) -> None:
        self._paused.discard(partition)
        if self._consumer is not None and partition in self._sought and self._holds(partition):
            self._watch.reset()
            self._consumer.resume(_theirs(partition))

    async def note_progress(self, offsets: Mapping[TopicPartition, int]) -> None:
        self._progress.update(offsets)
        if not self._closed.done() and (self._committing is None or self._committing.done()):
            self._committing = asyncio.create_task(self._commit())

    async def close(self) -> None:
        if not self._closed.done():
            self._closed.set_result(None)
            if self._committing is not None:
                await asyncio.wait({self._committing}, timeout=RETRY_SECONDS)
            await asyncio.wait({self._let_go()}, timeout=CLOSE_SECONDS)

    async def _poll_within(self, seconds: float, max_records: int) -> None:
        """Wait for the poll under way, or start one; and give the consumer up when it fails or says nothing for long."""
        if self._polling is None:
            self._polling = asyncio.create_task(self._poll(max_records))
        polling: asyncio.Future[None] = self._polling
        await asyncio.wait({polling, self._closed}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if polling.done() and polling is self._polling:
            self._polling = None
            await self._judge(polling)
        if self._watch.silent() and not self._closed.done():
            log.warning("bus.consumer_silent", group=self._group, seconds=SILENCE_SECONDS)
            self._let_go()

    async def _poll(self, max_records: int) -> None:
        if self._consumer is None:
            self._consumer = await self._connect()
        consumer = self._consumer
        polled = await consumer.getmany(timeout_ms=POLL_MS, max_records=max_records)
        # No await from here on: a seek or a new assignment comes either before these records were taken, or after.
        for partition, records in polled.items():
            ours = TopicPartition(partition.topic, partition.partition)
            if ours in self._sought:
                self._found[ours].extend(_record(each) for each in records)
        self._watch.heard(consumer, self._sought - self._paused, anything=bool(polled))

    async def _judge(self, polled: asyncio.Future[None]) -> None:
        try:
            polled.result()
        except OffsetOutOfRangeError as lost:
            outside = await self._explain(lost)
            self._let_go()
            if outside is not None:
                raise outside from lost
        except CLIENT_ERRORS as error:
            # Also because a poll that raised is counted as still under way for ever, which switches off the library's
            # own check that the consumer is alive.
            log.warning("bus.consumer_failed", group=self._group, error=repr(error))
            self._let_go()
            await asyncio.wait({self._closed}, timeout=RETRY_SECONDS)

    async def _explain(self, lost: OffsetOutOfRangeError) -> OffsetOutOfRange | None:
        """What the log holds instead; None when the broker cannot say now, and the next fetch will meet the same."""
        ((place, requested),) = lost.args[0].items()
        consumer = self._consumer
        if consumer is None:
            return None
        try:
            first = await consumer.beginning_offsets([place])
            end = await consumer.end_offsets([place])
        except CLIENT_ERRORS:
            return None
        return OffsetOutOfRange(TopicPartition(place.topic, place.partition), requested, first[place], end[place])

    def _take(self, max_records: int) -> dict[TopicPartition, list[Record]]:
        """Hand out what was polled, in the order in which it came."""
        taken: dict[TopicPartition, list[Record]] = {}
        for partition in [partition for partition in self._found if partition not in self._paused]:
            if max_records > 0:
                records = self._found.pop(partition)
                taken[partition], rest = records[:max_records], records[max_records:]
                max_records -= len(taken[partition])
                if rest:
                    self._found[partition] = rest
        return taken

    async def _connect(self) -> AIOKafkaConsumer:
        self._watch.reset()
        consumer = AIOKafkaConsumer(
            **self._options,
            group_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            fetch_max_wait_ms=FETCH_WAIT_MS,
            heartbeat_interval_ms=HEARTBEAT_MS,
            metadata_max_age_ms=METADATA_AGE_MS,
        )
        try:
            await consumer.start()
        except BaseException:
            self._closing.add(consumer.stop())
            raise
        consumer.subscribe(self._topics, listener=_Listener(self, consumer))
        return consumer

    def take_over(self, consumer: AIOKafkaConsumer, partitions: set[KafkaPartition]) -> None:
        """Every partition of a new assignment rests until it is sought.

        The placeholder position keeps the consumer from asking for the group's committed offset, and from failing
        where there is none; since the partition is paused, nothing is fetched from there.
        """
        given_up_meanwhile = self._consumer is not consumer
        if given_up_meanwhile:
            return
        for partition in partitions:
            consumer.pause(partition)
            consumer.seek(partition, 0)
        self._forget_positions(frozenset(TopicPartition(place.topic, place.partition) for place in partitions))

    def _forget_positions(self, assigned: frozenset[TopicPartition]) -> None:
        self._assigned = assigned
        self._epoch += 1
        self._sought.clear()
        self._paused.clear()
        self._found.clear()

    def _holds(self, partition: TopicPartition) -> bool:
        """Whether it is assigned, also by what the consumer knows already and has not told the listener yet."""
        return (
            self._consumer is not None
            and partition in self._assigned
            and _theirs(partition) in self._consumer.assignment()
        )

    def _let_go(self) -> asyncio.Task[None]:
        """Never use this consumer again; the next fetch makes a new one."""
        consumer, polling, committing = self._consumer, self._polling, self._committing
        self._consumer = self._polling = self._committing = None
        self._forget_positions(frozenset())
        self._watch.reset()
        if polling is not None and consumer is None:  # still connecting: it closes what it has opened
            polling.cancel()
        return self._closing.add(_stop(consumer, [task for task in (polling, committing) if task is not None]))

    async def _commit(self) -> None:
        while self._progress and self._consumer is not None:
            offsets, self._progress = self._progress, {}
            places = {_theirs(place): offset for place, offset in offsets.items() if place in self._assigned}
            try:
                await self._consumer.commit(places)
            except CLIENT_ERRORS as error:
                log.debug("bus.commit_failed", group=self._group, error=repr(error))
            await asyncio.wait({self._closed}, timeout=COMMIT_SECONDS)


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # the library has no types
    """Takes note, and nothing more: what it raised would be swallowed, and what it waited for would hold the group up."""

    def __init__(self, subscription: KafkaSubscription, consumer: AIOKafkaConsumer) -> None:
        self._subscription = subscription
        self._consumer = consumer

    def on_partitions_revoked(self, revoked: set[KafkaPartition]) -> None:
        """Positions are void only once the new assignment is known."""

    def on_partitions_assigned(self, assigned: set[KafkaPartition]) -> None:
        self._subscription.take_over(self._consumer, assigned)


class _Watch:
    """When the consumer last showed a sign of life."""

    def __init__(self) -> None:
        self._answered = 0
        self.reset()

    def reset(self) -> None:
        self._alive_at = asyncio.get_running_loop().time()

    def heard(self, consumer: AIOKafkaConsumer, reading: set[TopicPartition], *, anything: bool) -> None:
        """A poll has ended. Of partitions to read from, the broker must have been heard since the last one."""
        held = consumer.assignment() & {_theirs(partition) for partition in reading}
        answers = [consumer.last_poll_timestamp(partition) or 0 for partition in held]
        answered = max(answers, default=0)
        if anything or not reading or answered != self._answered:
            self._answered = answered
            self.reset()

    def silent(self) -> bool:
        return asyncio.get_running_loop().time() - self._alive_at > SILENCE_SECONDS


async def _stop(consumer: AIOKafkaConsumer | None, tasks: Sequence[asyncio.Task[None]]) -> None:
    """Leave the group. What still waits for something of this consumer does not notice, and is cut off."""
    if consumer is not None:
        await consumer.stop()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _theirs(partition: TopicPartition) -> KafkaPartition:
    return KafkaPartition(partition.topic, partition.partition)


def _record(fetched: ConsumerRecord) -> Record:
    key = None if fetched.key is None else fetched.key.decode(errors="replace")
    return Record(fetched.topic, fetched.partition, fetched.offset, key, fetched.headers, fetched.value)
