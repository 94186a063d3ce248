"""The event log: what a command writes, in one transaction, and what the audit trail proves."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import delete, insert, make_url, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.errors import VersionConflict
from shared.event_log import loaded
from shared.event_log.chain import link
from shared.event_log.relay import Relay
from shared.event_log.verify import START, Broken, Place, Verification, verify_chains, verify_page
from shared.event_log.work import Cause, EventTooLarge, UnitOfWork
from shared.testing.clocks import APRIL
from tests.shared.parcels import EVENT_LOG, PARCELS, Parcel, ParcelMoved, Parcels, ParcelSent

LOG = EVENT_LOG.log
EMPTY = b""


async def verified(parcels: Parcels) -> list[Broken]:
    async with parcels.database.read() as connection:
        return (await verify_chains(connection, EVENT_LOG, {"parcel": PARCELS})).broken


async def tamper(parcels: Parcels, *statements: Any) -> None:
    """As somebody with the database's own rights would: the rules are taken off first."""
    async with parcels.database.write() as connection:
        for rule in await _rules(connection):
            await connection.execute(text(rule))
        for statement in statements:
            await connection.execute(statement)


async def _rules(connection: AsyncConnection) -> list[str]:
    if connection.dialect.name == "sqlite":
        return ["DROP TRIGGER event_log_no_update", "DROP TRIGGER event_log_no_delete"]
    return ["ALTER TABLE event_log DISABLE TRIGGER ALL"]


# --- writing --------------------------------------------------------------------------------------


async def test_a_command_writes_the_change_its_event_and_what_is_to_be_sent(parcels: Parcels) -> None:
    parcel = await parcels.send("shenzhen", route="north")
    await parcels.move(parcel, "wuhan")

    stored = await parcels.load(parcel.id)
    first, second = await parcels.rows(LOG, "seq")
    assert (stored.place, stored.version, stored.head) == ("wuhan", 2, second["hash"])
    assert [first["type"], second["type"]] == ["parcel.sent", "parcel.moved"]
    assert second["partition_key"] == "north"
    assert [row["event_id"] for row in await parcels.rows(EVENT_LOG.outbox, "seq")] == [
        first["event_id"],
        second["event_id"],
    ]


async def test_the_chain_is_the_documented_hash_of_what_is_stored(parcels: Parcels) -> None:
    parcel = await parcels.move(await parcels.send(), "wuhan")

    first, second = await parcels.rows(LOG, "seq")
    for row, previous in ((first, EMPTY), (second, first["hash"])):
        parts = previous, sha256(row["attributes"]).digest(), sha256(row["payload"]).digest()
        assert row["hash"] == sha256(b"".join(parts)).digest()
        assert row["prev"] == previous
    assert orjson.loads(second["attributes"]) == {
        "specversion": "1.0",
        "id": str(second["event_id"]),
        "type": "parcel.moved",
        "source": "/duban/parcels",
        "subject": f"parcel/{parcel.id}",
        "time": "2024-04-08T01:00:00Z",
        "datacontenttype": "application/json",
        "dataschema": "urn:duban:event:parcel.moved:1.0",
        "aggregateversion": "2",
        "partitionkey": "north",
        "actor": "system",
    }
    assert second["payload"] == b'{"place":"wuhan"}'


async def test_an_event_says_who_acted_and_why(parcels: Parcels) -> None:
    cause = Cause("futian", "request-7", "event-3", "00-aa-bb-01")
    async with parcels.service.write(cause) as work:
        await work.add(*Parcel.send())

    (row,) = await parcels.rows(LOG)
    said = orjson.loads(row["attributes"])
    assert [said[name] for name in ("actor", "correlationid", "causationid", "traceparent")] == [
        "futian",
        "request-7",
        "event-3",
        "00-aa-bb-01",
    ]


async def test_one_record_may_carry_several_events_and_each_takes_the_next_version(parcels: Parcels) -> None:
    parcel = await parcels.send()
    async with parcels.service.write() as work:
        parcel = await _load(work, parcel.id)
        await work.record(parcel, parcel.move_and_weigh("wuhan", 500))

    rows = await parcels.rows(LOG, "seq")
    assert [(row["type"], row["aggregate_version"]) for row in rows] == [
        ("parcel.sent", 1),
        ("parcel.moved", 2),
        ("parcel.weighed", 3),
    ]
    assert (await parcels.load(parcel.id)).version == 3
    assert await verified(parcels) == []


