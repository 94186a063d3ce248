"""Projections: the same rows whatever the batches, and a history without holes."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from shared.consumer import Projection, Row
from shared.db import Database
from shared.db.bulk import upsert_rows
from shared.events.event import Event, Recorded
from shared.testing.clocks import APRIL
from shared.testing.events import recorded
from tests.shared.parcels import (
    CONSUMING,
    STAYS,
    WHEREABOUTS,
    ParcelMoved,
    Parcels,
    ParcelSent,
    ParcelWeighed,
    tracking,
)

Facts = Sequence[Recorded[Event]]
A, B = "parcel/a", "parcel/b"


@pytest.fixture
def database(parcels: Parcels) -> Database:
    return parcels.database


async def apply(database: Database, projection: Projection, *batches: Facts) -> None:
    """Each batch in a transaction of its own."""
    for batch in batches:
        async with database.write() as connection:
            await projection.apply(connection, batch)


async def rows(database: Database, generation: int = 1) -> dict[str, list[dict[str, Any]]]:
    """Every row of a generation in key order."""
    found = {}
    async with database.read() as connection:
        for table in (STAYS, WHEREABOUTS):
            query = select(table).order_by(*table.primary_key)
            if "generation" in table.c:
                query = query.where(STAYS.c.generation == generation)
            found[table.name] = [
                {name: value for name, value in row._mapping.items() if name != "generation"}
                for row in await connection.execute(query)
            ]
    return found


async def empty(database: Database) -> None:
    async with database.write() as connection:
        for table in (STAYS, WHEREABOUTS, CONSUMING.generation):
            await connection.execute(delete(table))


def journey(subject: str, *places: str, hours: Iterable[int] | None = None) -> list[Recorded[Event]]:
    """A parcel that is sent to the first place and moved to the others, an hour apart unless told."""
    times = list(hours or range(len(places)))
    sent: list[Recorded[Any]] = [
        recorded(ParcelSent(route="north", place=places[0]), subject, time=APRIL + timedelta(hours=times[0]))
    ]
    return sent + [
        recorded(ParcelMoved(place=place), subject, n + 1, time=APRIL + timedelta(hours=times[n]))
        for n, place in enumerate(places[1:], start=1)
    ]


# --- rows -----------------------------------------------------------------------------------------


async def test_each_event_closes_the_row_before_it_and_opens_the_next(database: Database) -> None:
    await apply(database, tracking(), journey(A, "shenzhen", "wuhan", "beijing"))

    stays = (await rows(database))["stays"]
    assert [(stay["place"], stay["since"], stay["until"]) for stay in stays] == [
        ("shenzhen", APRIL, APRIL + timedelta(hours=1)),
        ("wuhan", APRIL + timedelta(hours=1), APRIL + timedelta(hours=2)),
        ("beijing", APRIL + timedelta(hours=2), None),
    ]
    assert [stay["route"] for stay in stays] == ["north"] * 3


async def test_a_table_of_the_present_keeps_the_last_row_only(database: Database) -> None:
    await apply(database, tracking(), journey(A, "shenzhen", "wuhan"), journey(B, "beijing"))

    assert (await rows(database))["whereabouts"] == [
        {"subject": A, "part": "", "version": 2, "place": "wuhan"},
        {"subject": B, "part": "", "version": 1, "place": "beijing"},
    ]


async def test_an_event_that_no_table_wants_writes_nothing(database: Database) -> None:
    await apply(database, tracking(), [recorded(ParcelWeighed(grams=1), A)])
    assert await rows(database) == {"stays": [], "whereabouts": []}


async def test_a_thousand_subjects_in_one_batch(database: Database) -> None:
    batch = [event for n in range(1000) for event in journey(f"parcel/{n}", "shenzhen", "wuhan")]
    await apply(database, tracking(), batch)

    found = await rows(database)
    assert (len(found["stays"]), len(found["whereabouts"])) == (2000, 1000)


async def test_a_handler_that_writes_a_column_which_does_not_exist_fails(database: Database) -> None:
    projection = Projection("wrong", topics=[])

    @projection.table(WHEREABOUTS).on(ParcelSent)
    def misspell(row: Row, event: Recorded[ParcelSent]) -> Row:
        return row.with_(palce=event.data.place)

    with pytest.raises(KeyError, match="palce"):
        await apply(database, projection, journey(A, "wuhan"))
    assert (await rows(database))["whereabouts"] == []


def test_a_second_handler_for_an_event_is_refused() -> None:
    table = Projection("twice", topics=[]).table(WHEREABOUTS)
    table.on(ParcelSent)(lambda row, event: row)
    with pytest.raises(ValueError, match=r"already has a handler for parcel\.sent"):
        table.on(ParcelSent)(lambda row, event: row)


# --- parts ----------------------------------------------------------------------------------------


def parts() -> Projection:
    """Two rows of a subject at once, of which a move changes the named one only."""
    projection = Projection("parts", topics=[])
    stays = projection.table(STAYS)

    @stays.parts_on(ParcelSent)
    def begin_both(event: Recorded[ParcelSent]) -> dict[str, Row]:
        return {name: Row(place=event.data.place) for name in ("lid", "box")}

    @stays.each_part_on(ParcelMoved)
    def move_the_box(row: Row, event: Recorded[ParcelMoved]) -> Row | None:
        return row.with_(place=event.data.place) if row["part"] == "box" else None

    return projection


@pytest.mark.parametrize("together", [True, False])
async def test_a_subject_may_have_several_rows_and_an_event_changes_some_of_them(
    database: Database, together: bool
) -> None:
    events = journey(A, "shenzhen", "wuhan")
    await apply(database, parts(), *([events] if together else [[event] for event in events]))

    stays = (await rows(database))["stays"]
    assert [(stay["part"], stay["place"], stay["until"] is None) for stay in stays] == [
        ("box", "shenzhen", False),
        ("box", "wuhan", True),
        ("lid", "shenzhen", True),
    ]


# --- any split gives the same -----------------------------------------------------------------------


@st.composite
def histories(draw: st.DrawFn) -> tuple[Facts, list[Facts]]:
    """Events of a few parcels in some order that keeps each parcel's own, and a cut of them into batches."""
    places = st.sampled_from(["shenzhen", "wuhan", "beijing"])
    journeys = [
        journey(f"parcel/{n}", *draw(st.lists(places, min_size=1, max_size=5)), hours=None)
        for n in range(draw(st.integers(1, 4)))
    ]
    order = draw(st.permutations([n for n, events in enumerate(journeys) for _ in events]))
    left = [iter(events) for events in journeys]
    events = [next(left[n]) for n in order]
    cuts = sorted(draw(st.sets(st.integers(1, len(events) - 1), max_size=5))) if len(events) > 1 else []
    return events, [events[a:b] for a, b in zip([0, *cuts], [*cuts, len(events)], strict=True)]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories())
