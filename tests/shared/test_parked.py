"""Parked events: retried in order, skipped on record, and never overtaken by what arrives meanwhile."""

import asyncio

import pytest
from sqlalchemy import select

from shared.bus import Record, TopicPartition
from shared.consumer.batch import BatchFailed, apply_batch, apply_one_by_one
from shared.consumer.parked import NothingParked, NotNextInLine, list_parked, retry_parked, skip_parked
from shared.consumer.standing import load_offsets
from shared.consumer.triage import read_record
from shared.errors import NotFound
from shared.events.event import Event, Recorded
from shared.ids import new_id
from shared.paging import Paging
from shared.testing.events import envelope, record
from tests.shared.parcels import CONSUMING, Journal, ParcelMoved, Parcels

A, B = "parcel/a", "parcel/b"
PLACE = TopicPartition("duban.parcels.v1", 0)


class Bench:
    """The journal with records handed to it, batch after batch, as its runner would."""

    def __init__(self, parcels: Parcels) -> None:
        self.parcels = parcels
        self.journal = parcels.journal
        self.offset = 0

    async def take(self, *events: tuple[str, int], raw: Record | None = None) -> None:
        records = [_record(subject, version, self.offset + n) for n, (subject, version) in enumerate(events)]
        records += [raw] if raw else []
        batch = [read_record(each, self.journal.types) for each in records]
        async with self.parcels.database.write() as connection:
            await load_offsets(connection, CONSUMING, self.journal.name, [PLACE])
        try:
            async with self.parcels.database.write() as connection:
                await apply_batch(connection, CONSUMING, self.journal, {PLACE: self.offset}, {PLACE: batch})
        except BatchFailed:
            async with self.parcels.database.write() as connection:
                await apply_one_by_one(
                    connection, CONSUMING, self.journal, PLACE, {PLACE: self.offset}, batch, stop_at=10
                )
        self.offset += len(batch)

    async def retry(self, subject: str) -> int:
        async with self.parcels.database.write() as connection:
            return await retry_parked(connection, CONSUMING, self.journal, subject)

    async def skip(self, subject: str, version: int, reason: str = "sent by mistake") -> int:
        async with self.parcels.database.write() as connection:
            return await skip_parked(connection, CONSUMING, self.journal, subject, version, reason, "admin")

    async def parked(self) -> list[tuple[str, int, str]]:
        async with self.parcels.database.read() as connection:
            page = await list_parked(connection, CONSUMING, Paging(200), consumer=self.journal.name)
        return [(row["subject"], row["version"], row["reason"]) for row in page.items]

    async def applied(self) -> dict[str, list[int]]:
        return await self.parcels.applied()


def _record(subject: str, version: int, offset: int) -> Record:
    return record(envelope(ParcelMoved(place="x"), subject, version), offset)


@pytest.fixture
def bench(parcels: Parcels) -> Bench:
    return Bench(parcels)


def poison(bench: Bench, *places: tuple[str, int]) -> None:
    """A handler that fails on these events, until it is mended by another call."""

    def check(event: Recorded[Event]) -> None:
        if (event.subject, event.version) in places:
            raise ZeroDivisionError("no such place")

    bench.journal.before = check


# --- listing --------------------------------------------------------------------------------------


async def test_a_parked_event_says_what_it_is_where_it_came_from_and_why_it_is_parked(bench: Bench) -> None:
    poison(bench, (A, 1))
    await bench.take((A, 1))
    async with bench.parcels.database.read() as connection:
        (row,) = (await list_parked(connection, CONSUMING, Paging(200))).items

    assert (row["consumer"], row["type"], row["topic"], row["partition"], row["offset"]) == (
        "parcels.journal",
        "parcel.moved",
        "duban.test.v1",
        0,
        0,
    )
    assert (row["reason"], row["error"], row["attempts"]) == ("failed", "ZeroDivisionError: no such place", 1)
    assert row.keys().isdisjoint({"headers", "value"})
    (kept,) = await bench.parcels.rows(CONSUMING.parked)
    assert kept["value"] == b'{"place":"x"}'


