"""What becomes of each record: decided from the versions that a consumer has applied, without any database."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.bus import Record, TopicPartition
from shared.consumer.batch import BatchFailed, StaleOffset, apply_batch, apply_one_by_one
from shared.consumer.standing import count_parked, load_offsets
from shared.consumer.triage import Held, Incoming, KeyState, KeyStates, Reason, Verdict, read_record
from shared.ids import new_id
from shared.testing.events import envelope, record
from tests.shared.parcels import CONSUMING, Journal, ParcelMoved, Parcels, ParcelSent, ParcelWeighed

WANTED = frozenset({"parcel.sent", "parcel.moved"})
SUBJECT = "parcel/018ebb2e-7a00-7000-8000-0000000000aa"
FIRST, SECOND = UUID(int=1), UUID(int=2)


def incoming(version: int, event_id: UUID | None = None, **changed: Any) -> Incoming:
    sent = envelope(ParcelMoved(place="wuhan"), SUBJECT, version, **({"id": event_id} if event_id else {}))
    return replace(read_record(record(sent, offset=0), WANTED), **changed)


def standing(version: int, event_id: UUID = FIRST, held: Held = Held.NOT) -> KeyStates:
    return KeyStates({SUBJECT: KeyState(version, event_id, held)})


# --- reading a record -----------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["binary", "structured"])
def test_a_record_of_either_mode_is_read_as_the_fact_that_it_carries(mode: Any) -> None:
    sent = envelope(ParcelSent(route="north", place="wuhan"), SUBJECT, 1)
    read = read_record(record(sent, 7, mode=mode), WANTED)

    assert (read.subject, read.version, read.event_id, read.reason) == (SUBJECT, 1, str(sent.id), None)
    assert read.event is not None
    assert read.event.data == ParcelSent(route="north", place="wuhan")


def test_the_data_of_a_type_that_the_consumer_does_not_want_is_not_read() -> None:
    read = read_record(record(envelope(ParcelWeighed(grams=1), SUBJECT, data=b"not json"), 0, mode="binary"), WANTED)
    assert (read.event, read.reason, read.version) == (None, None, 1)


def test_a_newer_major_version_needs_an_upgrade() -> None:
    read = read_record(record(envelope(ParcelMoved(place="x"), SUBJECT, schema_version="2.0"), 0), WANTED)
    assert (read.reason, read.version) == (Reason.NEEDS_UPGRADE, 1)


def test_a_newer_minor_version_is_read_without_what_is_new() -> None:
    sent = envelope(ParcelMoved(place=""), SUBJECT, schema_version="1.7", data=b'{"place":"wuhan","new":1}')
    read = read_record(record(sent, 0), WANTED)
    assert read.event is not None
    assert read.event.data == ParcelMoved(place="wuhan")


def test_data_that_breaks_the_contract_fails_and_says_where_but_not_what_was_written() -> None:
    read = read_record(record(envelope(ParcelMoved(place=""), SUBJECT, data=b'{"place":["secret"]}'), 0), WANTED)
    assert read.reason is Reason.FAILED
    assert "place" in read.error
    assert "secret" not in read.error


@pytest.mark.parametrize(
    "broken",
    [
        Record("t", 3, 9, "plan", (), b"\xff\xfe"),
        Record("t", 3, 9, "plan", (), None),
        Record("t", 3, 9, None, (("content-type", b"application/cloudevents+json"),), b"{"),
        Record("t", 3, 9, "k" * 500, (), b""),
        Record("t", 3, 9, "zero\x00", (), b""),
    ],
)
def test_what_is_no_event_is_undecodable_and_stands_under_its_place(broken: Record) -> None:
    read = read_record(broken, WANTED)
    assert read.reason is Reason.UNDECODABLE
    assert read.subject.startswith("undecodable/t/3/")
    assert len(read.subject) <= 120
    assert "\x00" not in read.subject
    assert read.version == 9


@pytest.mark.parametrize(
    "changed", [{"subject": "parcel/" + "x" * 200}, {"subject": "parcel/\x00"}, {"type": "t" * 99}]
)
def test_names_that_no_table_could_hold_make_a_record_undecodable(changed: dict[str, str]) -> None:
    sent = envelope(ParcelMoved(place="x"), **{"subject": SUBJECT, **changed})
    assert read_record(record(sent, 0, mode="structured"), WANTED).reason is Reason.UNDECODABLE


# --- judging --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("last", "held", "version", "verdict", "then"),
    [
        (0, Held.NOT, 1, Verdict.APPLY, Held.NOT),
        (4, Held.NOT, 5, Verdict.APPLY, Held.NOT),
        (4, Held.NOT, 4, Verdict.DUPLICATE, Held.NOT),
        (4, Held.NOT, 1, Verdict.DUPLICATE, Held.NOT),
        (4, Held.NOT, 6, Verdict.PARK, Held.GAP),
        (4, Held.GAP, 5, Verdict.APPLY, Held.GAP),
        (4, Held.GAP, 7, Verdict.PARK, Held.GAP),
        (4, Held.FAILED, 5, Verdict.PARK, Held.FAILED),
        (4, Held.FAILED, 6, Verdict.PARK, Held.FAILED),
        (4, Held.FAILED, 3, Verdict.DUPLICATE, Held.FAILED),
    ],
)
def test_the_verdict_follows_from_the_last_version_and_what_stands_in_the_way(
    last: int, held: Held, version: int, verdict: Verdict, then: Held
) -> None:
    states = standing(last, FIRST, held)
    assert states.judge(incoming(version, FIRST)) is verdict
    assert states.of(SUBJECT).held is then


def test_another_event_with_the_version_that_was_applied_is_a_fork_and_holds_the_aggregate() -> None:
    states = standing(4, FIRST)
    assert states.judge(incoming(4, SECOND)) is Verdict.FORK
    assert states.judge(incoming(5)) is Verdict.PARK


@pytest.mark.parametrize("reason", [Reason.FAILED, Reason.NEEDS_UPGRADE])
def test_what_cannot_be_read_is_parked_and_what_comes_after_it_waits(reason: Reason) -> None:
    states = standing(4)
    assert states.judge(incoming(5, reason=reason)) is Verdict.PARK
    assert states.judge(incoming(6)) is Verdict.PARK
    assert states.of(SUBJECT).last_version == 4


def test_an_undecodable_record_holds_no_aggregate() -> None:
    states = KeyStates()
    broken = read_record(Record("t", 0, 0, "plan", (), b"?"), WANTED)
    assert states.judge(broken) is Verdict.PARK
    assert not any(state.changed for state in states.states.values())


def test_a_type_that_nobody_wants_still_moves_the_version_on() -> None:
    states = standing(4)
    weighed = read_record(record(envelope(ParcelWeighed(grams=1), SUBJECT, 5), 0), WANTED)
    assert states.judge(weighed) is Verdict.APPLY
    states.applied(weighed)
    assert states.judge(incoming(6)) is Verdict.APPLY


# --- any order, any split ---------------------------------------------------------------------------

Stream = list[list[tuple[int, int]]]


@st.composite
def streams(draw: st.DrawFn) -> tuple[dict[int, int], Stream]:
    """Up to three aggregates with their versions, shuffled, repeated, and cut into batches."""
    lengths = draw(st.lists(st.integers(1, 5), min_size=1, max_size=3))
    events = [(subject, version) for subject, last in enumerate(lengths) for version in range(1, last + 1)]
    repeated = draw(st.lists(st.sampled_from(events), max_size=6))
    order = draw(st.permutations([*events, *repeated]))
    cuts = sorted(draw(st.sets(st.integers(1, len(order) - 1), max_size=4))) if len(order) > 1 else []
    return dict(enumerate(lengths)), [order[a:b] for a, b in zip([0, *cuts], [*cuts, len(order)], strict=True)]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(streams())
async def test_whatever_is_repeated_and_reordered_every_event_is_applied_once_and_in_order(
    parcels: Parcels, drawn: tuple[dict[int, int], Stream]
) -> None:
    lengths, batches = drawn
    ids = {(subject, version): new_id() for subject, last in lengths.items() for version in range(1, last + 1)}
    run = new_id().hex
    journal = Journal(f"journal-{run}")
    offset = 0
    for batch in batches:
        records = [
            _record(run, subject, version, ids[subject, version], offset + n)
            for n, (subject, version) in enumerate(batch)
        ]
        await _take(parcels, journal, offset, records)
        offset += len(batch)

    applied = await parcels.applied()
    assert {subject: applied[_subject(run, subject)] for subject in lengths} == {
        subject: list(range(1, last + 1)) for subject, last in lengths.items()
    }
    async with parcels.database.read() as connection:
        assert not [name for name, _ in await count_parked(connection, CONSUMING) if name == journal.name]


def _subject(run: str, subject: int) -> str:
    return f"parcel/{run}-{subject}"


def _record(run: str, subject: int, version: int, event_id: UUID, offset: int) -> Record:
    return record(envelope(ParcelMoved(place="x"), _subject(run, subject), version, id=event_id), offset)


async def _take(parcels: Parcels, journal: Journal, stored: int, records: Sequence[Record]) -> None:
    """As the runner does: together, or one by one."""
    place = TopicPartition("t", 0)
    batch = [read_record(each, WANTED) for each in records]
    async with parcels.database.write() as connection:
        await load_offsets(connection, CONSUMING, journal.name, [place])
    try:
        async with parcels.database.write() as connection:
            await apply_batch(connection, CONSUMING, journal, {place: stored}, {place: batch})
    except BatchFailed:
        async with parcels.database.write() as connection:
            await apply_one_by_one(connection, CONSUMING, journal, place, {place: stored}, batch, stop_at=10)


async def test_a_batch_whose_offset_another_runner_has_passed_changes_nothing(parcels: Parcels) -> None:
    journal = Journal()
    run, event_id = new_id().hex, new_id()
    await _take(parcels, journal, 0, [_record(run, 0, 1, event_id, 0)])

    with pytest.raises(StaleOffset):
        await _take(parcels, journal, 0, [_record(run, 0, 2, new_id(), 0)])
    assert await parcels.applied() == {_subject(run, 0): [1]}
