"""What is found in the code: publishers, consumers and handlers that nobody will ever call."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from services.duban.contracts import catalogue
from services.duban.contracts.catalogue import module_if_any, published, publisher_of, unheard
from shared.events.topics import SERVICES


@dataclass(frozen=True)
class Declared:
    """A consumer as far as the catalogue looks at it."""

    name: str
    topics: Sequence[str]
    types: frozenset[str]

    def event_types(self) -> frozenset[str]:
        return self.types


def declare(monkeypatch: pytest.MonkeyPatch, topics: Sequence[str], *types: str) -> None:
    monkeypatch.setattr(
        catalogue, "consumers", lambda: {"reporting": (Declared("reporting.board", topics, frozenset(types)),)}
    )


def test_every_service_publishes_what_its_module_of_contracts_holds() -> None:
    events = published()
    assert list(events) == list(SERVICES)
    assert {cls.__module__ for cls in events["task"]} == {"contracts.task"}


def test_a_topic_belongs_to_its_publisher() -> None:
    assert publisher_of("duban.task.v1") == "task"


def test_the_declared_consumers_hear_all_that_they_handle() -> None:
    assert unheard() == []


def test_a_handler_of_an_event_on_another_topic_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    declare(monkeypatch, ["duban.task.v1"], "report.returned", "unit.changed")
    assert unheard() == [
        "reporting.board handles unit.changed, which nothing on its topics is; subscribe to the topic or correct the name."
    ]


def test_a_handler_of_an_event_that_nobody_publishes_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    declare(monkeypatch, ["duban.task.v1"], "report.shredded")
    assert len(unheard()) == 1


def test_a_module_that_is_not_there_is_none() -> None:
    assert module_if_any("contracts.nobody") is None
    assert module_if_any("services.nobody.consumers") is None
