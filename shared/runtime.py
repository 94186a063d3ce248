"""A running service: its database, clock and bus, the relay, the consumers and the workers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import product
from typing import Any, Literal, Protocol

import structlog
from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.bus.base import Bus, KafkaSecurity
from shared.bus.open import open_bus
from shared.clock import BusinessClock, DemoClock, RealClock, system_now
from shared.consumer.applying import Consumer
from shared.consumer.runner import Runner
from shared.consumer.standing import count_parked, read_offsets
from shared.consumer.tables import ConsumerTables
from shared.consumer.triage import Reason
from shared.db import Database
from shared.errors import Unavailable
from shared.event_log.ahead import BusIsAhead, refuse_if_bus_is_ahead
from shared.event_log.answers import forget_old_answers
from shared.event_log.relay import Relay, measure
from shared.event_log.tables import EventLogTables
from shared.event_log.work import Cause, UnitOfWork
from shared.settings import ServiceSettings
from shared.telemetry.metrics import CONSUMER_LAG, PARKED
from shared.worker import EMBEDDED_POLL_SECONDS

SAMPLE_SECONDS = 15.0
"""As often as Prometheus usually asks."""
TIDY_SECONDS = 6 * 3600.0
RESTART_SECONDS = 1.0
CANCEL_AGAIN_SECONDS = 1.0
PRODUCTION_POLL_SECONDS = 0.1
NO_CAUSE = Cause()
Mode = Literal["web", "worker", "all"]
log = structlog.get_logger()


class Worker(Protocol):
    """Work that starts by time rather than by an event, such as deadlines and deliveries."""

    name: str

    async def run(self) -> None: ...
    def wake(self) -> None:
        """Look now: something was committed, or business time was moved."""
        ...

    async def work_left(self, connection: AsyncConnection, now: datetime) -> int:
        """How many things could be done now."""
        ...

    async def next_due(self, connection: AsyncConnection, now: datetime) -> datetime | None:
        """The next business instant after `now` at which there will be something to do."""
        ...


@dataclass(frozen=True, slots=True)
class View:
    """A consistent view of the database at a business time."""

    connection: AsyncConnection
    now: datetime


@dataclass
class Service:
    """One service of Duban. Wired in its `app.py`; nothing here knows what the service is about."""

    name: str
    settings: ServiceSettings
    database: Database
    tables: EventLogTables
    consuming: ConsumerTables
    clock: BusinessClock
    bus: Bus
    relay: Relay
    owns_bus: bool = True
    aggregates: Mapping[str, Table] = field(default_factory=dict)
    consumers: Sequence[Consumer] = ()
    workers: list[Worker] = field(default_factory=list)
    actors: Any = None
    """How this service finds the account behind a token; see `shared.auth`."""
    problem: str = ""
    """Why the service is not ready although its process runs."""
    bus_compared: bool = False
    """Whether the bus is known not to be ahead of the event log."""

    @classmethod
    def create(
        cls,
        name: str,
        settings: ServiceSettings,
        *,
        tables: EventLogTables,
        consuming: ConsumerTables,
        clock: Table,
        bus: Bus | None = None,
        **parts: Any,
    ) -> "Service":
        """Open nothing yet: `running` does."""
        database = Database(settings.database_for(name), settings.database_pool)
        shared_bus = bus or open_bus_from(settings)
        poll = settings.relay_poll_seconds or (EMBEDDED_POLL_SECONDS if settings.embedded else PRODUCTION_POLL_SECONDS)
        return cls(
            name=name,
            settings=settings,
            database=database,
            tables=tables,
            consuming=consuming,
            clock=DemoClock(clock, datetime.fromisoformat(settings.demo_starts)) if settings.demo else RealClock(),
            bus=shared_bus,
            owns_bus=bus is None,
            relay=Relay(name, database, tables, shared_bus, poll, alone=settings.embedded),
            **parts,
        )

    @asynccontextmanager
    async def write(self, cause: Cause = NO_CAUSE) -> AsyncIterator[UnitOfWork]:
        """One transaction: committed at the end of the block; then whoever waits for it is woken."""
        async with self.database.write() as connection:
            now = await self.clock.now(connection)
            work = UnitOfWork(connection, now, self.name, self.tables, cause)
            yield work
        if work.recorded:
            self.relay.wake()
        for wake in work.after_commit:
            wake()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[View]:
        async with self.database.read() as connection:
            yield View(connection, await self.clock.now(connection))

    @asynccontextmanager
    async def running(self, mode: Mode = "all") -> AsyncIterator[None]:
        """Start what this mode needs and stop it at the end. Raises BusIsAhead where a restored database is behind."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self.database.close)
            if self.owns_bus:
                await self.bus.start()
                stack.push_async_callback(self.bus.stop)
            if mode != "web":
                await self._bus_is_compared()
            tasks = [
                asyncio.create_task(self._forever(name, run), name=f"{self.name}:{name}")
                for name, run in self._loops(mode)
            ]
            stack.push_async_callback(_cancel, tasks)
            yield

    def _loops(self, mode: Mode) -> list[tuple[str, Callable[[], Awaitable[None]]]]:
        loops: list[tuple[str, Callable[[], Awaitable[None]]]] = [("sample", self._sample_forever)]
        if mode != "web":
            loops.append(("tidy", self._tidy_forever))
            loops.append(("relay", self._relay_once_compared))
            loops += [(consumer.name, self._runner(consumer).run) for consumer in self.consumers]
            loops += [(worker.name, worker.run) for worker in self.workers]
        return loops

    def _runner(self, consumer: Consumer) -> Runner:
        return Runner(consumer, self.database, self.consuming, self.bus)

    async def _relay_once_compared(self) -> None:
        """A bus that was away at the start is compared before anything is added to it; until then this is tried again."""
        if await self._bus_is_compared():
            await self.relay.run()

    async def _bus_is_compared(self) -> bool:
        """Whether the bus was found not to be ahead of the log. Raises BusIsAhead."""
        if self.bus_compared or not await self.bus.reachable():
            return self.bus_compared
        try:
            await refuse_if_bus_is_ahead(self.name, self.database, self.tables, self.bus)
        except BusIsAhead as ahead:
            self.problem = ahead.sentence("en")
            raise
        except (Unavailable, OSError) as lost:
            log.warning("bus and log are compared later", service=self.name, error=str(lost))
        else:
            self.bus_compared = True
        return self.bus_compared

    async def _forever(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        """A loop that fails is started again: work left undone is worse than work done late."""
        while True:
            try:
                await run()
            except Exception as error:
                log.critical("loop failed, starts again", service=self.name, loop=name, exc_info=error)
            await asyncio.sleep(RESTART_SECONDS)

    async def _sample_forever(self) -> None:
        while True:
            await asyncio.sleep(SAMPLE_SECONDS)
            try:
                await self.work_left()
            except (Unavailable, OSError) as lost:
                log.warning("cannot measure", service=self.name, error=str(lost))

    async def _tidy_forever(self) -> None:
        while True:
            async with self.database.write() as connection:
                await forget_old_answers(connection, self.tables, system_now())
            await asyncio.sleep(TIDY_SECONDS)

    async def work_left(self) -> dict[str, int]:
        """What is still to do: unsent events, lag and waiting events per kind, due timers and deliveries. Sets the metrics."""
        left = {"outbox": await measure(self.database, self.tables, self.name), "lag": await self._lag()}
        async with self.read() as view:
            parked = await count_parked(view.connection, self.consuming)
            for consumer, reason in product(self.consumers, Reason):
                PARKED.labels(consumer.name, reason.value).set(parked.get((consumer.name, reason.value), 0))
            left["waiting"] = sum(count for (_, reason), count in parked.items() if reason == "waiting")
            for worker in self.workers:
                left[worker.name] = await worker.work_left(view.connection, view.now)
        return left

    async def next_due(self) -> datetime | None:
        """The next business instant at which a worker has something to do."""
        async with self.read() as view:
            instants = [await worker.next_due(view.connection, view.now) for worker in self.workers]
        return min((instant for instant in instants if instant), default=None)

    async def _lag(self) -> int:
        total = 0
        for consumer in self.consumers:
            ends = await self.bus.end_offsets(consumer.topics)
            async with self.database.read() as connection:
                offsets = await read_offsets(connection, self.consuming, consumer.name)
            lag = sum(max(0, end - offsets.get(partition, 0)) for partition, end in ends.items())
            CONSUMER_LAG.labels(consumer.name).set(lag)
            total += lag
        return total


def open_bus_from(settings: ServiceSettings) -> Bus:
    """The bus that the settings name."""
    security = KafkaSecurity(
        username=settings.kafka_username or None,
        password=settings.kafka_password.get_secret_value() or None,
        ca_file=settings.kafka_tls_ca or None,
    )
    return open_bus(settings.bus_url, security=security)


async def _cancel(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel until they end: a driver that is connecting may take the cancellation for a time-out of its own."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=CANCEL_AGAIN_SECONDS)
    await asyncio.gather(*tasks, return_exceptions=True)
