"""The relay: everything that was committed reaches the bus, in order per key, whatever fails in between."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.bus import Bus, Record
from shared.db import Database
from shared.errors import Unavailable
from shared.event_log.relay import LEASE_SECONDS, LONG_AGO, Relay, measure
from shared.events.cloudevents import decode
from shared.events.envelope import Envelope
from shared.events.topics import topic_of
from shared.testing.settle import PATIENCE_SECONDS, eventually
from tests.shared.moody_bus import MoodyBus
from tests.shared.parcels import EVENT_LOG, Parcel, Parcels, positions

NOBODY = "postgresql://duban@127.0.0.1:1/duban"
LEASE = EVENT_LOG.lease


def relay_of(parcels: Parcels, bus: Bus | MoodyBus | None = None) -> Relay:
    """A relay as another process of the service would start it."""
    return Relay(parcels.service.name, parcels.database, EVENT_LOG, bus or parcels.bus)  # type: ignore[arg-type]


async def drain(relay: Relay) -> None:
    while await relay.relay_once():
        pass


async def on_bus(parcels: Parcels) -> dict[str, list[Envelope]]:
    """What the bus holds, by key, in its order."""
    topic = topic_of(parcels.service.name)
    ends = await parcels.bus.end_offsets([topic])
    reader = await parcels.bus.subscribe("test", [topic])
    for partition in ends:
        await reader.seek(partition, 0)
    records: list[Record] = []
    while len(records) < sum(ends.values()):
        for found in (await reader.fetch(5000, 1.0)).values():
            records += found
    await reader.close()
    by_key = defaultdict(list)
    for record in records:
        by_key[record.key or ""].append(decode(record.headers, record.value))
    return dict(by_key)


async def versions_on_bus(parcels: Parcels) -> dict[str, list[int]]:
    """The versions of each subject in the order in which the bus first holds them."""
    versions: dict[str, list[int]] = {}
    for envelopes in (await on_bus(parcels)).values():
        for envelope in envelopes:
            versions.setdefault(envelope.subject, []).append(envelope.aggregate_version)
    return {subject: list(dict.fromkeys(of)) for subject, of in versions.items()}


async def lapse(parcels: Parcels) -> None:
    """Let the lease run out, as time would."""
    async with parcels.database.write() as connection:
        await connection.execute(update(LEASE).values(until=LONG_AGO))


@asynccontextmanager
async def running(relay: Relay) -> AsyncIterator[None]:
    task = asyncio.create_task(relay.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def sent(parcels: Parcels, count: int) -> None:
    """Returns when so many events are marked as sent and none waits."""

    async def all_sent() -> bool:
        return await parcels.count(EVENT_LOG.outbox) == 0 and await parcels.count(EVENT_LOG.published) == count

    await eventually(all_sent, "the relay did not send everything")


async def assert_everything_is_sent_once(parcels: Parcels) -> None:
    """Outbox empty, positions gapless, and each logged event published under exactly one of them."""
    logged = {row["event_id"] for row in await parcels.rows(EVENT_LOG.log)}
    published = await parcels.rows(EVENT_LOG.published, "position")
    assert await parcels.count(EVENT_LOG.outbox) == 0
    assert positions(published) == list(range(1, len(logged) + 1))
    assert {row["event_id"] for row in published} == logged
    assert {envelope.id for envelopes in (await on_bus(parcels)).values() for envelope in envelopes} == logged


# --- sending --------------------------------------------------------------------------------------


async def test_what_was_committed_reaches_the_bus_byte_for_byte_and_leaves_the_outbox(parcels: Parcels) -> None:
    parcel = await parcels.move(await parcels.send(), "wuhan")
    await drain(relay_of(parcels))

    ((key, (first, second)),) = (await on_bus(parcels)).items()
    logged = await parcels.rows(EVENT_LOG.log, "seq")
    assert key == "north"
    assert [first.data, second.data] == [row["payload"] for row in logged]
    assert [first.canonical_attributes(), second.canonical_attributes()] == [row["attributes"] for row in logged]
    assert second.subject == parcel.subject
    await assert_everything_is_sent_once(parcels)


async def test_events_of_a_key_keep_the_order_in_which_they_were_committed(parcels: Parcels) -> None:
    async with parcels.service.write() as work:
        await work.add_all(Parcel.send(route=f"route-{n % 5}") for n in range(1200))  # more than two batches
    await drain(relay_of(parcels))

    logged = defaultdict(list)
    for row in await parcels.rows(EVENT_LOG.log, "seq"):
        logged[row["partition_key"]].append(row["event_id"])
    assert {key: [envelope.id for envelope in of] for key, of in (await on_bus(parcels)).items()} == logged
    await assert_everything_is_sent_once(parcels)


async def test_with_nothing_to_send_the_bus_is_left_alone(parcels: Parcels) -> None:
    bus = MoodyBus(parcels.bus)
    assert await relay_of(parcels, bus).relay_once() == 0
    assert bus.publishes == 0


# --- a bus that refuses ---------------------------------------------------------------------------


async def test_behind_a_refused_event_its_key_waits_and_the_others_go_on(parcels: Parcels) -> None:
    north = await parcels.move(await parcels.send(route="north"), "wuhan", "beijing")
    south = await parcels.move(await parcels.send(route="south"), "wuhan")
    second_of_north = [row["event_id"] for row in await parcels.rows(EVENT_LOG.log, "seq")][1]
    bus = MoodyBus(parcels.bus)
    bus.takes = lambda message: message.event_id != second_of_north
    relay = relay_of(parcels, bus)

    assert await relay.relay_once() == 3
    assert await versions_on_bus(parcels) == {north.subject: [1], south.subject: [1, 2]}

    bus.takes = lambda _message: True
    await drain(relay)
    assert await versions_on_bus(parcels) == {north.subject: [1, 2, 3], south.subject: [1, 2]}
    await assert_everything_is_sent_once(parcels)


async def test_an_event_whose_acknowledgement_is_lost_counts_as_unsent_with_all_that_follow_it(
    parcels: Parcels,
) -> None:
    parcel = await parcels.move(await parcels.send(), "wuhan", "beijing")
    second = [row["event_id"] for row in await parcels.rows(EVENT_LOG.log, "seq")][1]
    bus = MoodyBus(parcels.bus)
    bus.answers = lambda message: message.event_id != second

    relay = relay_of(parcels, bus)
    assert await relay.relay_once() == 1
    assert await parcels.count(EVENT_LOG.outbox) == 2

    bus.answers = lambda _message: True
    await drain(relay)
    assert await versions_on_bus(parcels) == {parcel.subject: [1, 2, 3]}
    await assert_everything_is_sent_once(parcels)


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_the_bus_refuses_or_forgets_to_acknowledge_order_is_kept_and_nothing_is_lost(
    parcels: Parcels, seed: int
) -> None:
    chance = Random(seed)
    expected: dict[str, list[int]] = {}
    for n in range(6):
        parcel = await parcels.move(await parcels.send(route=f"route-{n % 3}"), "wuhan", "beijing")
        expected[parcel.subject] = [1, 2, 3]
    bus = MoodyBus(parcels.bus)
    bus.takes = lambda _message: chance.random() < 0.7
    bus.answers = lambda _message: chance.random() < 0.7
    relay = relay_of(parcels, bus)

    while await parcels.count(EVENT_LOG.outbox):
        await relay.relay_once()

    assert await versions_on_bus(parcels) == expected
    await assert_everything_is_sent_once(parcels)


async def test_a_running_relay_tries_again_until_the_bus_takes_everything(parcels: Parcels) -> None:
    bus = MoodyBus(parcels.bus)
    bus.takes = lambda _message: bus.publishes > 2
    await parcels.send()

    async with running(relay_of(parcels, bus)):
        await sent(parcels, 1)
    assert bus.publishes == 3


# --- one sender -----------------------------------------------------------------------------------


async def test_while_one_relay_holds_the_lease_a_second_one_sends_nothing(parcels: Parcels) -> None:
    first, second_bus = relay_of(parcels), MoodyBus(parcels.bus)
    await drain(first)
    await parcels.send()

    assert await relay_of(parcels, second_bus).relay_once() is None
    assert second_bus.publishes == 0
    assert await first.relay_once() == 1


async def test_after_the_lease_has_lapsed_another_relay_takes_over_with_the_next_epoch(parcels: Parcels) -> None:
    first, second = relay_of(parcels), relay_of(parcels)
    await drain(first)
    await parcels.send()
    await lapse(parcels)

    assert await second.relay_once() == 1
    assert (first.epoch, second.epoch) == (1, 2)
    await assert_everything_is_sent_once(parcels)


async def test_of_two_relays_that_start_at_once_one_gets_the_lease(parcels: Parcels) -> None:
    await parcels.send()
    results = await asyncio.gather(*(relay_of(parcels).relay_once() for _ in range(2)))

    assert sorted(results, key=str) == [1, None]
    await assert_everything_is_sent_once(parcels)


async def test_a_relay_that_lost_its_lease_while_it_published_marks_nothing(parcels: Parcels) -> None:
    await parcels.send()
    bus = MoodyBus(parcels.bus)
    stale, successor = relay_of(parcels, bus), relay_of(parcels)

    async def lose_the_lease() -> None:
        await lapse(parcels)
        await drain(successor)
        await parcels.send()

    bus.after_publish = lose_the_lease
    await stale.relay_once()

    assert stale.epoch is None
    assert await parcels.count(EVENT_LOG.outbox) == 1
    assert positions(await parcels.rows(EVENT_LOG.published)) == [1]
    assert await stale.relay_once() is None
    await drain(successor)
    await assert_everything_is_sent_once(parcels)


async def test_a_relay_that_takes_over_between_publish_and_mark_sends_again_and_positions_stay_gapless(
    parcels: Parcels,
) -> None:
    parcel = await parcels.move(await parcels.send(), "wuhan")
    bus = MoodyBus(parcels.bus)
    stale, successor = relay_of(parcels, bus), relay_of(parcels)
    bus.after_publish = lambda: lapse_and_take(parcels, successor)
    await stale.relay_once()
    await drain(successor)

    assert await versions_on_bus(parcels) == {parcel.subject: [1, 2]}
    await assert_everything_is_sent_once(parcels)


async def lapse_and_take(parcels: Parcels, successor: Relay) -> None:
    await lapse(parcels)
    held = MoodyBus(parcels.bus)
    held.takes = lambda _message: False
    successor.bus = held  # type: ignore[assignment]
    await successor.relay_once()  # it holds the lease now and has sent nothing
    successor.bus = parcels.bus


async def test_a_relay_that_is_stopped_gives_the_lease_back(parcels: Parcels) -> None:
    async with running(relay_of(parcels)):
        await parcels.send()
        await sent(parcels, 1)
    await parcels.send()

    assert await relay_of(parcels).relay_once() == 1


async def test_a_relay_that_knows_itself_alone_does_not_wait_for_the_lease_of_a_dead_one(parcels: Parcels) -> None:
    await drain(relay_of(parcels))  # and then its process is killed
    await parcels.send()
    restarted = relay_of(parcels)
    restarted.alone = True

    assert await restarted.relay_once() == 1
    assert restarted.epoch == 2


async def test_a_relay_that_knows_itself_alone_hardly_ever_renews_its_lease(
    parcels: Parcels, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay = relay_of(parcels)
    relay.alone = True
    assert await relay.relay_once() == 0
    (before,) = await parcels.rows(EVENT_LOG.lease)
    monkeypatch.setattr(relay, "_lease_until", relay._lease_until - LEASE_SECONDS)
    assert await relay.relay_once() == 0
    (after,) = await parcels.rows(EVENT_LOG.lease)
    assert after == before


# --- a database that is lost ----------------------------------------------------------------------


async def test_when_the_database_is_lost_between_publish_and_mark_the_same_is_sent_again(parcels: Parcels) -> None:
    parcel = await parcels.move(await parcels.send(), "wuhan")
    bus = MoodyBus(parcels.bus)
    relay, lost = relay_of(parcels, bus), Database(NOBODY)

    async def lose_the_database() -> None:
        relay.database = lost

    bus.after_publish = lose_the_database
    with pytest.raises(Unavailable):
        await relay.relay_once()
    relay.database = parcels.database
    assert await parcels.count(EVENT_LOG.published) == 0

    await drain(relay)
    assert await versions_on_bus(parcels) == {parcel.subject: [1, 2]}
    await assert_everything_is_sent_once(parcels)
    await lost.close()


async def test_a_running_relay_waits_for_its_database_and_goes_on(parcels: Parcels) -> None:
    bus, lost = MoodyBus(parcels.bus), Database(NOBODY)
    relay = relay_of(parcels, bus)

    async def lose_the_database() -> None:
        relay.database = lost

    bus.after_publish = lose_the_database
    await parcels.send()
    async with running(relay):
        await eventually(lambda: said(relay.database is lost), "nothing was published")
        relay.database = parcels.database
        await sent(parcels, 1)
    await lost.close()


async def said(holds: bool) -> bool:
    return holds


# --- promptness -----------------------------------------------------------------------------------


async def test_a_commit_wakes_a_resting_relay(parcels: Parcels) -> None:
    relay = parcels.service.relay
    relay.poll_seconds = 3600
    async with running(relay):
        await asyncio.wait_for(relay.idle.wait(), PATIENCE_SECONDS)
        await parcels.send()
        await sent(parcels, 1)


async def test_a_commit_just_after_the_relay_has_looked_is_not_overlooked(
    parcels: Parcels, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay, its_own = parcels.service.relay, Database(parcels.database.url)
    relay.poll_seconds, relay.database, read = 3600, its_own, its_own.read
    looked = False

    @asynccontextmanager
    async def read_then_commit() -> AsyncIterator[AsyncConnection]:
        nonlocal looked
        async with read() as connection:
            yield connection
        if not looked:
            looked = True
            await parcels.send()

    monkeypatch.setattr(its_own, "read", read_then_commit)
    async with running(relay):
        await eventually(lambda: said(looked), "the relay did not look")
        await sent(parcels, 1)
    await its_own.close()


# --- what an operator sees ------------------------------------------------------------------------


async def test_what_waits_is_measured_by_the_machines_clock_also_in_a_demo_of_another_year(parcels: Parcels) -> None:
    await parcels.send()  # in April 2024
    assert await measure(parcels.database, EVENT_LOG, "parcels") == 1
    assert 0 <= metric("duban_relay_oldest_seconds") < 60
    assert metric("duban_relay_pending") == 1

    await drain(relay_of(parcels))
    assert await measure(parcels.database, EVENT_LOG, "parcels") == 0
    assert metric("duban_relay_oldest_seconds") == 0


def metric(name: str) -> float:
    value = REGISTRY.get_sample_value(name, {"service": "parcels"})
    assert value is not None
    return value


async def test_an_event_that_left_the_outbox_by_another_hand_gets_no_position(parcels: Parcels) -> None:
    await parcels.move(await parcels.send(), "wuhan")
    bus = MoodyBus(parcels.bus)
    relay = relay_of(parcels, bus)

    async def take_one_out() -> None:
        async with parcels.database.write() as connection:
            await connection.execute(delete(EVENT_LOG.outbox).where(EVENT_LOG.outbox.c.seq == 1))

    bus.after_publish = take_one_out
    await relay.relay_once()
    assert positions(await parcels.rows(EVENT_LOG.published)) == [1]
