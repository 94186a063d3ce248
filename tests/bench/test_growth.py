"""What a submit and a projected event cost after a long history, against the cost after a short one."""

import time
from collections.abc import Sequence
from pathlib import Path
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
from tests.bench.conftest import Measured
from tests.bench.seeding import report_paths, seed_task, spread
from tests.bench.test_bus_speed import TOPIC, events

pytestmark = pytest.mark.bench
SHORT, LONG = 10_000, 200_000
SAMPLE = 600
LIMIT = 1.2
PARTITION = TopicPartition(TOPIC, 0)


async def test_a_submit_costs_the_same_after_a_long_history(
    database_url: str, tmp_path: Path, measured: Measured
) -> None:
    settings = TaskSettings(database_url=database_url, data=tmp_path)
    liaisons = await seed_task(settings, RSAKey.generate_key(2048, auto_kid=True), units=20, measures=SAMPLE * 3 // 20)
    paths = await report_paths(settings)
    service = create_task(settings)
    await lengthen_log(service, SHORT)
    await submit(service, paths[:SAMPLE], liaisons)  # warm
    early = await submit(service, paths[SAMPLE : 2 * SAMPLE], liaisons)
    await lengthen_log(service, LONG - SHORT)
    late = await submit(service, paths[2 * SAMPLE :], liaisons)
    backend = "embedded" if service.database.is_sqlite else "PostgreSQL"
    await service.database.close()
    ratio = measured("submit after 200,000 events", backend, late * 1e6, "µs", early * 1e6)
    assert ratio is not None
    assert ratio <= LIMIT


async def submit(service: Service, paths: Sequence[str], liaisons: dict[str, UUID]) -> float:
    """The median of ten parts, in seconds per submit: one slow commit of a busy machine must not decide."""
    parts = [spread(paths[n::10], len(paths)) for n in range(10)]
    return sorted([await _submit_all(service, part, liaisons) for part in parts])[5]


async def _submit_all(service: Service, paths: Sequence[str], liaisons: dict[str, UUID]) -> float:
    content = ReportContent(SelfAssessment.ON_TRACK, "召开专题调度会一次。")
    started = time.perf_counter()
    for path in paths:
        _, _, plan, _, measure, _, unit, _, period = path.split("/")
        caller = Actor(account_id=liaisons[unit], account=unit, roles=frozenset({"liaison"}), unit=unit)
        async with service.write() as work:
            await submit_report(work, caller, ReportKey(plan, measure, unit, period), content, None)
    return (time.perf_counter() - started) / len(paths)


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


async def test_a_projected_event_costs_the_same_after_a_long_history(
    database_url: str, tmp_path: Path, measured: Measured
) -> None:
    service = create_reporting(ReportingSettings(database_url=database_url, data=tmp_path))
    await upgrade(service.database, "services.reporting")
    reader = Feeder(service)
    await reader.start()
    await reader.feed(SHORT - 4000)
    early = await reader.feed(4000)
    await reader.feed(LONG - SHORT - 4000)
    late = await reader.feed(4000)
    backend = "embedded" if service.database.is_sqlite else "PostgreSQL"
    await service.database.close()
    ratio = measured("project an event after 200,000", backend, late * 1e6, "µs", early * 1e6)
    assert ratio is not None
    assert ratio <= LIMIT


class Feeder:
    """Gives events to the board's projection as its runner would."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.offset = 0

    async def start(self) -> None:
        async with self.service.database.write() as connection:
            await load_offsets(connection, self.service.consuming, board.name, [PARTITION])

    async def feed(self, count: int) -> float:
        """The median batch, in seconds per event."""
        return sorted([await self._batch(min(500, count - start)) for start in range(0, count, 500)])[count // 1000]

    async def _batch(self, size: int) -> float:
        records = []
        for n, event in enumerate(events(size)):
            headers, value = to_binary(event)
            records.append(Record(TOPIC, 0, self.offset + n, event.partition_key, headers, value))
        started = time.perf_counter()
        batch = [read_record(record, board.event_types()) for record in records]
        async with self.service.database.write() as connection:
            await apply_batch(connection, self.service.consuming, board, {PARTITION: self.offset}, {PARTITION: batch})
        self.offset += size
        return (time.perf_counter() - started) / size
