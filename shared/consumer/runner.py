"""The runner of a consumer: fetch, apply in one transaction, back off, go on. It never gives up."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import structlog
from sqlalchemy.exc import DBAPIError

from shared.bus.base import Bus, OffsetOutOfRange, Record, Subscription, TopicPartition
from shared.consumer.applying import Consumer, is_transient
from shared.consumer.batch import Batches, BatchFailed, Reached, StaleOffset, apply_batch, apply_one_by_one, end_of
from shared.consumer.parked import readable_now, retry_parked
from shared.consumer.standing import load_offsets
from shared.consumer.tables import ConsumerTables
from shared.consumer.triage import Incoming, read_record
from shared.db import Database
from shared.errors import Unavailable
from shared.faultpoints import faultpoint
from shared.telemetry.metrics import BREAKER_OPEN, CONSUMER_APPLIED, CONSUMER_SECONDS

FETCH_SECONDS = 1.0
BATCH = 500
EMBEDDED_BATCH = 100
"""SQLite has one writer per service: a longer batch would make a request wait for more than about 50 ms."""
BREAKER_FAILURES = 10
"""So many failures in a row mean a bad build or a bad producer, not bad events: stop before everything is parked.
From then on one failure is enough to stop again, until an event succeeds."""
MAX_BACKOFF_SECONDS = 60.0
log = structlog.get_logger()


@dataclass(slots=True)
class Runner:
    """Applies one consumer's events. Its offsets live in the service's database and decide; the bus's are for display."""

    consumer: Consumer
    database: Database
    tables: ConsumerTables
    bus: Bus
    stored: dict[TopicPartition, int] = field(default_factory=dict)
    """The next offset of each partition as this runner last stored or read it."""
    paused: dict[TopicPartition, float] = field(default_factory=dict)
    """Partitions that wait, and the monotonic time at which they are tried again."""
    backoff: dict[TopicPartition, float] = field(default_factory=dict)
    failures_in_a_row: dict[TopicPartition, int] = field(default_factory=dict)
    stopped: set[TopicPartition] = field(default_factory=set)
    """Partitions whose breaker is open."""
    outside: dict[TopicPartition, float] = field(default_factory=dict)
    """Partitions whose next record the bus does not hold, and the monotonic time at which it is asked again."""
    looked_at_parked: bool = False

    async def run(self) -> None:
        """Consume until cancelled."""
        subscription = await self.bus.subscribe(self.consumer.name, self.consumer.topics)
        epoch = -1
        try:
            while True:
                if subscription.epoch != epoch:
                    epoch = subscription.epoch
                    self._forget_partitions(subscription)
                await self._take_over(subscription)
                await self._step(subscription)
        finally:
            await subscription.close()

    async def _step(self, subscription: Subscription) -> None:
        """One fetch and its batches. What the bus cannot give now is asked for again; nothing is skipped."""
        self._resume_due(subscription)
        limit = EMBEDDED_BATCH if self.database.is_sqlite else BATCH
        try:
            fetched = await subscription.fetch(limit, self._until_next_resume())
        except OffsetOutOfRange as outside:
            self._stand_still(outside)
            return
        except (LookupError, OSError, RuntimeError) as lost:
            log.error("bus does not deliver", consumer=self.consumer.name, error=str(lost))
            await asyncio.sleep(FETCH_SECONDS)
            return
        await self._handle(subscription, fetched)
        if not fetched:
            # a subscription that its bus has closed answers at once, and others must have a turn
            await asyncio.sleep(0)

    async def _take_over(self, subscription: Subscription) -> None:
        """Seek every partition that is newly ours to what the database says."""
        new = subscription.assignment() - self.stored.keys() - self._outside_now()
        if not new:
            return
        try:
            async with self.database.write() as connection:
                offsets = await load_offsets(connection, self.tables, self.consumer.name, new)
            await self._take_up_what_an_older_build_parked()
        except (DBAPIError, OSError, Unavailable) as lost:
            log.warning("consumer waits for its database", consumer=self.consumer.name, error=str(lost))
            await asyncio.sleep(FETCH_SECONDS)
            return
        for partition, offset in offsets.items():
            await subscription.seek(partition, offset)
            self.stored[partition] = offset

    async def _handle(self, subscription: Subscription, fetched: Mapping[TopicPartition, Sequence[Record]]) -> None:
        """In one transaction; where that fails, in one per partition, so that none suffers from another."""
        wanted = self.consumer.event_types()
        batches = {
            partition: [read_record(record, wanted) for record in records]
            for partition, records in fetched.items()
            if partition in self.stored
        }
        started = time.perf_counter()
        if len(batches) > 1 and await self._apply_together(batches):
            for partition, batch in batches.items():
                await self._applied(subscription, partition, Reached(end_of(batch), failures_in_a_row=0))
        else:
            for partition, batch in batches.items():
                await self._apply_alone(subscription, partition, batch)
        if batches:
            CONSUMER_SECONDS.labels(self.consumer.name).observe(time.perf_counter() - started)

    async def _apply_together(self, batches: Batches) -> bool:
        try:
            async with self.database.write() as connection:
                await apply_batch(connection, self.tables, self.consumer, self.stored, batches)
        except (StaleOffset, BatchFailed):
            return False
        except (DBAPIError, OSError, Unavailable) as error:
            if not is_transient(error):
                raise
            return False
        faultpoint("consumer.after_commit")
        return True

    async def _apply_alone(
        self, subscription: Subscription, partition: TopicPartition, batch: Sequence[Incoming]
    ) -> None:
        try:
            reached = await self._apply(partition, batch)
        except StaleOffset:
            log.warning("another runner has moved on", consumer=self.consumer.name, partition=str(partition))
            del self.stored[partition]  # taken over again from the database
        except (DBAPIError, OSError, Unavailable) as error:
            if not is_transient(error):
                raise
            await self._back_off(subscription, partition, str(error))
        else:
            await self._applied(subscription, partition, reached)

    async def _apply(self, partition: TopicPartition, batch: Sequence[Incoming]) -> Reached:
        reached = Reached(end_of(batch), failures_in_a_row=0)
        try:
            async with self.database.write() as connection:
                await apply_batch(connection, self.tables, self.consumer, self.stored, {partition: batch})
        except BatchFailed:
            before = self.failures_in_a_row.get(partition, 0)
            async with self.database.write() as connection:
                reached = await apply_one_by_one(
                    connection,
                    self.tables,
                    self.consumer,
                    partition,
                    self.stored,
                    batch,
                    failures_in_a_row=before,
                    stop_at=BREAKER_FAILURES,
                )
        faultpoint("consumer.after_commit")
        return reached

    async def _applied(self, subscription: Subscription, partition: TopicPartition, reached: Reached) -> None:
        CONSUMER_APPLIED.labels(self.consumer.name).inc(reached.next_offset - self.stored[partition])
        self.stored[partition] = reached.next_offset
        self.failures_in_a_row[partition] = reached.failures_in_a_row
        self.backoff.pop(partition, None)
        await subscription.note_progress({partition: reached.next_offset})
        if reached.failures_in_a_row >= BREAKER_FAILURES:
            await self._stop(subscription, partition)

    async def _stop(self, subscription: Subscription, partition: TopicPartition) -> None:
        """Open the breaker. What was fetched and not reached is fetched again."""
        log.critical("breaker open: too many failures in a row", consumer=self.consumer.name, partition=str(partition))
        self.stopped.add(partition)
        BREAKER_OPEN.labels(self.consumer.name).set(1)
        self._pause(subscription, partition, MAX_BACKOFF_SECONDS)
        await subscription.seek(partition, self.stored[partition])

    def _stand_still(self, lost: OffsetOutOfRange) -> None:
        """The log was cut, or the database is of another log: an operator must decide. The other partitions go on."""
        log.critical("bus does not hold what comes next", consumer=self.consumer.name, error=str(lost))
        self.stored.pop(lost.partition, None)
        self.outside[lost.partition] = time.monotonic() + MAX_BACKOFF_SECONDS

    def _outside_now(self) -> set[TopicPartition]:
        now = time.monotonic()
        return {partition for partition, until in self.outside.items() if until > now}

    async def _take_up_what_an_older_build_parked(self) -> None:
        """Retry, once in this process, the aggregates whose next event this build can read."""
        if self.looked_at_parked:
            return
        async with self.database.read() as connection:
            readable = await readable_now(connection, self.tables, self.consumer)
        for subject in readable:
            async with self.database.write() as connection:
                await retry_parked(connection, self.tables, self.consumer, subject)
        self.looked_at_parked = True

    def _forget_partitions(self, subscription: Subscription) -> None:
        """A new assignment: positions and pauses of the old one are void.

        The bus has dropped its own, except for a batch that was being applied meanwhile and failed after the change.
        """
        for partition in self.paused:
            subscription.resume(partition)
        for remembered in (self.stored, self.paused, self.backoff, self.failures_in_a_row, self.stopped):
            remembered.clear()
        BREAKER_OPEN.labels(self.consumer.name).set(0)

    async def _back_off(self, subscription: Subscription, partition: TopicPartition, error: str) -> None:
        seconds = self.backoff[partition] = min(MAX_BACKOFF_SECONDS, self.backoff.get(partition, 0.1) * 2)
        log.warning(
            "consumer backs off", consumer=self.consumer.name, partition=str(partition), seconds=seconds, error=error
        )
        self._pause(subscription, partition, seconds)
        await subscription.seek(partition, self.stored[partition])

    def _pause(self, subscription: Subscription, partition: TopicPartition, seconds: float) -> None:
        subscription.pause(partition)
        self.paused[partition] = time.monotonic() + seconds

    def _resume_due(self, subscription: Subscription) -> None:
        now = time.monotonic()
        for partition in [partition for partition, until in self.paused.items() if until <= now]:
            del self.paused[partition]
            self.stopped.discard(partition)
            BREAKER_OPEN.labels(self.consumer.name).set(bool(self.stopped))
            subscription.resume(partition)

    def _until_next_resume(self) -> float:
        left = min(self.paused.values(), default=float("inf")) - time.monotonic()
        return min(FETCH_SECONDS, max(0.0, left))
