"""A service as a whole: what was committed is applied by its consumers, and it starts and stops whatever is missing."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import delete, text

from shared.bus import BusUnavailable
from shared.bus.embedded import EmbeddedBus
from shared.clock import ClockCannotGoBack, DemoClock
from shared.event_log.ahead import BusIsAhead
from shared.event_log.verify import verify_chains
from shared.events.topics import topic_of
from shared.runtime import Service
from shared.settings import ServiceSettings
from shared.testing.events import envelope, message
from shared.testing.settle import eventually, settle
from tests.shared.moody_bus import MoodyBus
from tests.shared.parcels import (
    APPLIED,
    CLOCK,
    CONSUMING,
    EVENT_LOG,
    PARCELS,
    STAYS,
    WHEREABOUTS,
    Parcel,
    ParcelMoved,
    Parcels,
    create_parcels,
)

# --- from commit to row ---------------------------------------------------------------------------


async def test_what_is_committed_is_applied_by_every_consumer(whole_parcels: Parcels) -> None:
    parcels = whole_parcels
    async with parcels.service.running():
        first = await parcels.move(await parcels.send(route="north"), "wuhan", "beijing")
        second = await parcels.send("guangzhou", route="south")
        await settle(parcels.service)

    assert await parcels.applied() == {first.subject: [1, 2, 3], second.subject: [1]}
    assert {row["subject"]: row["place"] for row in await parcels.rows(WHEREABOUTS)} == {
        first.subject: "beijing",
        second.subject: "guangzhou",
    }
    assert await parcels.count(STAYS) == 4


async def test_a_restart_repeats_nothing_and_takes_up_what_was_left(whole_parcels: Parcels) -> None:
    parcels = whole_parcels
    async with parcels.service.running():
        parcel = await parcels.send()
        await settle(parcels.service)
    await parcels.move(parcel, "wuhan")

    again = create_parcels(parcels.database.url, parcels.bus, parcels.service.settings.data, parcels.service.name)
    async with again.service.running():
        await settle(again.service)

    assert await parcels.applied() == {parcel.subject: [1, 2]}


async def test_work_of_a_web_process_is_sent_and_applied_by_a_worker_process(whole_parcels: Parcels) -> None:
    web = whole_parcels
    worker = create_parcels(web.database.url, web.bus, web.service.settings.data, web.service.name)
    async with web.service.running("web"):
        parcel = await web.send()
        async with worker.service.running("worker"):
            await settle(worker.service)

    assert await web.applied() == {parcel.subject: [1]}


async def test_a_web_process_neither_sends_nor_consumes(parcels: Parcels) -> None:
    async with parcels.service.running("web"):
        await parcels.send()
        left = await parcels.service.work_left()

    assert left == {"outbox": 1, "lag": 0, "waiting": 0}
    assert await parcels.count(EVENT_LOG.lease) == 0


async def test_under_load_every_event_is_applied_once_and_the_chains_verify(whole_parcels: Parcels) -> None:
    parcels = whole_parcels

    async def journey(number: int) -> Parcel:
        return await parcels.move(await parcels.send(route=f"route-{number % 5}"), *"abcd")

    async with parcels.service.running():
        sent = await asyncio.gather(*(journey(number) for number in range(30)))
        await settle(parcels.service)

    assert await parcels.applied() == {parcel.subject: [1, 2, 3, 4, 5] for parcel in sent}
    async with parcels.database.read() as connection:
        result = await verify_chains(connection, EVENT_LOG, {"parcel": PARCELS})
    assert (result.events, result.aggregates, result.broken) == (150, 30, [])


# --- what is left to do ---------------------------------------------------------------------------


async def test_the_service_says_what_is_still_to_do(parcels: Parcels) -> None:
    await parcels.move(await parcels.send(), "wuhan")
    assert await parcels.service.work_left() == {"outbox": 2, "lag": 0, "waiting": 0}
    while await parcels.service.relay.relay_once():
        pass
    assert await parcels.service.work_left() == {"outbox": 0, "lag": 4, "waiting": 0}  # of two consumers


async def test_the_metric_of_parked_events_falls_to_zero_when_nothing_is_parked_any_more(parcels: Parcels) -> None:
    lonely = envelope(ParcelMoved(place="x"), "parcel/a", 2, service="parcels")
    first = envelope(ParcelMoved(place="x"), "parcel/a", 1, service="parcels")
    async with parcels.service.running():
        await parcels.bus.publish([message(lonely, parcels.bus.mode)])
        await eventually(lambda: waiting_is(parcels, 2), "nothing waits")
        assert metric("waiting") == 1
        await parcels.bus.publish([message(first, parcels.bus.mode)])
        await eventually(lambda: waiting_is(parcels, 0), "it still waits")
    assert metric("waiting") == 0


async def waiting_is(parcels: Parcels, count: int) -> bool:
    return (await parcels.service.work_left())["waiting"] == count


def metric(reason: str) -> float | None:
    return REGISTRY.get_sample_value("duban_parked", {"consumer": "parcels.journal", "reason": reason})


# --- a bus that is away or ahead ------------------------------------------------------------------


class AwayBus(MoodyBus):
    """A bus that does not answer until it is told to."""

    away = True

    async def reachable(self) -> bool:
        return not self.away

    async def end_offsets(self, topics: list[str]) -> object:
        if self.away:
            raise BusUnavailable
        return await self._behind.end_offsets(topics)


async def test_without_a_bus_the_service_starts_accepts_work_and_sends_it_when_the_bus_returns(
    parcels: Parcels,
) -> None:
    bus = AwayBus(parcels.bus)
    parcels.service.bus = parcels.service.relay.bus = bus  # type: ignore[assignment]
    async with parcels.service.running():
        parcel = await parcels.send()
        assert bus.publishes == 0
        bus.away = False
        await settle(parcels.service)

    assert await parcels.applied() == {parcel.subject: [1]}


async def forget_last_event(parcels: Parcels) -> None:
    """As a restored older backup would: everything is there but the newest."""
    async with parcels.database.write() as connection:
        if parcels.database.is_sqlite:
            await connection.execute(text("DROP TRIGGER event_log_no_delete"))
        else:
            await connection.execute(text("ALTER TABLE event_log DISABLE TRIGGER ALL"))
        await connection.execute(delete(EVENT_LOG.log).where(EVENT_LOG.log.c.seq == 2))


async def test_a_restored_database_that_is_behind_its_bus_is_refused_at_start(whole_parcels: Parcels) -> None:
    parcels = whole_parcels
    async with parcels.service.running():
        await parcels.move(await parcels.send(), "wuhan")
        await settle(parcels.service)
    await forget_last_event(parcels)

    restored = create_parcels(parcels.database.url, parcels.bus, parcels.service.settings.data, parcels.service.name)
    with pytest.raises(BusIsAhead) as refused:
        async with restored.service.running():
            pass
    assert refused.value.status == 503
    assert topic_of(parcels.service.name) in refused.value.sentence("zh")


async def test_a_bus_that_turns_out_to_be_ahead_when_it_returns_gets_nothing_more(parcels: Parcels) -> None:
    async with parcels.service.running():
        await parcels.move(await parcels.send(), "wuhan")
        await settle(parcels.service)
    await forget_last_event(parcels)
    bus = AwayBus(parcels.bus)
    restored = create_parcels(parcels.database.url, parcels.bus, parcels.service.settings.data)
    restored.service.bus = restored.service.relay.bus = bus  # type: ignore[assignment]

    async with restored.service.running():
        await restored.send("beijing")
        bus.away = False
        await eventually(lambda: has_problem(restored.service), "nobody noticed")
    assert "never wrote" in restored.service.problem
    assert bus.publishes == 0


async def has_problem(service: Service) -> bool:
    return bool(service.problem)


async def test_a_database_that_has_everything_of_the_bus_may_start_also_with_events_unsent(parcels: Parcels) -> None:
    async with parcels.service.running():
        await parcels.send()
        await settle(parcels.service)
    await parcels.send()

    async with parcels.service.running():
        await settle(parcels.service)
    assert await parcels.count(APPLIED) == 2


async def test_a_bus_that_was_thrown_away_can_be_filled_from_the_log_and_nothing_is_applied_twice(
    parcels: Parcels, tmp_path: Path
) -> None:
    async with parcels.service.running():
        parcel = await parcels.move(await parcels.send(), "wuhan")
        await settle(parcels.service)
    bus = EmbeddedBus(tmp_path / "new-bus.db")
    await bus.start()
    await bus.create_topics({topic_of("parcels"): 3})
    async with parcels.database.write() as connection:  # what a restore does: republish, offsets to 0, keep key_state
        log = EVENT_LOG.log
        for table in (EVENT_LOG.published, CONSUMING.offset):
            await connection.execute(delete(table))
        again = log.select().with_only_columns(log.c.seq, log.c.event_id)
        await connection.execute(EVENT_LOG.outbox.insert().from_select(["seq", "event_id"], again))
    restored = create_parcels(parcels.database.url, bus, tmp_path)
    async with restored.service.running():
        await settle(restored.service)
        await restored.move(parcel, "beijing")
        await settle(restored.service)
    await bus.stop()

    assert await parcels.applied() == {parcel.subject: [1, 2, 3]}


# --- loops that fail ------------------------------------------------------------------------------


class Stumbling:
    """A worker whose first run fails."""

    name = "stumbling"
    runs = 0

    async def run(self) -> None:
        self.runs += 1
        if self.runs == 1:
            raise ZeroDivisionError
        await asyncio.Event().wait()

    def wake(self) -> None:
        raise AssertionError("nobody was to wake it")

    async def work_left(self, connection: object, now: datetime) -> int:
        return int(self.runs < 2)

    async def next_due(self, connection: object, now: datetime) -> datetime | None:
        return now + timedelta(days=self.runs)


async def test_a_loop_that_fails_is_started_again(parcels: Parcels) -> None:
    worker = Stumbling()
    parcels.service.workers.append(worker)
    async with parcels.service.running():
        await settle(parcels.service)
        assert worker.runs == 2


async def test_the_next_thing_due_is_the_earliest_of_all_workers(parcels: Parcels) -> None:
    near, far = Stumbling(), Stumbling()
    near.runs, far.runs = 1, 9
    parcels.service.workers += [far, near]
    assert await parcels.service.next_due() == parcels.clock.shows + timedelta(days=1)


async def test_a_service_that_was_stopped_runs_nothing_any_more(parcels: Parcels) -> None:
    async with parcels.service.running():
        assert [task for task in asyncio.all_tasks() if task.get_name().startswith("parcels:")]

    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("parcels:")]


# --- the demo's clock -----------------------------------------------------------------------------

STARTS = datetime(2023, 12, 1, 1, 0, tzinfo=UTC)


async def test_the_demo_clock_stands_still_moves_forward_and_survives_restarts(parcels: Parcels) -> None:
    clock, to = DemoClock(CLOCK, STARTS), STARTS + timedelta(days=3)
    async with parcels.database.write() as connection:
        assert await clock.now(connection) == STARTS
        await clock.advance(connection, to)
        await clock.advance(connection, to)

    restarted = DemoClock(CLOCK, STARTS)
    async with parcels.database.read() as connection:
        assert await restarted.now(connection) == to
    with pytest.raises(ClockCannotGoBack):
        async with parcels.database.write() as connection:
            await restarted.advance(connection, STARTS)


async def test_only_a_demo_has_a_clock_that_can_be_moved(tmp_path: Path) -> None:
    def clock_of(**settings: bool) -> object:
        return Service.create(
            "parcels", ServiceSettings(data=tmp_path, **settings), tables=EVENT_LOG, consuming=CONSUMING, clock=CLOCK
        ).clock

    assert isinstance(clock_of(demo=True), DemoClock)
    assert not isinstance(clock_of(demo=False), DemoClock)
