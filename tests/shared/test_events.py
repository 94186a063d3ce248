"""Event classes, their registry and the envelope around them."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from uuid import UUID

import orjson
import pytest
from pydantic import ValidationError

from services.duban.contracts.catalogue import published
from services.duban.contracts.cli import CONTRACTS
from services.duban.contracts.examples import read_example
from shared.events import Envelope, Event, NeedsUpgrade, UnknownType, event, known_types, read_event
from shared.events.envelope import wire_time
from shared.events.event import registered

SUBJECT = "note/018ebb2e-7a00-7000-8000-0000000000aa"
PUBLISHED = [cls for classes in published().values() for cls in classes]
EXAMPLES = sorted((CONTRACTS / "examples").glob("*.json"))


@pytest.fixture(autouse=True)
def classes() -> Iterator[None]:
    """Classes of one test do not stay registered."""
    before = dict(registered())
    yield
    registered().clear()
    registered().update(before)


class Noted(Event):
    text: str
    colour: str = "white"


def envelope(data: bytes, version: str = "1.0", event_type: str = "note.written") -> Envelope:
    return Envelope(
        id=UUID("018ebb2e-7a00-7000-8000-000000000001"),
        type=event_type,
        schema_version=version,
        source="/duban/task",
        subject=SUBJECT,
        time=datetime(2024, 4, 8, 1, 0, tzinfo=UTC),
        aggregate_version=7,
        partition_key="sz-cbec-2022",
        actor="office",
        correlation_id="",
        causation_id="",
        traceparent="",
        data=data,
    )


# --- the registry ---------------------------------------------------------------------------------


def test_an_event_is_read_by_the_class_of_its_name() -> None:
    event("note.written", version="1.0")(Noted)
    recorded = read_event(envelope(b'{"text": "hello", "colour": "red"}'))
    assert recorded.data == Noted(text="hello", colour="red")
    assert (recorded.subject, recorded.version, recorded.actor) == (SUBJECT, 7, "office")
    assert (recorded.id, recorded.time) == (envelope(b"").id, envelope(b"").time)


def test_an_older_minor_version_is_read_with_defaults() -> None:
    event("note.written", version="1.3")(Noted)
    assert read_event(envelope(b'{"text": "hello"}', version="1.0")).data == Noted(text="hello", colour="white")


def test_a_newer_minor_version_is_read_without_what_is_unknown() -> None:
    event("note.written", version="1.0")(Noted)
    assert read_event(envelope(b'{"text": "hello", "size": 3}', version="1.9")).data == Noted(text="hello")


def test_major_versions_are_read_by_classes_of_their_own() -> None:
    class NotedAgain(Event):
        lines: list[str]

    event("note.written", version="1.0")(Noted)
    event("note.written", version="2.0")(NotedAgain)
    assert type(read_event(envelope(b'{"text": "hello"}')).data) is Noted
    assert type(read_event(envelope(b'{"lines": ["hello"]}', version="2.0")).data) is NotedAgain


def test_an_unknown_type_is_refused_by_its_name() -> None:
    with pytest.raises(UnknownType, match=r"note\.written"):
        read_event(envelope(b"{}"))


def test_a_newer_major_version_asks_for_a_newer_build() -> None:
    event("note.written", version="1.0")(Noted)
    with pytest.raises(NeedsUpgrade, match=r"note\.written 2\.0"):
        read_event(envelope(b"{}", version="2.0"))


@pytest.mark.parametrize("data", [b"{}", b'{"text": 5}', b"[]", b"null", b"not json", b""])
def test_data_that_does_not_fit_is_refused(data: bytes) -> None:
    event("note.written", version="1.0")(Noted)
    with pytest.raises(ValidationError):
        read_event(envelope(data))


def test_one_major_version_has_one_class() -> None:
    event("note.written", version="1.0")(Noted)
    with pytest.raises(ValueError, match="already Noted"):
        event("note.written", version="1.1")(Noted)


@pytest.mark.parametrize("version", ["1", "v1.0", "1.0.0", ""])
def test_a_version_that_no_reader_would_accept_is_refused(version: str) -> None:
    with pytest.raises(ValueError, match=r"is not N\.M"):
        event("note.written", version=version)(Noted)


def test_a_fact_does_not_change() -> None:
    with pytest.raises(ValidationError):
        Noted(text="hello").text = "bye"  # type: ignore[misc]  # mypy knows it too


def test_published_names_are_a_noun_and_a_participle() -> None:
    names = [cls.type for cls in PUBLISHED]
    assert [name for name in names if not re.fullmatch(r"[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*", name)] == []
    assert known_types() >= set(names)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_writing_a_fact_and_reading_it_gives_the_same_fact(example: Path) -> None:
    fact = read_event(read_example(example)).data
    assert type(fact).model_validate_json(fact.model_dump_json()) == fact


# --- the envelope ---------------------------------------------------------------------------------


def test_empty_attributes_are_left_out() -> None:
    attributes = envelope(b"{}").attributes()
    assert not {"correlationid", "causationid", "traceparent"} & attributes.keys()
    assert Envelope.from_attributes(attributes, b"{}") == envelope(b"{}")


def test_canonical_attributes_are_sorted_json_without_spaces() -> None:
    canonical = envelope(b"{}").canonical_attributes()
    members = orjson.loads(canonical)
    assert list(members) == sorted(members)
    assert b" " not in canonical
    assert members["aggregateversion"] == "7"


def test_canonical_attributes_do_not_depend_on_the_zone_in_which_the_time_was_said() -> None:
    said_there = replace(envelope(b"{}"), time=datetime(2024, 4, 8, 9, 0, tzinfo=timezone(timedelta(hours=8))))
    assert said_there.canonical_attributes() == envelope(b"{}").canonical_attributes()


def test_the_service_is_the_last_part_of_the_source() -> None:
    assert envelope(b"{}").service == "task"


@pytest.mark.parametrize(
    ("instant", "text"),
    [
        (datetime(2024, 4, 8, 1, 0, tzinfo=UTC), "2024-04-08T01:00:00Z"),
        (datetime(2024, 4, 8, 1, 0, 0, 250, tzinfo=UTC), "2024-04-08T01:00:00.000250Z"),
        (datetime(2024, 4, 8, 9, 0, tzinfo=timezone(timedelta(hours=8))), "2024-04-08T01:00:00Z"),
    ],
)
def test_time_travels_in_utc(instant: datetime, text: str) -> None:
    assert wire_time(instant) == text
