"""The runner: every event applied once and in order, whoever else runs, whatever fails, and nobody else waits for it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.bus import Message, TopicPartition
from shared.bus.partitions import partition_of
from shared.consumer import runner as runner_module
from shared.consumer.parked import list_parked
from shared.consumer.runner import BREAKER_FAILURES, Runner
from shared.consumer.standing import read_offsets
from shared.db import Database
from shared.errors import Unavailable
from shared.events.envelope import Envelope
from shared.events.event import Event, Recorded
from shared.events.topics import topic_of
from shared.ids import new_id
from shared.paging import Paging
from shared.testing.events import envelope, message
from shared.testing.settle import eventually
from tests.shared.parcels import CONSUMING, PARTITIONS, Journal, ParcelMoved, Parcels, ParcelWeighed

NOBODY = "postgresql://duban@127.0.0.1:1/duban"
A, B, C = "parcel/a", "parcel/b", "parcel/c"


# --- what tests of the runner say -----------------------------------------------------------------


def moved(subject: str, version: int, place: str = "wuhan", *, key: str = "north", **changed: Any) -> Envelope:
    return envelope(ParcelMoved(place=place), subject, version, partition_key=key, service="parcels", **changed)


def poison_at(subject: str, version: int) -> Callable[[Recorded[Event]], None]:
    """A bug in a handler that one event meets."""

    def check(event: Recorded[Event]) -> None:
        if (event.subject, event.version) == (subject, version):
            raise ZeroDivisionError

    return check


async def publish(parcels: Parcels, *sent: Envelope) -> None:
    """As the service's relay would, whatever its name."""
    name = parcels.service.name
    messages = [message(each, parcels.bus.mode) for each in sent]
    placed = [Message(topic_of(name), m.key, m.event_id, m.headers, m.value) for m in messages]
    assert all(await parcels.bus.publish(placed))


@asynccontextmanager
async def running(*runners: Runner) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(runner.run()) for runner in runners]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def read_all(parcels: Parcels, runner: Runner) -> None:
    """Returns when the consumer's stored offsets have reached the ends of its topics."""

    async def level() -> bool:
        async with parcels.database.read() as connection:
            stored = await read_offsets(connection, CONSUMING, runner.consumer.name)
        ends = await parcels.bus.end_offsets(runner.consumer.topics)
        return all(stored.get(place, 0) >= end for place, end in ends.items())

    await eventually(level, "the runner did not come to the end")


async def run_through(parcels: Parcels, journal: Journal | None = None) -> Runner:
    """A runner of a process that starts, reads everything, and ends."""
    runner = parcels.runner(journal)
    async with running(runner):
        await read_all(parcels, runner)
    return runner


async def parked(parcels: Parcels) -> list[tuple[str, int, str]]:
    async with parcels.database.read() as connection:
        page = await list_parked(connection, CONSUMING, Paging(200))
    return [(row["subject"], row["version"], row["reason"]) for row in page.items]


def place_of(key: str, parcels: Parcels) -> TopicPartition:
    return TopicPartition(topic_of(parcels.service.name), partition_of(key, PARTITIONS))


# --- once and in order ----------------------------------------------------------------------------


async def test_events_are_applied_in_order_and_a_restart_goes_on_where_the_database_stands(
    whole_parcels: Parcels,
) -> None:
    parcels = whole_parcels
    await publish(parcels, moved(A, 1), moved(B, 1, key="south"), moved(A, 2))
    await run_through(parcels)
    await publish(parcels, moved(A, 3), moved(B, 2, key="south"))
    await run_through(parcels)

    assert await parcels.applied() == {A: [1, 2, 3], B: [1, 2]}


async def test_events_that_are_delivered_again_from_the_first_change_nothing(whole_parcels: Parcels) -> None:
    parcels = whole_parcels
    await publish(parcels, *(moved(A, n) for n in range(1, 150)))
    await run_through(parcels)
    async with parcels.database.write() as connection:
        await connection.execute(update(CONSUMING.offset).values(next_offset=0))
    await run_through(parcels)

    assert await parcels.applied() == {A: list(range(1, 150))}
    assert await parked(parcels) == []


async def test_a_type_that_the_consumer_does_not_want_is_passed_by_and_the_next_version_is_applied(
    parcels: Parcels,
) -> None:
    weighed = envelope(ParcelWeighed(grams=1), A, 2, partition_key="north", service="parcels")
    await publish(parcels, moved(A, 1), weighed, moved(A, 3))
    await run_through(parcels)

    assert await parcels.applied() == {A: [1, 3]}
    assert await parked(parcels) == []


