"""Event classes: a fact in the past tense, with everything that a consumer needs."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.events.envelope import SCHEMA_VERSION


class Event(BaseModel):
    """Base of all facts. Unknown fields are ignored, so that a newer minor version can be read."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        ser_json_timedelta="iso8601",
        use_attribute_docstrings=True,  # they become the descriptions in the published schemas
    )

    type: ClassVar[str]
    version: ClassVar[str]
    """`N.M`: M adds optional fields; N needs an upcaster."""


E = TypeVar("E", bound=Event)
_classes: dict[tuple[str, int], type[Event]] = {}


def event(name: str, *, version: str) -> Callable[[type[E]], type[E]]:
    """Name an event class on the wire, e.g. `@event("report.submitted", version="1.0")`."""

    def register(cls: type[E]) -> type[E]:
        if not SCHEMA_VERSION.fullmatch(version):
            raise ValueError(f"{name}: version {version} is not N.M")
        key = (name, int(version.split(".", maxsplit=1)[0]))
        if key in _classes:
            raise ValueError(f"{name} {version} is already {_classes[key].__name__}")
        cls.type, cls.version = name, version
        _classes[key] = cls
        return cls

    return register


def registered() -> dict[tuple[str, int], type[Event]]:
    """Every event class by wire name and major version."""
    return _classes


@dataclass(frozen=True, slots=True)
class Recorded(Generic[E]):
    """A fact as it was written down: who, when, on which aggregate, and as its how-many-eth event."""

    id: UUID
    subject: str
    version: int
    time: datetime
    actor: str
    data: E
