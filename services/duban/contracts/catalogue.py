"""What the services publish, read and serve, found in their code."""

from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Protocol

from shared.events.event import Event, registered
from shared.events.topics import SERVICES, topic_of

EventClasses = Sequence[type[Event]]


class Consumer(Protocol):
    """What `services/<name>/consumers.py` declares in `CONSUMERS`."""

    @property
    def name(self) -> str: ...
    @property
    def topics(self) -> Sequence[str]: ...
    def event_types(self) -> Iterable[str]: ...


def published() -> dict[str, EventClasses]:
    """Event classes by publishing service, which is the module of `contracts` that holds them; sorted by type."""
    for service in SERVICES:
        module_if_any(f"contracts.{service}")
    return {service: sorted(_classes_of(service), key=lambda cls: (cls.type, cls.version)) for service in SERVICES}


def consumers() -> dict[str, Sequence[Consumer]]:
    """Consumers by service. A service that reads nothing has no such module."""
    return {service: getattr(module_if_any(f"services.{service}.consumers"), "CONSUMERS", ()) for service in SERVICES}


def publisher_of(topic: str) -> str:
    """Raises KeyError for a topic that no service owns."""
    return {topic_of(service): service for service in SERVICES}[topic]


def unheard() -> list[str]:
    """A sentence for each handler that will never be called."""
    events = published()
    return [
        f"{consumer.name} handles {name}, which nothing on its topics is; subscribe to the topic or correct the name."
        for found in consumers().values()
        for consumer in found
        for name in sorted(set(consumer.event_types()) - _types_on(consumer.topics, events))
    ]


def module_if_any(name: str) -> ModuleType | None:
    """The module; None where there is none, but not where it fails to import."""
    parent = name.rpartition(".")[0]
    return import_module(name) if find_spec(parent) and find_spec(name) else None


def _types_on(topics: Iterable[str], events: Mapping[str, EventClasses]) -> set[str]:
    return {cls.type for topic in topics for cls in events[publisher_of(topic)]}


def _classes_of(service: str) -> Iterable[type[Event]]:
    return (cls for cls in registered().values() if cls.__module__.split(".")[:2] == ["contracts", service])