async def test_an_aggregate_may_be_recorded_again_in_the_same_transaction(parcels: Parcels) -> None:
    async with parcels.service.write() as work:
        parcel = await work.add(*Parcel.send("shenzhen"))
        await work.record(parcel, parcel.move("wuhan"))
        await work.record(parcel, parcel.move("beijing"))

    stored = await parcels.load(parcel.id)
    assert (stored.place, stored.version) == ("beijing", 3)
    assert await verified(parcels) == []


async def test_many_aggregates_change_at_once_each_with_its_own_events(parcels: Parcels) -> None:
    """Some of them in other columns than the others."""
    sent = [await parcels.send(place) for place in ("shenzhen", "wuhan", "beijing")]
    async with parcels.service.write() as work:
        first, second, third = [await _load(work, parcel.id) for parcel in sent]
        await work.record_all(
            [
                (third, third.move("harbin")),
                (first, first.move_and_weigh("lhasa", 500)),
                (second, second.move("urumqi")),
            ]
        )

    stored = [await parcels.load(parcel.id) for parcel in sent]
    assert [(parcel.place, parcel.version) for parcel in stored] == [("lhasa", 3), ("urumqi", 2), ("harbin", 2)]
    rows = (await parcels.rows(LOG, "seq"))[3:]
    assert [row["type"] for row in rows] == ["parcel.moved", "parcel.moved", "parcel.weighed", "parcel.moved"]
    assert await parcels.count(EVENT_LOG.outbox) == 7
    assert await verified(parcels) == []


async def test_nothing_changes_where_nothing_is_given(parcels: Parcels) -> None:
    async with parcels.service.write() as work:
        await work.record_all([])
    assert await parcels.count(LOG) == 0


async def test_fifteen_hundred_aggregates_are_born_at_once_in_the_order_given(parcels: Parcels) -> None:
    async with parcels.service.write() as work:
        born = [Parcel.send(f"place-{n}", route=f"route-{n % 7}") for n in range(1500)]
        await work.add_all(born)

    rows = await parcels.rows(LOG, "seq")
    assert [row["subject"] for row in rows] == [parcel.subject for parcel, _ in born]
    assert [row["event_id"] for row in await parcels.rows(EVENT_LOG.outbox, "seq")] == [row["event_id"] for row in rows]
    assert await parcels.count(PARCELS) == 1500
    assert await verified(parcels) == []


async def test_others_get_their_turn_while_many_are_born(parcels: Parcels) -> None:
    turns = 0

    async def take_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with parcels.service.write() as work:
        other = asyncio.create_task(take_turns())
        await work.add_all(Parcel.send(f"place-{n}") for n in range(1500))
        other.cancel()

    assert turns >= 3


async def test_nothing_to_add_writes_nothing(parcels: Parcels) -> None:
    async with parcels.service.write() as work:
        await work.add_all([])

    assert await parcels.count(LOG) == 0


# --- refusals -------------------------------------------------------------------------------------


async def test_of_two_changes_of_the_same_version_the_second_is_refused_and_leaves_no_trace(parcels: Parcels) -> None:
    parcel = await parcels.send("shenzhen")
    other = await parcels.load(parcel.id)
    await parcels.move(parcel, "wuhan")

    with pytest.raises(VersionConflict):
        async with parcels.service.write() as work:
            await work.record(other, other.move("beijing"))

    assert (await parcels.load(parcel.id)).place == "wuhan"
    assert await parcels.count(LOG) == 2


async def test_a_conflict_with_several_events_leaves_no_trace(parcels: Parcels) -> None:
    parcel = await parcels.send("shenzhen")
    other = await parcels.load(parcel.id)
    await parcels.move(parcel, "wuhan")

    with pytest.raises(VersionConflict):
        async with parcels.service.write() as work:
            await work.record(other, other.move_and_weigh("beijing", 1))

    assert await parcels.count(LOG) == 2


async def test_of_changes_at_the_same_time_one_wins_and_the_others_are_refused(parcels: Parcels) -> None:
    parcel = await parcels.send("shenzhen")
    seen = [await parcels.load(parcel.id) for _ in range(8)]

    async def move(mine: Parcel, place: str) -> None:
        async with parcels.service.write() as work:
            await work.record(mine, mine.move(place))

    results = await asyncio.gather(*(move(mine, f"place-{n}") for n, mine in enumerate(seen)), return_exceptions=True)

    assert sorted(type(result).__name__ for result in results) == ["NoneType", *["VersionConflict"] * 7]
    assert [row["aggregate_version"] for row in await parcels.rows(LOG, "seq")] == [1, 2]
    assert await verified(parcels) == []