async def test_a_gap_waits_for_what_is_missing_and_then_heals_in_order(whole_parcels: Parcels) -> None:
    parcels = whole_parcels
    await publish(parcels, moved(A, 1), moved(A, 3), moved(A, 4), moved(B, 1))
    await run_through(parcels)
    assert await parcels.applied() == {A: [1], B: [1]}
    assert await parked(parcels) == [(A, 3, "waiting"), (A, 4, "waiting")]

    await publish(parcels, moved(A, 2), moved(A, 5))
    await run_through(parcels)
    assert await parcels.applied() == {A: [1, 2, 3, 4, 5], B: [1]}
    assert await parked(parcels) == []


async def test_a_gap_that_closes_within_one_batch_heals_too(parcels: Parcels) -> None:
    await publish(parcels, moved(A, 2), moved(A, 1))
    await run_through(parcels)

    assert await parcels.applied() == {A: [1, 2]}
    assert await parked(parcels) == []


# --- two runners ----------------------------------------------------------------------------------


async def test_a_runner_whose_offset_is_stale_changes_nothing_and_goes_on_from_the_database(
    parcels: Parcels,
) -> None:
    await publish(parcels, moved(A, 1))
    zombie = parcels.runner()
    async with running(zombie):
        await read_all(parcels, zombie)
        async with parcels.database.write() as connection:  # another runner applied two more meanwhile
            offset = CONSUMING.offset.c
            await connection.execute(
                update(CONSUMING.offset)
                .where(offset.partition == place_of("north", parcels).partition)
                .values(next_offset=3)
            )
            await connection.execute(update(CONSUMING.key_state).values(last_version=3, last_event_id=new_id()))
        await publish(parcels, moved(A, 2), moved(A, 3), moved(A, 4))
        await read_all(parcels, zombie)

    assert await parcels.applied() == {A: [1, 4]}


async def test_two_runners_that_both_believe_to_own_a_partition_apply_each_event_once(parcels: Parcels) -> None:
    """Two embedded buses on one file know nothing of each other, so both members get all partitions."""
    from shared.bus.embedded import EmbeddedBus

    other_bus = EmbeddedBus(parcels.service.settings.data / "bus.db")
    await other_bus.start()
    other = Runner(parcels.journal, parcels.database, CONSUMING, other_bus)
    first = parcels.runner()
    async with running(first, other):
        for start in range(1, 200, 20):
            await publish(parcels, *(moved(A, n) for n in range(start, start + 20)))
            await read_all(parcels, first)
    await other_bus.stop()

    assert await parcels.applied() == {A: list(range(1, 201))}


async def test_when_members_come_and_go_nothing_is_applied_twice_or_left_out(whole_parcels: Parcels) -> None:
    parcels = whole_parcels
    keys = ["north", "south", "east", "west"]
    expected: dict[str, list[int]] = {}

    async def publish_round(number: int) -> None:
        for key in keys:
            expected.setdefault(f"parcel/{key}", []).append(number)
        await publish(parcels, *(moved(f"parcel/{key}", number, key=key) for key in keys))

    first, second = parcels.runner(), parcels.runner()
    async with running(first):
        await publish_round(1)
        await read_all(parcels, first)
        async with running(second):
            await publish_round(2)
            await publish_round(3)
            await read_all(parcels, first)
        await publish_round(4)
        await read_all(parcels, first)

    assert await parcels.applied() == expected


# --- failures -------------------------------------------------------------------------------------


async def test_a_poison_event_parks_its_aggregate_alone_and_the_others_go_on_in_the_same_batch(
    whole_parcels: Parcels,
) -> None:
    parcels = whole_parcels
    parcels.journal.before = poison_at(A, 2)
    await publish(parcels, moved(A, 1), moved(A, 2), moved(B, 1), moved(A, 3), moved(B, 2), moved(C, 1))
    await run_through(parcels)

    assert await parcels.applied() == {A: [1], B: [1, 2], C: [1]}
    assert await parked(parcels) == [(A, 2, "failed"), (A, 3, "waiting")]


