"""The whole service running: from records on the bus to a message in the folder."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from contracts.names import Role
from services.notification import delivery
from services.notification.mailing import QuietTimes
from shared.bus.base import Message
from shared.clock import system_now
from shared.events import Envelope, Recorded
from shared.events.cloudevents import encode
from shared.events.topics import topic_of
from shared.testing.settle import PATIENCE_SECONDS, eventually, settle
from tests.notification.desk import Desk

MOMENT = timedelta(milliseconds=20)


async def publish(desk: Desk, service: str, events: Sequence[Recorded[Any]]) -> None:
    bus = desk.service.bus
    messages = []
    for event in events:
        envelope = Envelope(
            id=event.id,
            type=event.data.type,
            schema_version=event.data.version,
            source=f"/duban/{service}",
            subject=event.subject,
            time=event.time,
            aggregate_version=event.version,
            partition_key="sz-cbec-2022",
            actor="",
            correlation_id="",
            causation_id="",
            traceparent="",
            data=event.data.model_dump_json().encode(),
        )
        messages.append(Message(topic_of(service), "sz-cbec-2022", event.id, *encode(envelope, bus.mode)))
    assert all(await bus.publish(messages))


async def rests(resting: Sequence[float]) -> bool:
    return len(resting) == 1


async def has_mail(desk: Desk, count: int) -> bool:
    return len(desk.mail()) >= count


def note_rests(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long each of the worker's rests may last, noted as it begins."""
    rests: list[float] = []
    rest = desk.worker._rest

    async def noted(seconds: float) -> None:
        rests.append(seconds)
        await rest(seconds)

    monkeypatch.setattr(desk.worker, "_rest", noted)
    return rests


@pytest.mark.parametrize(
    "desk", ["sqlite"], indirect=True
)  # on PostgreSQL a wake-up may precede the commit; the poll is short there
async def test_an_event_becomes_a_mail_without_waiting_for_the_next_poll(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "EMBEDDED_POLL_SECONDS", 60.0)
    desk.worker.system_now, desk.worker.quiet = system_now, QuietTimes(MOMENT, MOMENT)
    resting = note_rests(desk, monkeypatch)
    async with desk.service.running("worker"):
        await eventually(lambda: rests(resting), "the worker does not rest")
        await publish(desk, "task", [desk.story.returned()])
        await eventually(lambda: has_mail(desk, 1), "no mail came")
    assert len(desk.mail()) == 1


async def test_what_is_published_is_delivered_once_and_the_service_settles(desk: Desk) -> None:
    desk.worker.system_now, desk.worker.quiet = system_now, QuietTimes(MOMENT, MOMENT)
    async with desk.service.running("worker"):
        events = [desk.story.issued(measure) for measure in ("15", "16", "17")]
        late = desk.story.rung(1, Role.UNIT_HEAD, measure="16")
        await publish(desk, "task", [*events, *events, desk.story.returned(), late])
        await eventually(lambda: has_mail(desk, 3), "no three mails came")
        await settle(desk.service)
    assert len(await desk.inbox("futian")) == 4
    assert len(desk.mail_to("futian-head")) == 1
    assert len(await desk.events("notice.sent")) == 10


@pytest.mark.parametrize("desk", ["sqlite"], indirect=True)
async def test_a_loop_that_misses_its_cancellation_ends_all_the_same(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = asyncio.Event()

    async def connect_slowly() -> None:
        started.set()
        with suppress(asyncio.CancelledError):  # as a driver does that was just about to time out
            await asyncio.Event().wait()
        await asyncio.Event().wait()

    monkeypatch.setattr(desk.worker, "run", connect_slowly)
    async with asyncio.timeout(PATIENCE_SECONDS), desk.service.running("worker"):
        await started.wait()
