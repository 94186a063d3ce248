"""What a submit and a projected event cost after a long history, against the cost after a short one."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from statistics import median
from typing import Protocol, Self
from uuid import UUID

import pytest
from joserfc.jwk import RSAKey
from sqlalchemy import insert, text

from contracts.names import SelfAssessment
from services.reporting.app import create_service as create_reporting
from services.reporting.projections import board
from services.reporting.settings import ReportingSettings
from services.task.app import create_service as create_task
from services.task.commands.reports import submit_report
from services.task.models import ReportContent
from services.task.queries.reports import ReportKey
from services.task.settings import TaskSettings
from shared.auth import Actor
from shared.bus.base import Record, TopicPartition
from shared.consumer.batch import apply_batch
from shared.consumer.standing import load_offsets
from shared.consumer.triage import read_record
from shared.db.migrations import upgrade
from shared.events.cloudevents import to_binary
from shared.runtime import Service
from tests.bench.conftest import Measured, NewDatabase
from tests.bench.seeding import report_paths, seed_task
from tests.bench.test_bus_speed import TOPIC, events

pytestmark = pytest.mark.bench
SHORT, LONG = 10_000, 200_000
TURNS = 12
SUBMITS, EVENTS = 50, 500
"""Of one turn."""
LIMIT = 1.2
PARTITION = TopicPartition(TOPIC, 0)


class Worked(Protocol):
    """A service with a history of its own."""

    service: Service

    async def work(self) -> float:
        """Do a turn's share. Returns seconds for one submit or event."""
        ...


async def in_turns(first: Worked, second: Worked) -> tuple[float, float]:
    """The median of each, taken in turns, so that whatever else the machine does meets both alike."""
    seconds = [(await first.work(), await second.work()) for _ in range(TURNS)][1:]  # the first turn warms up
    return median(first for first, _ in seconds), median(second for _, second in seconds)


async def test_a_submit_costs_the_same_after_a_long_history(new_database: NewDatabase, measured: Measured) -> None:
    short, long = [await Submitting.after(history, new_database()) for history in (SHORT, LONG)]
    await assert_alike(short, long, "submit after 200,000 events", measured)


async def test_a_projected_event_costs_the_same_after_a_long_history(
    new_database: NewDatabase, measured: Measured
) -> None:
    short, long = [await Feeding.after(history, new_database()) for history in (SHORT, LONG)]
    await assert_alike(short, long, "project an event after 200,000", measured)


async def assert_alike(short: Worked, long: Worked, name: str, measured: Measured) -> None:
    early, late = await in_turns(short, long)
    backend = "embedded" if short.service.database.is_sqlite else "PostgreSQL"
    for worked in (short, long):
        await worked.service.database.close()
    ratio = measured(name, backend, late * 1e6, "µs", early * 1e6)
    assert ratio is not None
    assert ratio <= LIMIT


@dataclass
class Submitting:
    """Submits first reports, far from each other, in a task service whose log is so long."""

    service: Service
    paths: Iterator[str]
    liaisons: dict[str, UUID]

    @classmethod
    async def after(cls, history: int, database_url: str) -> Self:
        settings = TaskSettings(database_url=database_url)
        key = RSAKey.generate_key(2048, auto_kid=True)
        liaisons = await seed_task(settings, key, units=20, measures=TURNS * SUBMITS // 20)
        paths = await report_paths(settings)
        service = create_task(settings)
        await lengthen_log(service, history)
        return cls(service, iter([path for n in range(TURNS) for path in paths[n::TURNS]]), liaisons)

    async def work(self) -> float:
        started = time.perf_counter()
        for path in islice(self.paths, SUBMITS):
            await self._submit(path)
        return (time.perf_counter() - started) / SUBMITS

    async def _submit(self, path: str) -> None:
        _, _, plan, _, measure, _, unit, _, period = path.split("/")
        caller = Actor(account_id=self.liaisons[unit], account=unit, roles=frozenset({"liaison"}), unit=unit)
        content = ReportContent(SelfAssessment.ON_TRACK, "召开专题调度会一次。")
        async with self.service.write() as work:
            await submit_report(work, caller, ReportKey(plan, measure, unit, period), content, None)


async def lengthen_log(service: Service, count: int) -> None:
    """Events of other aggregates, already sent."""
    log, published = service.tables.log, service.tables.published
    for start in range(0, count, 2000):
        some = events(min(2000, count - start))
        rows = [
            {
                "event_id": e.id, "subject": e.subject, "aggregate_version": 1, "type": e.type, "time": e.time,
                "partition_key": e.partition_key, "attributes": e.canonical_attributes(), "payload": e.data,
                "prev": b"", "hash": b"",
            }
            for e in some
        ]  # fmt: skip
        async with service.database.write() as connection:
            await connection.execute(insert(log), rows)
            last = (await connection.execute(text("SELECT coalesce(max(position), 0) FROM published"))).scalar_one()
            positions = [{"position": last + n, "event_id": e.id} for n, e in enumerate(some, start=1)]
            await connection.execute(insert(published), positions)


@dataclass
class Feeding:
    """Gives events to the board's projection as its runner would, after so many others."""

    service: Service
    offset: int = 0

    @classmethod
    async def after(cls, history: int, database_url: str) -> Self:
        service = create_reporting(ReportingSettings(database_url=database_url))
        await upgrade(service.database, "services.reporting")
        async with service.database.write() as connection:
            await load_offsets(connection, service.consuming, board.name, [PARTITION])
        feeding = cls(service)
        for _ in range(history // EVENTS):
            await feeding.work()
        return feeding

    async def work(self) -> float:
        records = self._records(EVENTS)
        started = time.perf_counter()
        batch = [read_record(record, board.event_types()) for record in records]
        async with self.service.database.write() as connection:
            await apply_batch(connection, self.service.consuming, board, {PARTITION: self.offset}, {PARTITION: batch})
        self.offset += EVENTS
        return (time.perf_counter() - started) / EVENTS

    def _records(self, count: int) -> list[Record]:
        sent = [(event, to_binary(event)) for event in events(count)]
        return [
            Record(TOPIC, 0, self.offset + n, event.partition_key, headers, value)
            for n, (event, (headers, value)) in enumerate(sent)
        ]