async def test_events_that_come_later_queue_behind_the_poison_one(parcels: Parcels) -> None:
    parcels.journal.before = poison_at(A, 1)
    await publish(parcels, moved(A, 1))
    await run_through(parcels)
    await publish(parcels, moved(A, 2), moved(B, 1))
    await run_through(parcels)

    assert await parcels.applied() == {B: [1]}
    assert await parked(parcels) == [(A, 1, "failed"), (A, 2, "waiting")]


async def test_another_event_with_a_version_that_was_applied_raises_the_alarm_and_holds_its_aggregate(
    whole_parcels: Parcels,
) -> None:
    parcels = whole_parcels
    await publish(parcels, moved(A, 1), moved(A, 2))
    await run_through(parcels)
    await publish(parcels, moved(A, 2, "beijing"), moved(A, 3), moved(B, 1))
    await run_through(parcels)

    assert await parcels.applied() == {A: [1, 2], B: [1]}
    assert await parked(parcels) == [(A, 2, "fork"), (A, 3, "waiting")]


async def test_of_two_events_that_wait_with_one_version_the_second_is_a_fork(parcels: Parcels) -> None:
    await publish(parcels, moved(A, 2, "wuhan"), moved(A, 2, "beijing"), moved(A, 3))
    await run_through(parcels)
    await publish(parcels, moved(A, 1))
    await run_through(parcels)

    assert await parcels.applied() == {A: [1, 2]}
    assert await parked(parcels) == [(A, 2, "fork"), (A, 3, "waiting")]


@pytest.mark.parametrize("value", [b"\x00\xff not an event", b""])
async def test_a_record_that_is_no_event_is_parked_and_nothing_waits_for_it(parcels: Parcels, value: bytes) -> None:
    garbage = Message(topic_of("parcels"), "north", new_id(), (("content-type", b"text/plain"),), value)
    await publish(parcels, moved(A, 1))
    assert await parcels.bus.publish([garbage]) == [True]
    await publish(parcels, moved(A, 2))
    await run_through(parcels)

    assert await parcels.applied() == {A: [1, 2]}
    assert [(version, reason) for _, version, reason in await parked(parcels)] == [(1, "undecodable")]


async def test_data_that_breaks_the_contract_parks_its_aggregate(parcels: Parcels) -> None:
    await publish(parcels, moved(A, 1, data=b'{"place":7}'), moved(A, 2), moved(B, 1))
    await run_through(parcels)

    assert await parcels.applied() == {B: [1]}
    assert await parked(parcels) == [(A, 1, "failed"), (A, 2, "waiting")]


async def test_a_text_that_postgres_refuses_parks_its_aggregate_and_nothing_else(parcels: Parcels) -> None:
    def refuse(event: Recorded[Event]) -> None:
        if event.subject == A:
            raise ValueError("a zero \x00 character")

    parcels.journal.before = refuse
    await publish(parcels, moved(A, 1), moved(B, 1))
    await run_through(parcels)

    assert await parcels.applied() == {B: [1]}
    assert await parked(parcels) == [(A, 1, "failed")]