async def test_an_event_that_the_bus_could_not_carry_is_refused_when_it_is_written(parcels: Parcels) -> None:
    with pytest.raises(EventTooLarge) as refused:
        async with parcels.service.write() as work:
            await work.add(*Parcel.send("长" * 90_000))

    assert refused.value.status == 413
    assert await parcels.count(PARCELS) == 0


async def test_event_time_never_decreases_within_an_aggregate(parcels: Parcels) -> None:
    parcel = await parcels.send()
    parcels.clock.shows = APRIL - timedelta(hours=1)
    await parcels.move(parcel, "wuhan")
    await parcels.send("beijing")

    times = [row["time"] for row in await parcels.rows(LOG, "seq")]
    assert times == [APRIL, APRIL, APRIL - timedelta(hours=1)]


# --- the commit -----------------------------------------------------------------------------------


async def test_before_the_commit_nobody_sees_anything(parcels: Parcels) -> None:
    async with parcels.service.write() as work:
        await work.add(*Parcel.send())
        assert await parcels.count(LOG) == await parcels.count(EVENT_LOG.outbox) == 0

    assert await parcels.count(LOG) == await parcels.count(EVENT_LOG.outbox) == 1


async def test_a_command_that_raises_leaves_nothing(parcels: Parcels) -> None:
    async def fail() -> None:
        async with parcels.service.write() as work:
            await work.add(*Parcel.send())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()

    assert await parcels.count(PARCELS) == await parcels.count(LOG) == await parcels.count(EVENT_LOG.outbox) == 0


async def test_a_cancelled_command_leaves_nothing_and_frees_the_database(parcels: Parcels) -> None:
    async def hang() -> None:
        async with parcels.service.write() as work:
            await work.add(*Parcel.send())
            recorded.set()
            await asyncio.Event().wait()

    for _ in range(25):  # more than the pool has connections
        recorded = asyncio.Event()
        hanging = asyncio.create_task(hang())
        await recorded.wait()
        hanging.cancel()
        with pytest.raises(asyncio.CancelledError):
            await hanging

    await parcels.send()
    assert await parcels.count(LOG) == 1


async def test_the_relay_is_woken_after_the_commit_and_only_when_something_was_recorded(parcels: Parcels) -> None:
    relay = parcels.service.relay
    relay.idle.set()
    async with parcels.service.write():
        pass
    assert relay.idle.is_set()

    async with parcels.service.write() as work:
        await work.add(*Parcel.send())
        assert relay.idle.is_set()
    assert not relay.idle.is_set()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_when_the_relay_is_woken_the_events_are_there(parcels: Parcels, monkeypatch: pytest.MonkeyPatch) -> None:
    unsent: list[int] = []

    def look(_relay: Relay) -> None:
        with closing(sqlite3.connect(str(make_url(parcels.database.url).database))) as other_process:
            unsent.extend(other_process.execute("SELECT count(*) FROM outbox").fetchone())

    monkeypatch.setattr(Relay, "wake", look)
    await parcels.send()
    assert unsent == [1]


# --- append-only ----------------------------------------------------------------------------------


@pytest.mark.parametrize("attack", [update(LOG).values(payload=b"{}"), delete(LOG)], ids=["update", "delete"])
async def test_the_database_refuses_to_change_the_log(parcels: Parcels, attack: Any) -> None:
    await parcels.send()

    with pytest.raises(DBAPIError, match="append-only"):
        async with parcels.database.write() as connection:
            await connection.execute(attack)

    assert await verified(parcels) == []


