"""Rebuilding the board from the first event, beside a live consumer on a real bus and database."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from contracts.task import AssignmentAcknowledged, ReportAccepted
from services.reporting import rebuild as rebuilding
from services.reporting.app import create_service
from services.reporting.errors import RebuildCannotSwap
from services.reporting.models import CONSUMING, report_history
from services.reporting.projections import assignments, board, reports
from services.reporting.rebuild import hash_rows, rebuild
from services.reporting.settings import ReportingSettings
from shared.bus.base import Message
from shared.consumer.parked import list_parked, skip_parked
from shared.consumer.projection import live_generation
from shared.events import Envelope, Recorded
from shared.events.cloudevents import encode
from shared.events.topics import TOPICS, topic_of
from shared.ids import new_id
from shared.paging import Paging
from shared.runtime import Service
from shared.testing.settle import eventually
from tests.reporting.story import Q1, Story, amended, at, eventful


@pytest.fixture
async def service(database_url: str, tmp_path: Path) -> AsyncIterator[Service]:
    service = create_service(ReportingSettings(data=tmp_path, database_url=database_url))
    async with service.running("worker"):
        await service.bus.create_topics(TOPICS)
        yield service


async def publish(service: Service, events: Sequence[Recorded[Any]]) -> None:
    messages = [_message(service, event) for event in events if event.data.type in board.event_types()]
    assert all(await service.bus.publish(messages))


async def settled(service: Service) -> None:
    """Until the live consumers have read everything."""
    await eventually(lambda: _nothing_left(service), "not everything was read")


async def _nothing_left(service: Service) -> bool:
    return (await service.work_left())["lag"] == 0


async def generation_of(service: Service) -> int:
    async with service.database.read() as connection:
        return await live_generation(connection, CONSUMING, board.name)


async def live_hash(service: Service) -> str:
    async with service.database.read() as connection:
        return (await hash_rows(connection, board, await live_generation(connection, CONSUMING, board.name)))[1]


async def test_a_rebuild_gives_the_same_rows(service: Service) -> None:
    await publish(service, eventful().events)
    await settled(service)
    before = await live_hash(service)
    rebuilt = await rebuild(service, board)
    assert rebuilt.hash == rebuilt.replaced_hash == before == await live_hash(service)
    assert (rebuilt.generation, await generation_of(service)) == (2, 2)
    assert rebuilt.rows > 10


async def test_a_rebuild_of_an_amended_plan_gives_the_same_rows(service: Service) -> None:
    await publish(service, amended().events)
    await settled(service)
    rebuilt = await rebuild(service, board)
    assert rebuilt.hash == rebuilt.replaced_hash
    assert rebuilt.rows > 20


async def test_the_live_consumer_writes_to_the_new_generation(service: Service) -> None:
    story = eventful()
    await publish(service, story.events)
    await settled(service)
    await rebuild(service, board)
    story.events.clear()
    story.submit("3", "commerce", Q1, at("2024-04-11"))
    await publish(service, story.events)
    await settled(service)
    assert await states_of(service, "commerce", generation=2) == ["submitted"]
    assert await states_of(service, "commerce", generation=1) == []


async def test_a_second_rebuild_keeps_one_old_generation(service: Service) -> None:
    await publish(service, eventful().events)
    await settled(service)
    first = await rebuild(service, board)
    second = await rebuild(service, board)
    assert (second.generation, second.hash) == (3, first.hash)
    assert await states_of(service, "luohu", generation=2) == ["submitted", "accepted"]
    assert await states_of(service, "luohu", generation=1) == []


async def test_events_that_arrive_meanwhile_are_in_both(service: Service) -> None:
    story = eventful()
    await publish(service, story.events)
    running = asyncio.create_task(rebuild(service, board))
    story.events.clear()
    story.submit("3", "commerce", Q1, at("2024-04-11"))
    await publish(service, story.events)
    rebuilt = await running
    assert rebuilt.hash == rebuilt.replaced_hash
    await settled(service)
    assert await states_of(service, "commerce", generation=2) == ["submitted"]


async def test_a_parked_event_keeps_the_old_generation_in_place(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuilding, "PATIENCE_SECONDS", 0.5)
    await publish(service, poisoned().events)
    await settled(service)
    with pytest.raises(RebuildCannotSwap, match="events are parked"):
        await rebuild(service, board)
    assert await generation_of(service) == 1


async def test_what_was_skipped_on_record_is_left_out_again(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    await publish(service, poisoned().events)
    await settled(service)
    with monkeypatch.context() as impatient:
        impatient.setattr(rebuilding, "PATIENCE_SECONDS", 0.5)
        with pytest.raises(RebuildCannotSwap):
            await rebuild(service, board)
    await skip_first_parked(service)
    rebuilt = await rebuild(service, board)
    assert rebuilt.hash == rebuilt.replaced_hash
    assert await generation_of(service) == 2


async def test_once_the_handler_is_mended_a_rebuild_that_parked_an_event_succeeds(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    await publish(service, eventful().events)
    await settled(service)
    with monkeypatch.context() as broken:
        broken.setattr(rebuilding, "PATIENCE_SECONDS", 0.5)
        broken.setitem(reports.folds, ReportAccepted, fail)
        with pytest.raises(RebuildCannotSwap, match="parked in the new generation alone"):
            await rebuild(service, board)
    rebuilt = await rebuild(service, board)
    assert rebuilt.hash == rebuilt.replaced_hash
    assert await generation_of(service) == 2


async def test_after_a_failure_nothing_is_kept_of_what_the_broken_handlers_made(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    await publish(service, eventful().events)
    await settled(service)
    with monkeypatch.context() as broken:
        broken.setattr(rebuilding, "PATIENCE_SECONDS", 0.5)
        broken.setitem(reports.folds, ReportAccepted, lambda parts, _event: parts)
        broken.setitem(assignments.folds, AssignmentAcknowledged, fail)
        with pytest.raises(RebuildCannotSwap):
            await rebuild(service, board)
    assert await states_of(service, "luohu", generation=2) == ["submitted", "submitted"]
    rebuilt = await rebuild(service, board)
    assert rebuilt.hash == rebuilt.replaced_hash
    assert await states_of(service, "luohu", generation=2) == ["submitted", "accepted"]


async def test_a_handler_that_fails_again_is_told_again(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    await publish(service, eventful().events)
    await settled(service)
    monkeypatch.setattr(rebuilding, "PATIENCE_SECONDS", 0.5)
    monkeypatch.setitem(reports.folds, ReportAccepted, fail)
    for _ in range(2):
        with pytest.raises(RebuildCannotSwap, match="parked in the new generation alone"):
            await rebuild(service, board)
    assert await generation_of(service) == 1


async def test_large_old_generations_go_piece_by_piece(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebuilding, "DROPPED_AT_ONCE", 2)
    monkeypatch.setattr(rebuilding, "HASHED_AT_ONCE", 3)
    await publish(service, eventful().events)
    await settled(service)
    first = await rebuild(service, board)
    second = await rebuild(service, board)
    assert second.hash == first.hash == await live_hash(service)
    assert await states_of(service, "luohu", generation=1) == []
    assert await states_of(service, "luohu", generation=2) == ["submitted", "accepted"]


async def test_commands_go_on_while_the_generations_are_compared(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    comparing, written = asyncio.Event(), asyncio.Event()

    async def hash_while_others_write(*given: Any) -> tuple[int, str]:
        comparing.set()
        await asyncio.wait_for(written.wait(), 10)
        return await hash_rows(*given)

    story = eventful()
    await publish(service, story.events)
    await settled(service)
    monkeypatch.setattr(rebuilding, "hash_rows", hash_while_others_write)
    running = asyncio.create_task(rebuild(service, board))
    await asyncio.wait_for(comparing.wait(), 20)
    story.events.clear()
    story.submit("3", "commerce", Q1, at("2024-04-11"))
    await publish(service, story.events)
    await settled(service)
    written.set()
    rebuilt = await running
    assert rebuilt.hash == rebuilt.replaced_hash
    assert await states_of(service, "commerce", generation=2) == ["submitted"]


async def test_an_unreadable_record_that_was_skipped_is_left_out_again(service: Service) -> None:
    await publish(service, eventful().events)
    assert all(await service.bus.publish([Message(topic_of("task"), "x", new_id(), (), b"not an event")]))
    await settled(service)
    await skip_first_parked(service)
    rebuilt = await rebuild(service, board)
    assert rebuilt.hash == rebuilt.replaced_hash


def fail(_parts: Any, _event: Any) -> Any:
    raise ZeroDivisionError("a handler of this build is wrong")


def poisoned() -> Story:
    """An acknowledgement of an assignment that was never issued cannot be shown."""
    story = eventful()
    story.acknowledge("99", "futian", at("2024-04-01"))
    return story


async def skip_first_parked(service: Service) -> None:
    async with service.database.write() as connection:
        row = (await list_parked(connection, CONSUMING, Paging(1), consumer=board.name)).items[0]
        left = await skip_parked(
            connection, CONSUMING, board, row["subject"], row["version"], "made by mistake", "admin"
        )
    assert left == 0


async def states_of(service: Service, unit: str, generation: int) -> list[str]:
    r = report_history.c
    async with service.database.read() as connection:
        found = await connection.execute(
            select(r.state).where(r.unit == unit, r.generation == generation).order_by(r.version)
        )
        return list(found.scalars())


def _message(service: Service, event: Recorded[Any]) -> Message:
    envelope = Envelope(
        id=event.id,
        type=event.data.type,
        schema_version=event.data.version,
        source="/duban/task",
        subject=event.subject,
        time=event.time,
        aggregate_version=event.version,
        partition_key=event.data.plan,
        actor=event.actor,
        correlation_id="",
        causation_id="",
        traceparent="",
        data=event.data.model_dump_json().encode(),
    )
    headers, value = encode(envelope, service.bus.mode)
    return Message(topic_of("task"), envelope.partition_key, envelope.id, headers, value)