async def test_what_needs_a_newer_build_waits_and_is_applied_in_order_when_that_build_starts(
    parcels: Parcels, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shared.events.event import registered

    newer = moved(A, 2, schema_version="2.0")
    await publish(parcels, moved(A, 1), newer, moved(A, 3), moved(B, 1))
    await run_through(parcels)
    assert await parked(parcels) == [(A, 2, "needs-upgrade"), (A, 3, "waiting")]

    await run_through(parcels)  # the same build again can do no more
    assert await parcels.applied() == {A: [1], B: [1]}

    monkeypatch.setitem(registered(), ("parcel.moved", 2), ParcelMoved)
    runner = parcels.runner()
    async with running(runner):
        await eventually(lambda: nothing_parked(parcels), "the newer build did not take up what was parked")
    assert await parcels.applied() == {A: [1, 2, 3], B: [1]}


async def nothing_parked(parcels: Parcels) -> bool:
    return not await parked(parcels)


# --- what passes by itself ------------------------------------------------------------------------


async def test_a_transient_error_parks_nothing_and_is_tried_again(
    parcels: Parcels, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = 3

    def busy(_event: Recorded[Event]) -> None:
        nonlocal left
        left -= 1
        if left >= 0:
            raise Unavailable

    monkeypatch.setattr(runner_module, "MAX_BACKOFF_SECONDS", 0.02)
    parcels.journal.before = busy
    await publish(parcels, moved(A, 1), moved(B, 1))
    await run_through(parcels)

    assert left == -2  # three refusals, then each event once
    assert await parcels.applied() == {A: [1], B: [1]}
    assert await parked(parcels) == []


async def test_a_lost_database_parks_nothing_and_the_runner_goes_on_when_it_returns(
    parcels: Parcels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "MAX_BACKOFF_SECONDS", 0.05)
    monkeypatch.setattr(runner_module, "FETCH_SECONDS", 0.05)
    lost = Database(NOBODY)
    runner = parcels.runner()
    runner.database = lost
    await publish(parcels, moved(A, 1))
    async with running(runner):
        runner.database = parcels.database
        await read_all(parcels, runner)
        runner.database = lost
        await publish(parcels, moved(A, 2), moved(A, 3))
        await eventually(lambda: backs_off(runner), "the runner did not notice that its database is lost")
        runner.database = parcels.database
        await read_all(parcels, runner)
    await lost.close()

    assert await parcels.applied() == {A: [1, 2, 3]}
    assert await parked(parcels) == []


async def backs_off(runner: Runner) -> bool:
    return bool(runner.backoff)


async def test_waits_grow_and_are_forgotten_after_a_success(parcels: Parcels, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    def busy(_event: Recorded[Event]) -> None:
        waits.extend(runner.backoff.values())
        if len(waits) < 3:
            raise Unavailable

    monkeypatch.setattr(runner_module, "MAX_BACKOFF_SECONDS", 0.5)
    runner = parcels.runner(Journal(before=busy))
    await publish(parcels, moved(A, 1))
    async with running(runner):
        await read_all(parcels, runner)
        assert waits[:2] == [0.2, 0.4]
        assert runner.backoff == {}


async def test_a_commit_whose_answer_was_lost_is_not_applied_twice(
    parcels: Parcels, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, lost = parcels.database.write, 0

    @asynccontextmanager
    async def write_and_lose_the_answer() -> AsyncIterator[AsyncConnection]:
        nonlocal lost
        async with write() as connection:
            yield connection
        lost += 1
        if lost == 2:  # the first transaction loads the offsets
            raise Unavailable

    monkeypatch.setattr(parcels.database, "write", write_and_lose_the_answer)
    await publish(parcels, moved(A, 1))
    await run_through(parcels)
    await publish(parcels, moved(A, 2))
    await run_through(parcels)

    assert await parcels.applied() == {A: [1, 2]}


async def test_pauses_of_an_old_assignment_do_not_lose_records_of_the_new_one(parcels: Parcels) -> None:
    """A partition that waited when the group changed must be read from where the database stands."""
    fails = True

    def busy(_event: Recorded[Event]) -> None:
        if fails:
            raise Unavailable

    first = parcels.runner(Journal(before=busy))
    await publish(parcels, moved(A, 1), moved(A, 2))
    async with running(first):
        await eventually(lambda: backs_off(first), "nothing failed")
        first.paused = {place: until + 3600 for place, until in first.paused.items()}
        async with running(parcels.runner(Journal(before=busy))):
            await eventually(lambda: shares(first, PARTITIONS), "the group did not change")
        fails = False
        await read_all(parcels, first)

    assert await parcels.applied() == {A: [1, 2]}


async def test_a_pause_that_comes_after_the_group_changed_does_not_outlast_the_old_assignment(parcels: Parcels) -> None:
    """A batch is being applied while the group changes, then fails: its partition waits in the new assignment."""

    @dataclass
    class Overtaken(Journal):
        fails: bool = True

        async def apply(self, connection: Any, events: Sequence[Recorded[Event]]) -> None:
            if self.fails:
                self.fails = False
                await (await parcels.bus.subscribe(self.name, self.topics)).close()
                raise Unavailable
            await Journal.apply(self, connection, events)

    await publish(parcels, moved(A, 1), moved(A, 2))
    await run_through(parcels, Overtaken(topics=parcels.journal.topics))

    assert await parcels.applied() == {A: [1, 2]}


async def shares(runner: Runner, all_partitions: int) -> bool:
    return 0 < len(runner.stored) < all_partitions


# --- the breaker ----------------------------------------------------------------------------------


def fail_all(_event: Recorded[Event]) -> None:
    raise ZeroDivisionError


def many(count: int, start: int = 0) -> Sequence[Envelope]:
    return [moved(f"parcel/{n}", 1) for n in range(start, start + count)]


async def test_failures_in_a_row_stop_the_partition_before_everything_is_parked(parcels: Parcels) -> None:
    place = place_of("north", parcels)
    runner = parcels.runner(Journal(before=fail_all))
    await publish(parcels, *many(40))
    async with running(runner):
        await eventually(lambda: is_stopped(runner, place), "the breaker did not open")
        assert len(await parked(parcels)) == BREAKER_FAILURES
        assert runner.stored[place] == BREAKER_FAILURES

        runner.paused[place] = 0  # its time is over: one more failure is enough
        await eventually(lambda: has_parked(parcels, BREAKER_FAILURES + 1), "it was not tried again")
        await eventually(lambda: is_stopped(runner, place), "the breaker did not open again")
        assert len(await parked(parcels)) == BREAKER_FAILURES + 1


async def test_after_a_stop_a_mended_build_takes_the_rest_in_order(parcels: Parcels) -> None:
    runner = parcels.runner(Journal(before=fail_all))
    await publish(parcels, *many(40))
    async with running(runner):
        await eventually(lambda: is_stopped(runner, place_of("north", parcels)), "the breaker did not open")
    await run_through(parcels)

    assert list(await parcels.applied()) == [f"parcel/{n}" for n in range(BREAKER_FAILURES, 40)]
    assert len(await parked(parcels)) == BREAKER_FAILURES


async def test_a_stopped_partition_leaves_the_others_running(parcels: Parcels) -> None:
    def fail_north(event: Recorded[Event]) -> None:
        if event.subject != B:
            raise ZeroDivisionError

    south = next(key for key in ("s1", "s2", "s3", "s4") if place_of(key, parcels) != place_of("north", parcels))
    runner = parcels.runner(Journal(before=fail_north))
    async with running(runner):
        await publish(parcels, *many(20))
        await eventually(lambda: is_stopped(runner, place_of("north", parcels)), "the breaker did not open")
        await publish(parcels, moved(B, 1, key=south))
        await eventually(lambda: has_applied(parcels, {B: [1]}), "the other partition waits too")


async def test_failures_among_successes_stop_nothing(parcels: Parcels) -> None:
    def fail_every_other(event: Recorded[Event]) -> None:
        if int(event.subject.rpartition("/")[2]) % 2:
            raise ZeroDivisionError

    parcels.journal.before = fail_every_other
    await publish(parcels, *many(60))
    runner = await run_through(parcels)

    assert not runner.stopped
    assert len(await parked(parcels)) == len(await parcels.applied()) == 30


async def test_a_producer_of_nothing_but_garbage_stops_the_partition_too(parcels: Parcels) -> None:
    runner = parcels.runner()
    garbage = [Message(topic_of("parcels"), "north", new_id(), (), b"?") for _ in range(40)]
    assert all(await parcels.bus.publish(garbage))
    async with running(runner):
        await eventually(lambda: is_stopped(runner, place_of("north", parcels)), "the breaker did not open")

    assert len(await parked(parcels)) == BREAKER_FAILURES


async def is_stopped(runner: Runner, place: TopicPartition) -> bool:
    return place in runner.stopped


async def has_parked(parcels: Parcels, count: int) -> bool:
    return len(await parked(parcels)) >= count


async def has_applied(parcels: Parcels, expected: dict[str, list[int]]) -> bool:
    return await parcels.applied() == expected


# --- a log that was cut ---------------------------------------------------------------------------


async def test_a_partition_whose_next_record_is_gone_stands_still_and_the_others_go_on(
    whole_parcels: Parcels,
) -> None:
    parcels = whole_parcels
    south = next(key for key in ("s1", "s2", "s3", "s4") if place_of(key, parcels) != place_of("north", parcels))
    await publish(parcels, moved(A, 1))
    await run_through(parcels)
    async with parcels.database.write() as connection:  # a database of another, longer log
        await connection.execute(
            update(CONSUMING.offset)
            .where(CONSUMING.offset.c.partition == place_of("north", parcels).partition)
            .values(next_offset=100)
        )
    runner = parcels.runner()
    async with running(runner):
        await eventually(lambda: stands_still(runner), "nobody noticed")
        await publish(parcels, moved(A, 2), moved(B, 1, key=south))
        await eventually(lambda: has_applied(parcels, {A: [1], B: [1]}), "the other partition waits too")


async def stands_still(runner: Runner) -> bool:
    return bool(runner.outside)