@pytest.mark.parametrize("database_url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True)
async def test_the_database_refuses_to_empty_the_log(parcels: Parcels) -> None:
    await parcels.send()

    with pytest.raises(DBAPIError, match="append-only"):
        async with parcels.database.write() as connection:
            await connection.execute(text("TRUNCATE event_log"))


# --- verification ---------------------------------------------------------------------------------

Damage = Callable[[Any], Any]


async def two_parcels(parcels: Parcels) -> tuple[Parcel, Parcel]:
    first, second = await parcels.send(), await parcels.send()
    return await parcels.move(first, "wuhan", "beijing"), await parcels.move(second, "wuhan")


def of(parcel: Parcel, version: int) -> Any:
    return (LOG.c.subject == parcel.subject) & (LOG.c.aggregate_version == version)


async def test_an_untouched_log_verifies(parcels: Parcels) -> None:
    await two_parcels(parcels)
    async with parcels.database.read() as connection:
        result = await verify_chains(connection, EVENT_LOG, {"parcel": PARCELS})

    assert (result.events, result.aggregates, result.broken) == (5, 2, [])


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("payload", b'{"place":"nowhere"}'),
        ("attributes", b"{}"),
        ("hash", bytes(32)),
        ("prev", bytes(32)),
        ("event_id", UUID(int=7)),
        ("type", "parcel.lost"),
        ("partition_key", "south"),
        ("time", APRIL + timedelta(days=1)),
    ],
)
async def test_a_changed_event_is_found_and_named(parcels: Parcels, column: str, value: Any) -> None:
    parcel, _ = await two_parcels(parcels)
    await tamper(parcels, update(LOG).where(of(parcel, 2)).values({column: value}))

    (broken,) = await verified(parcels)
    assert (broken.subject, broken.version) == (parcel.subject, 2)


async def test_an_event_that_was_changed_together_with_its_hash_is_found_by_the_next_one(parcels: Parcels) -> None:
    parcel, _ = await two_parcels(parcels)
    (row,) = [
        row for row in await parcels.rows(LOG) if (row["subject"], row["aggregate_version"]) == (parcel.subject, 2)
    ]
    forged = {"payload": b'{"place":"nowhere"}'}
    forged["hash"] = link(row["prev"], row["attributes"], forged["payload"])
    await tamper(parcels, update(LOG).where(of(parcel, 2)).values(forged))

    (broken,) = await verified(parcels)
    assert (broken.subject, broken.version, broken.problem) == (
        parcel.subject,
        3,
        "does not follow the event before it",
    )


async def test_a_deleted_event_is_found_where_it_is_missing(parcels: Parcels) -> None:
    parcel, _ = await two_parcels(parcels)
    await tamper(parcels, delete(LOG).where(of(parcel, 2)))

    (broken,) = await verified(parcels)
    assert (broken.subject, broken.version, broken.problem) == (parcel.subject, 3, "version 2 is missing")


async def test_a_cut_tail_is_found_by_the_head_beside_the_version(parcels: Parcels) -> None:
    parcel, _ = await two_parcels(parcels)
    await tamper(parcels, delete(LOG).where(of(parcel, 3)))

    (broken,) = await verified(parcels)
    assert (broken.subject, broken.version) == (parcel.subject, 3)
    assert "tail was cut" in broken.problem


async def test_a_log_without_any_event_of_an_aggregate_is_found(parcels: Parcels) -> None:
    parcel, _ = await two_parcels(parcels)
    await tamper(parcels, delete(LOG).where(LOG.c.subject == parcel.subject))

    (broken,) = await verified(parcels)
    assert broken.subject == parcel.subject


async def test_events_whose_aggregate_was_deleted_are_found(parcels: Parcels) -> None:
    parcel, _ = await two_parcels(parcels)
    await tamper(parcels, delete(PARCELS).where(PARCELS.c.id == parcel.id))

    (broken,) = await verified(parcels)
    assert (broken.subject, broken.version) == (parcel.subject, 3)


async def test_an_event_moved_to_another_aggregate_is_found(parcels: Parcels) -> None:
    parcel, other = await two_parcels(parcels)
    await tamper(
        parcels,
        update(LOG).where(of(parcel, 3)).values(subject=other.subject),
    )

    found = {broken.subject for broken in await verified(parcels)}
    assert found == {parcel.subject, other.subject}


async def test_each_broken_aggregate_is_named_once(parcels: Parcels) -> None:
    first, second = await two_parcels(parcels)
    await tamper(parcels, update(LOG).where(LOG.c.aggregate_version > 1).values(payload=b"{}"))

    assert {(broken.subject, broken.version) for broken in await verified(parcels)} == {
        (first.subject, 2),
        (second.subject, 2),
    }