async def test_any_cut_into_batches_gives_the_same_rows_as_one_event_at_a_time(
    database: Database, drawn: tuple[Facts, list[Facts]]
) -> None:
    events, batches = drawn
    await empty(database)
    await apply(database, tracking(), *([event] for event in events))
    one_by_one = await rows(database)
    await empty(database)
    await apply(database, tracking(), *batches)

    assert await rows(database) == one_by_one
    assert_history_has_no_holes(one_by_one["stays"])


def assert_history_has_no_holes(stays: Sequence[dict[str, Any]]) -> None:
    """Per subject: versions from 1 on, each row ends when the next begins, only the last is open."""
    by_subject: dict[str, list[dict[str, Any]]] = {}
    for stay in stays:
        by_subject.setdefault(stay["subject"], []).append(stay)
    for of in by_subject.values():
        assert [stay["version"] for stay in of] == list(range(1, len(of) + 1))
        assert [stay["until"] for stay in of[:-1]] == [stay["since"] for stay in of[1:]]
        assert of[-1]["until"] is None


# --- generations ----------------------------------------------------------------------------------


async def test_a_rebuild_into_another_generation_gives_the_same_rows(database: Database) -> None:
    history_only = Projection("stays", topics=[], generations=CONSUMING)
    source = tracking().tables[0]
    history_only.table(STAYS).folds = source.folds
    first, second = journey(A, "shenzhen", "wuhan"), journey(B, "beijing", "wuhan")
    await apply(database, history_only, first, second)

    assert history_only.can_be_rebuilt
    await apply(database, history_only.for_generation(2), [*first[:1], *second], first[1:])
    assert (await rows(database, generation=2))["stays"] == (await rows(database, generation=1))["stays"]


def test_a_table_of_the_present_makes_a_projection_one_that_cannot_be_rebuilt_beside_itself() -> None:
    assert not tracking().can_be_rebuilt


async def test_a_live_projection_writes_to_the_generation_that_readers_see(database: Database) -> None:
    projection = tracking()
    await apply(database, projection, journey(A, "shenzhen"))
    async with database.write() as connection:
        pointer = [{"consumer": projection.name, "generation": 2}]
        await upsert_rows(connection, CONSUMING.generation, pointer)
    await apply(database, projection, journey(B, "wuhan"))

    assert [stay["subject"] for stay in (await rows(database, generation=1))["stays"]] == [A]
    assert [stay["subject"] for stay in (await rows(database, generation=2))["stays"]] == [B]