async def test_more_than_a_page_of_parked_events_is_listed_page_by_page(bench: Bench) -> None:
    await bench.take(*((subject, version) for subject in (B, A) for version in (2, 3)))
    seen, after = [], None
    async with bench.parcels.database.read() as connection:
        for _ in range(4):
            page = await list_parked(connection, CONSUMING, Paging.from_cursor(1, after))
            seen += [(row["subject"], row["version"]) for row in page.items]
            after = page.next
    assert seen == [(A, 2), (A, 3), (B, 2), (B, 3)]
    assert after is None


async def test_the_parked_events_of_one_aggregate_are_listed_alone(bench: Bench) -> None:
    await bench.take((A, 2), (B, 2), (B, 3))
    async with bench.parcels.database.read() as connection:
        page = await list_parked(connection, CONSUMING, Paging(200), consumer=bench.journal.name, subject=B)
    assert [(row["subject"], row["version"]) for row in page.items] == [(B, 2), (B, 3)]


# --- retrying -------------------------------------------------------------------------------------


async def test_after_mending_a_retry_applies_everything_in_order_and_frees_the_aggregate(bench: Bench) -> None:
    poison(bench, (A, 2))
    await bench.take((A, 1), (A, 2), (A, 3), (A, 4))
    poison(bench)

    assert await bench.retry(A) == 0
    assert await bench.applied() == {A: [1, 2, 3, 4]}
    await bench.take((A, 5))
    assert await bench.applied() == {A: [1, 2, 3, 4, 5]}
    assert await bench.parked() == []


async def test_a_retry_without_mending_counts_the_attempt_and_applies_nothing(bench: Bench) -> None:
    poison(bench, (A, 2))
    await bench.take((A, 1), (A, 2), (A, 3))

    assert await bench.retry(A) == 2
    assert await bench.applied() == {A: [1]}
    async with bench.parcels.database.read() as connection:
        first, second = (await list_parked(connection, CONSUMING, Paging(200))).items
    assert (first["attempts"], second["attempts"]) == (2, 0)


async def test_a_retry_stops_at_the_next_failure_and_what_follows_still_waits(bench: Bench) -> None:
    poison(bench, (A, 1), (A, 3))
    await bench.take((A, 1), (A, 2), (A, 3), (A, 4))
    poison(bench, (A, 3))

    assert await bench.retry(A) == 2
    assert await bench.applied() == {A: [1, 2]}
    assert await bench.parked() == [(A, 3, "failed"), (A, 4, "waiting")]


async def test_a_retry_of_an_aggregate_that_waits_for_a_missing_event_leaves_it_waiting(bench: Bench) -> None:
    await bench.take((A, 1), (A, 3))
    assert await bench.retry(A) == 1
    await bench.take((A, 2))
    assert await bench.applied() == {A: [1, 2, 3]}


async def test_a_retry_of_an_aggregate_with_nothing_parked_changes_nothing(bench: Bench) -> None:
    await bench.take((A, 1))
    assert await bench.retry(A) == 0
    await bench.take((A, 2))
    assert await bench.applied() == {A: [1, 2]}


async def test_a_retry_of_an_aggregate_that_nobody_knows_is_refused_and_leaves_no_trace(bench: Bench) -> None:
    with pytest.raises(NothingParked, match="parcel/mistyped"):
        await bench.retry("parcel/mistyped")
    assert await bench.parcels.count(CONSUMING.key_state) == 0


async def test_a_retry_and_new_arrivals_at_the_same_time_keep_the_order(bench: Bench) -> None:
    poison(bench, (A, 1))
    await bench.take((A, 1), (A, 2))
    poison(bench)
    versions = range(3, 40)

    async def arrive() -> None:
        for version in versions:
            await bench.take((A, version))

    async def keep_retrying() -> None:
        while not arriving.done():
            await bench.retry(A)
            await asyncio.sleep(0)

    arriving = asyncio.create_task(arrive())
    await keep_retrying()
    await arriving
    await bench.retry(A)

    assert await bench.applied() == {A: [1, 2, *versions]}
    assert await bench.parked() == []


async def test_while_a_retry_is_under_way_the_runner_waits_and_then_goes_on_after_it(bench: Bench) -> None:
    poison(bench, (A, 1))
    await bench.take((A, 1), (A, 2))
    poison(bench)
    async with bench.parcels.database.write() as connection:
        assert await retry_parked(connection, CONSUMING, bench.journal, A) == 0
        arriving = asyncio.create_task(bench.take((A, 3)))
        await asyncio.wait({arriving}, timeout=0.2)
        assert not arriving.done()
    await arriving

    assert await bench.applied() == {A: [1, 2, 3]}
    assert await bench.parked() == []


