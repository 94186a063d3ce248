"""The runner of a consumer: fetch, one transaction per partition and batch, back off, go on. It never gives up."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog
from sqlalchemy.exc import DBAPIError

from shared.bus.base import Bus, Record, Subscription, TopicPartition
from shared.consumer.applying import Consumer, is_transient
from shared.consumer.batch import BatchFailed, StaleOffset, apply_batch, apply_one_by_one
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
"""So many failures in a row mean a bad build or a bad producer, not bad events: stop before everything is parked."""
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
    failures_in_a_row: int = 0

    async def run(self) -> None:
        """Consume until cancelled."""
        subscription = await self.bus.subscribe(self.consumer.name, self.consumer.topics)
        epoch = -1
        try:
            while True:
                if subscription.epoch != epoch:
                    epoch = subscription.epoch
                    self.stored.clear()
                await self._take_over(subscription)
                await self._step(subscription)
        finally:
            await subscription.close()

    async def _step(self, subscription: Subscription) -> None:
        """One fetch and its batches. What the bus cannot give now is asked for again; nothing is skipped."""
        self._resume_due(subscription)
        limit = EMBEDDED_BATCH if self.database.is_sqlite else BATCH
        try:
            fetched = await subscription.fetch(limit, FETCH_SECONDS)
        except (LookupError, OSError, RuntimeError) as lost:
            log.error("bus does not deliver", consumer=self.consumer.name, error=str(lost))
            await asyncio.sleep(FETCH_SECONDS)
            return
        for partition, records in fetched.items():
            await self._handle(subscription, partition, records)

    async def _take_over(self, subscription: Subscription) -> None:
        """Seek every partition that is newly ours to what the database says."""
        new = subscription.assignment() - self.stored.keys()
        if not new:
            return
        try:
            async with self.database.write() as connection:
                offsets = await load_offsets(connection, self.tables, self.consumer.name, new)
        except (DBAPIError, OSError, Unavailable) as lost:
            log.warning("consumer waits for its database", consumer=self.consumer.name, error=str(lost))
            await asyncio.sleep(FETCH_SECONDS)
            return
        for partition, offset in offsets.items():
            await subscription.seek(partition, offset)
            self.stored[partition] = offset

    async def _handle(self, subscription: Subscription, partition: TopicPartition, records: Sequence[Record]) -> None:
        if partition not in self.stored or partition in self.paused:
            return
        batch = [read_record(record, self.consumer.event_types()) for record in records]
        try:
            started = time.perf_counter()
            await self._apply(partition, batch)
            CONSUMER_SECONDS.labels(self.consumer.name).observe(time.perf_counter() - started)
        except StaleOffset:
            log.warning("another runner has moved on", consumer=self.consumer.name, partition=str(partition))
            del self.stored[partition]  # taken over again from the database
        except (DBAPIError, OSError, Unavailable) as error:
            if not is_transient(error):
                raise
            await self._back_off(subscription, partition, str(error))
        else:
            await self._applied(subscription, partition, batch)

    async def _apply(self, partition: TopicPartition, batch: Sequence[Incoming]) -> None:
        stored = self.stored[partition]
        try:
            async with self.database.write() as connection:
                await apply_batch(connection, self.tables, self.consumer, partition, stored, batch)
        except BatchFailed:
            async with self.database.write() as connection:
                failed = await apply_one_by_one(connection, self.tables, self.consumer, partition, stored, batch)
            self.failures_in_a_row = self.failures_in_a_row + failed if failed else 0
        else:
            self.failures_in_a_row = 0
        faultpoint("consumer.after_commit")

    async def _applied(self, subscription: Subscription, partition: TopicPartition, batch: Sequence[Incoming]) -> None:
        self.stored[partition] = batch[-1].record.offset + 1
        self.backoff.pop(partition, None)
        CONSUMER_APPLIED.labels(self.consumer.name).inc(len(batch))
        await subscription.note_progress({partition: self.stored[partition]})
        if self.failures_in_a_row >= BREAKER_FAILURES:
            BREAKER_OPEN.labels(self.consumer.name).set(1)
            log.critical("breaker open: too many failures in a row", consumer=self.consumer.name)
            self._pause(subscription, partition, MAX_BACKOFF_SECONDS)
            self.failures_in_a_row = 0

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
            subscription.resume(partition)
            BREAKER_OPEN.labels(self.consumer.name).set(0)