async def test_an_event_slipped_in_is_found(parcels: Parcels) -> None:
    parcel, other = await two_parcels(parcels)
    (row,) = [
        row for row in await parcels.rows(LOG) if row["subject"] == other.subject and row["aggregate_version"] == 2
    ]
    forged = {**row, "seq": 1000, "event_id": UUID(int=1), "subject": parcel.subject, "aggregate_version": 4}
    await tamper(parcels, insert(LOG).values(forged))

    (broken,) = await verified(parcels)
    assert (broken.subject, broken.version) == (parcel.subject, 4)


@pytest.mark.parametrize("limit", [1, 2, 3])
async def test_a_walk_in_small_steps_finds_what_a_walk_in_large_ones_finds(parcels: Parcels, limit: int) -> None:
    changed, cut = await two_parcels(parcels)
    gone, emptied, sound = await parcels.send(), await parcels.send(), await parcels.move(await parcels.send(), "wuhan")
    await tamper(
        parcels,
        update(LOG).where(LOG.c.subject == changed.subject, LOG.c.aggregate_version < 3).values(payload=b"{}"),
        delete(LOG).where(of(cut, 2)),
        delete(PARCELS).where(PARCELS.c.id == gone.id),
        delete(LOG).where(LOG.c.subject == emptied.subject),
    )
    async with parcels.database.read() as connection:
        large = await verify_chains(connection, EVENT_LOG, {"parcel": PARCELS})
        small = await verify_chains(connection, EVENT_LOG, {"parcel": PARCELS}, limit)
    assert small == large
    assert sorted(broken.subject for broken in small.broken) == sorted(
        parcel.subject for parcel in (changed, cut, gone, emptied)
    )
    assert (small.events, small.aggregates) == (3 + 1 + 1 + 2, 4)
    assert sound.subject not in {broken.subject for broken in small.broken}


async def test_what_is_added_behind_a_walk_is_for_the_next_one(parcels: Parcels) -> None:
    first, second = sorted(await two_parcels(parcels), key=lambda parcel: parcel.subject)
    page = await verified_page(parcels, START, limit=first.version)
    await parcels.move(first, "beijing")
    rest = await verified_page(parcels, page.next, limit=100)
    assert (page.aggregates, page.events, rest.aggregates, rest.events) == (1, first.version, 1, second.version)
    assert page.broken == rest.broken == []


async def test_an_aggregate_that_goes_on_over_pages_may_grow_meanwhile(parcels: Parcels) -> None:
    first, second = sorted(await two_parcels(parcels), key=lambda parcel: parcel.subject)
    page = await verified_page(parcels, START, limit=1)
    await parcels.move(first, "beijing")
    rest = await verified_page(parcels, page.next, limit=100)
    assert (page.events + rest.events, page.aggregates + rest.aggregates) == (first.version + 1 + second.version, 2)
    assert page.broken == rest.broken == []


async def test_a_tail_that_is_cut_between_two_pages_is_found(parcels: Parcels) -> None:
    first, _ = sorted(await two_parcels(parcels), key=lambda parcel: parcel.subject)
    page = await verified_page(parcels, START, limit=1)
    await tamper(parcels, delete(LOG).where(LOG.c.subject == first.subject, LOG.c.aggregate_version > 1))
    rest = await verified_page(parcels, page.next, limit=100)
    assert [broken.subject for broken in rest.broken] == [first.subject]


async def test_a_subject_that_no_aggregate_can_have_is_found(parcels: Parcels) -> None:
    parcel, _ = await two_parcels(parcels)
    await tamper(parcels, update(LOG).where(of(parcel, 3)).values(subject="parcel/nobody"))
    assert {broken.subject for broken in await verified(parcels)} == {parcel.subject, "parcel/nobody"}


async def verified_page(parcels: Parcels, place: Place | None, limit: int) -> Verification:
    assert place
    async with parcels.database.read() as connection:
        return await verify_page(connection, EVENT_LOG, {"parcel": PARCELS}, place, limit)


async def _load(work: UnitOfWork, id_: UUID) -> Parcel:
    row = (await work.connection.execute(PARCELS.select().where(PARCELS.c.id == id_))).one()
    return loaded(Parcel, row._mapping)


def test_a_new_parcel_says_where_it_is() -> None:
    parcel, sent = Parcel.send("shenzhen")
    assert (parcel.place, sent) == ("shenzhen", ParcelSent(route="north", place="shenzhen"))
    assert parcel.move("wuhan") == ParcelMoved(place="wuhan")