# --- skipping -------------------------------------------------------------------------------------


async def test_a_skipped_event_is_left_out_on_record_and_the_next_ones_are_applied(bench: Bench) -> None:
    poison(bench, (A, 2))
    await bench.take((A, 1), (A, 2), (A, 3))

    assert await bench.skip(A, 2, "recorded twice by mistake") == 0
    assert await bench.applied() == {A: [1, 3]}
    async with bench.parcels.database.read() as connection:
        (row,) = (await connection.execute(select(CONSUMING.skipped))).all()
    assert (row.subject, row.version, row.reason, row.by) == (A, 2, "recorded twice by mistake", "admin")
    await bench.take((A, 4))
    assert await bench.applied() == {A: [1, 3, 4]}


async def test_only_the_first_parked_event_can_be_skipped(bench: Bench) -> None:
    poison(bench, (A, 2))
    await bench.take((A, 1), (A, 2), (A, 3))

    with pytest.raises(NotNextInLine) as refused:
        await bench.skip(A, 3)

    assert refused.value.status == 409
    assert "2" in refused.value.sentence("en")
    assert await bench.parked() == [(A, 2, "failed"), (A, 3, "waiting")]


async def test_what_is_not_parked_cannot_be_skipped(bench: Bench) -> None:
    await bench.take((A, 1))
    with pytest.raises(NotFound):
        await bench.skip(A, 1)


async def test_a_forked_aggregate_is_held_until_the_other_event_is_skipped(bench: Bench) -> None:
    await bench.take((A, 1))
    await bench.take((A, 1), (A, 2))
    assert await bench.parked() == [(A, 1, "fork"), (A, 2, "waiting")]

    assert await bench.retry(A) == 2
    assert await bench.parked() == [(A, 1, "fork"), (A, 2, "waiting")]
    assert await bench.skip(A, 1) == 0
    assert await bench.applied() == {A: [1, 2]}


async def test_a_second_fork_of_the_same_version_can_be_skipped_too(bench: Bench) -> None:
    await bench.take((A, 1))
    for _ in range(2):
        await bench.take((A, 1))
        assert await bench.skip(A, 1) == 0
    await bench.take((A, 2))

    assert await bench.applied() == {A: [1, 2]}


# --- what cannot be read --------------------------------------------------------------------------


async def test_a_retry_never_drops_what_cannot_be_read(bench: Bench) -> None:
    await bench.take(raw=Record("t", 0, 0, "north", (), b"?"))
    ((subject, version, reason),) = await bench.parked()
    assert (version, reason) == (0, "undecodable")

    assert await bench.retry(subject) == 1
    assert await bench.parked() == [(subject, 0, "undecodable")]
    assert await bench.skip(subject, 0) == 0
    assert await bench.parked() == []


async def test_a_record_with_a_header_without_a_value_is_kept(bench: Bench) -> None:
    headers = (("odd", None), ("content-type", b"text/plain"))
    await bench.take(raw=Record("t", 0, 0, None, headers, b"?"))  # type: ignore[arg-type]  # what Kafka may give
    assert [reason for _, _, reason in await bench.parked()] == ["undecodable"]


async def test_what_could_not_be_read_is_taken_as_if_it_had_just_arrived_once_it_can(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shared.consumer import triage
    from shared.events.cloudevents import NotACloudEvent

    def refuse(*_: object) -> None:
        raise NotACloudEvent("an older build")

    with monkeypatch.context() as older_build:
        older_build.setattr(triage, "decode", refuse)
        await bench.take((A, 1))
    await bench.take((A, 2))
    (subject,) = [subject for subject, _, reason in await bench.parked() if reason == "undecodable"]

    assert await bench.retry(subject) == 0
    assert await bench.applied() == {A: [1, 2]}
    assert await bench.parked() == []


async def test_parked_events_of_other_consumers_are_left_alone(bench: Bench) -> None:
    poison(bench, (A, 1))
    await bench.take((A, 1))
    other = Bench(bench.parcels)
    other.journal = Journal(name=f"other-{new_id()}", before=bench.journal.before)
    await other.take((A, 1))
    poison(bench)

    assert await bench.retry(A) == 0
    assert await other.parked() == [(A, 1, "failed")]
