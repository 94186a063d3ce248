"""Golden examples: readable by today's classes, and refused when they are not what they claim."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.duban.contracts.catalogue import published
from services.duban.contracts.cli import CONTRACTS
from services.duban.contracts.examples import example_faults, read_example
from services.duban.contracts.files import as_json
from services.duban.contracts.schemas import event_file
from shared.events import read_event

NAME = "report.returned.1.0.json"
EVERY_CLASS = [(service, cls) for service, classes in published().items() for cls in classes]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the examples, to be spoiled."""
    (tmp_path / "examples").mkdir()
    for example in (CONTRACTS / "examples").glob("*.json"):
        (tmp_path / "examples" / example.name).write_bytes(example.read_bytes())
    return tmp_path


@pytest.fixture
def spoil(folder: Path) -> Callable[..., list[str]]:
    """Change members of one example and hear what is found."""

    def change(data: dict[str, Any] | None = None, **members: Any) -> list[str]:
        path = folder / "examples" / NAME
        event = json.loads(path.read_text(encoding="utf-8")) | members
        event["data"] |= data or {}
        path.write_text(as_json(event), encoding="utf-8")
        return list(example_faults(folder))

    return change


@pytest.mark.parametrize(("service", "cls"), EVERY_CLASS, ids=lambda value: getattr(value, "type", value))
def test_each_example_is_read_as_its_class(service: str, cls: type) -> None:
    envelope = read_example(CONTRACTS / "examples" / event_file(cls))
    assert type(read_event(envelope).data) is cls
    assert envelope.service == service


def test_the_examples_have_no_fault() -> None:
    assert list(example_faults(CONTRACTS)) == []


def test_an_event_without_an_example_is_named(folder: Path) -> None:
    (folder / "examples" / NAME).unlink()
    assert list(example_faults(folder)) == [
        "examples/report.returned.1.0.json is missing; write one by hand, as a whole event with plausible values."
    ]


def test_an_example_of_no_event_is_named(folder: Path) -> None:
    (folder / "examples" / NAME).rename(folder / "examples" / "report.noted.1.0.json")
    assert any(fault.startswith("examples/report.noted.1.0.json is of no event") for fault in example_faults(folder))


def test_an_example_that_is_no_event_is_named(spoil: Callable[..., list[str]]) -> None:
    (fault,) = spoil(time=None)
    assert fault.startswith("examples/report.returned.1.0.json: cannot be read: KeyError: 'time'")


def test_an_example_of_another_event_is_named(spoil: Callable[..., list[str]], folder: Path) -> None:
    (folder / "examples" / NAME).write_bytes((folder / "examples" / "report.accepted.1.0.json").read_bytes())
    assert "examples/report.returned.1.0.json: is a report.accepted 1.0." in spoil()


def test_an_example_of_another_service_is_named(spoil: Callable[..., list[str]]) -> None:
    assert spoil(source="/duban/reporting") == [
        "examples/report.returned.1.0.json: comes from /duban/reporting, but task publishes it."
    ]


def test_a_value_outside_the_schema_is_named_with_its_place(spoil: Callable[..., list[str]]) -> None:
    faults = spoil({"revision": "1"})
    assert "examples/report.returned.1.0.json: $.revision '1' is not of type 'integer'." in faults


def test_a_misspelt_field_is_named(spoil: Callable[..., list[str]]) -> None:
    (fault,) = spoil({"same_unit_reveiw": True})
    assert "does not survive ReportReturned" in fault


def test_an_example_that_was_released_must_stay_readable(folder: Path) -> None:
    kept = folder / "released" / "0.1.0" / "examples"
    kept.mkdir(parents=True)
    old = json.loads((folder / "examples" / NAME).read_text(encoding="utf-8"))
    del old["data"]["reason"]
    (kept / NAME).write_text(as_json(old), encoding="utf-8")
    (fault,) = example_faults(folder)
    assert fault.startswith("released/0.1.0/examples/report.returned.1.0.json was released and can no longer be read")
