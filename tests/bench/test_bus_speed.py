"""Relaying to and projecting from real Kafka, each against the raw client with the same bytes in the same run."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from sqlalchemy import insert

from contracts.names import SelfAssessment
from contracts.task import ReportSubmitted
from services.duban.serving import spare_the_collector
from services.reporting.app import create_service
from services.reporting.projections import board
from services.reporting.settings import ReportingSettings
from services.task.app import create_service as create_task
from services.task.settings import TaskSettings
from shared.bus import Bus
from shared.bus.open import open_bus
from shared.clock import system_now
from shared.consumer.runner import Runner
from shared.consumer.standing import read_offsets
from shared.db.migrations import upgrade
from shared.event_log.relay import Relay
from shared.events.cloudevents import to_binary
from shared.events.envelope import Envelope
from shared.events.topics import PARTITIONS, topic_of
from shared.ids import new_id
from shared.runtime import Service
from shared.testing.servers import KafkaServer, PostgresServer
from tests.bench.conftest import Measured

pytestmark = [pytest.mark.bench, pytest.mark.kafka, pytest.mark.postgres]
EVENTS, TURNS = 20_000, 3
TOPIC = topic_of("task")
RAW = "bench.raw"
CREATE = "CREATE TABLE IF NOT EXISTS raw (key text PRIMARY KEY, value bytea NOT NULL)"
UPSERT = "INSERT INTO raw SELECT * FROM unnest($1::text[], $2::bytea[]) ON CONFLICT (key) DO UPDATE SET value = excluded.value"


def events(count: int) -> list[Envelope]:
    """First submissions of different reports, of twelve plans."""
    plans = [str(new_id()) for _ in range(PARTITIONS)]
    now = system_now()
    return [_event(n, plans[n % PARTITIONS], now) for n in range(count)]


def _event(n: int, plan_id: str, now: object) -> Envelope:
    data = ReportSubmitted.model_validate(
        {
            "plan": "bench-plan", "measure": str(n % 900 + 1), "unit": f"u{n // 900}", "period": "2025", "revision": 1,
            "submitted_at": now, "first_submitted_at": now, "due": "2026-01-09", "on_time": True, "by": "u1",
            "self_assessment": SelfAssessment.ON_TRACK, "done": "召开专题调度会两次，走访企业十二家。" * 4,
        }
    )  # fmt: skip
    report = new_id()
    return Envelope(
        id=new_id(), type=data.type, schema_version=data.version, source="/duban/task", subject=f"report/{report}",
        time=data.submitted_at, aggregate_version=1, partition_key=plan_id, actor="u1", correlation_id=str(report),
        causation_id="", traceparent="", data=data.model_dump_json().encode(),
    )  # fmt: skip


@asynccontextmanager
async def producer(kafka: KafkaServer) -> AsyncIterator[AIOKafkaProducer]:
    made = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, enable_idempotence=True, acks="all", linger_ms=5)
    await made.start()
    yield made
    await made.stop()


async def produce_raw(kafka: KafkaServer, topic: str, sent: Sequence[Envelope]) -> float:
    """Events a second of the client alone."""
    async with producer(kafka) as raw:
        started = time.perf_counter()
        for start in range(0, len(sent), 500):
            some = [(event, to_binary(event)) for event in sent[start : start + 500]]
            waiting = [
                await raw.send(topic, value, key=event.partition_key.encode(), headers=list(headers))
                for event, (headers, value) in some
            ]
            await asyncio.gather(*waiting)
        return len(sent) / (time.perf_counter() - started)


async def test_the_relay_reaches_half_of_the_raw_producer(
    kafka_server: KafkaServer, postgres_server: PostgresServer, tmp_path: Path, measured: Measured
) -> None:
    bus = open_bus(f"kafka://{kafka_server.bootstrap}")
    await bus.start()
    await bus.create_topics({TOPIC: PARTITIONS, RAW: PARTITIONS})
    service = create_task(TaskSettings(database_url=postgres_server.create_database(), data=tmp_path), bus)
    await upgrade(service.database, "services.task")
    await fill_outbox(service.relay, events(EVENTS))
    floor = await produce_raw(kafka_server, RAW, events(EVENTS))
    started = time.perf_counter()
    sent = 0
    while sent < EVENTS:
        sent += await service.relay.relay_once() or 0
    value = EVENTS / (time.perf_counter() - started)
    await service.database.close()
    await bus.stop()
    ratio = measured("relay from the outbox", "Kafka + PostgreSQL", value, "events/s", floor)
    assert ratio is not None
    assert ratio >= 0.5


async def fill_outbox(relay: Relay, sent: Sequence[Envelope]) -> None:
    tables = relay.tables
    rows = [_log_row(seq, event) for seq, event in enumerate(sent, start=1)]
    async with relay.database.write() as connection:
        for start in range(0, len(rows), 1000):
            await connection.execute(insert(tables.log), rows[start : start + 1000])
            ids = [{"seq": row["seq"], "event_id": row["event_id"]} for row in rows[start : start + 1000]]
            await connection.execute(insert(tables.outbox), ids)


def _log_row(seq: int, event: Envelope) -> dict[str, object]:
    plain = {"event_id": event.id, "subject": event.subject, "aggregate_version": 1, "type": event.type}
    bytes_ = {"attributes": event.canonical_attributes(), "payload": event.data, "prev": b"", "hash": b""}
    return {"seq": seq, **plain, **bytes_, "partition_key": event.partition_key, "time": event.time}


async def test_projecting_reaches_a_third_of_raw_consumption_with_one_upsert(
    kafka_server: KafkaServer, postgres_server: PostgresServer, tmp_path: Path, measured: Measured
) -> None:
    bus = open_bus(f"kafka://{kafka_server.bootstrap}")
    await bus.start()
    await bus.create_topics({TOPIC: PARTITIONS})
    before = sum((await bus.end_offsets([TOPIC])).values())
    await produce_raw(kafka_server, TOPIC, events(EVENTS))
    spare_the_collector()  # as every process of Duban does when it has started
    total = before + EVENTS
    pairs = []
    for _ in range(TURNS):  # in turns, so that both meet the machine in the same moods
        floor = await consume_raw(kafka_server, postgres_server.create_database(), total)
        pairs.append((floor, await project(bus, postgres_server.create_database(), tmp_path, total)))
    await bus.stop()
    floor, value = (median(rates) for rates in zip(*pairs, strict=True))
    ratio = measured("project from the bus", "Kafka + PostgreSQL", value, "events/s", floor)
    assert ratio is not None
    assert ratio >= 0.3


async def project(bus: Bus, database_url: str, folder: Path, total: int) -> float:
    """Events a second of a board that begins with the first event."""
    service = create_service(ReportingSettings(database_url=database_url, data=folder), bus)
    await upgrade(service.database, "services.reporting")
    running = asyncio.create_task(Runner(board, service.database, service.consuming, bus).run())
    value = await rate_until(total, service)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await service.database.close()
    return value


async def rate_until(total: int, service: Service) -> float:
    """Events a second from the first that is seen applied, so that joining the group does not count."""
    first = await eventually_more(service, 0)
    started = time.perf_counter()
    done = first
    while done < total:
        done = await eventually_more(service, done)
    return (done - first) / (time.perf_counter() - started)


async def eventually_more(service: Service, than: int) -> int:
    while (done := await applied(service)) <= than:
        await asyncio.sleep(0.05)  # seldom, since looking costs the server as well
    return done


async def applied(service: Service) -> int:
    async with service.read() as view:
        return sum((await read_offsets(view.connection, service.consuming, board.name)).values())


async def consume_raw(kafka: KafkaServer, dsn: str, total: int) -> float:
    """Events a second of `getmany` and one bulk upsert per batch."""
    connection = await asyncpg.connect(dsn)
    await connection.execute(CREATE)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka.bootstrap, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await consumer.start()
    consumer.assign([TopicPartition(TOPIC, n) for n in range(PARTITIONS)])
    await consumer.seek_to_beginning()
    started, taken = time.perf_counter(), 0
    while taken < total:
        for records in (await consumer.getmany(timeout_ms=1000, max_records=500)).values():
            keys = {dict(record.headers)["ce_subject"].decode(): record.value for record in records}
            await connection.execute(UPSERT, list(keys), list(keys.values()))
            taken += len(records)
    rate = taken / (time.perf_counter() - started)
    await consumer.stop()
    await connection.close()
    return rate
