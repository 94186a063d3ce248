"""The draft: what was found in a document, each item with its source, its certainty and the rules that found it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from services.task.plan_import.measures import Kind
from services.task.plan_import.numerals import decimal_text
from services.task.plan_import.roles import Role
from services.task.plan_import.spans import Span


class Status(StrEnum):
    CERTAIN = "certain"  # printed in the document
    INFERRED = "inferred"  # follows by a rule that is named
    UNRESOLVED = "unresolved"  # somebody has to decide
    CONFIRMED = "confirmed"  # somebody has decided
    REJECTED = "rejected"  # somebody has decided that it is not part of the plan


@dataclass(frozen=True, kw_only=True)
class Item:
    """Something found. `id` is stable for the same document; `spans` refer to the text as read."""

    id: str
    span: Span
    status: Status = Status.CERTAIN
    rules: tuple[str, ...] = ()

    @property
    def says(self) -> str:
        """What the item states, in a few words."""
        return ""


@dataclass(frozen=True, kw_only=True)
class Fact(Item):
    """Title, issuer, period, or a rule of the document about itself."""

    name: str
    value: str | None

    @property
    def says(self) -> str:
        return self.value or ""


@dataclass(frozen=True, kw_only=True)
class DraftArea(Item):
    number: str
    title: str

    @property
    def says(self) -> str:
        return self.title


@dataclass(frozen=True, kw_only=True)
class DraftMeasure(Item):
    """A numbered item; `number` is None where an area is itself the measure. `printed_id` is area, group and number as printed."""

    area: str
    printed_id: str
    key: str
    number: str | None
    title: str
    kind: Kind
    group: tuple[str, str] | None = None
    by_duty: bool = False
    open_ended: bool = False
    unit_spans: tuple[Span, ...] = ()
    deadline: str | None = None

    @property
    def says(self) -> str:
        return self.title


@dataclass(frozen=True, kw_only=True)
class DraftUnit(Item):
    """A unit of a measure: as printed, by its full name, and the directory's key for it once resolved."""

    measure: str
    printed: str
    name: str
    role: Role
    role_inferred: bool
    key: str | None = None
    is_group: bool = False
    proposals: tuple[str, ...] = ()

    @property
    def says(self) -> str:
        return f"{self.name} {self.role}" + (f" → {self.key}" if self.key else "")


@dataclass(frozen=True, kw_only=True)
class GroupNote(Item):
    """What the document says a group holds, from where it says so to its end."""

    group: str
    text: str

    @property
    def says(self) -> str:
        return f"{self.group}: {self.text}"


@dataclass(frozen=True, kw_only=True)
class DraftTarget(Item):
    """A quantity that binds; `measure` is None where it holds for the whole plan."""

    measure: str | None
    text: str
    quantity: str
    low: Decimal | None
    value: Decimal
    unit: str
    comparator: str
    strength: str
    deadline: str | None = None
    deadline_precision: str | None = None
    deadline_span: Span | None = None

    @property
    def says(self) -> str:
        amount = (
            decimal_text(self.value) if self.low is None else f"{decimal_text(self.low)}-{decimal_text(self.value)}"
        )
        return f"{self.comparator} {amount} {self.unit}"


@dataclass(frozen=True, kw_only=True)
class DraftMilestone(Item):
    measure: str
    text: str
    date: str
    precision: str

    @property
    def says(self) -> str:
        return f"{self.date} {self.text}"


@dataclass(frozen=True, kw_only=True)
class Unread(Item):
    """A clause that names units and was given to no measure: it could not be read, or stands above several."""

    measure: str | None
    text: str

    @property
    def says(self) -> str:
        return self.text


Kinded = TypeVar("Kinded", bound=Item)


@dataclass(frozen=True)
class Draft:
    """Everything found in a document, in its order. Nothing here is decided until it is confirmed."""

    name: str
    text: str
    items: tuple[Item, ...]

    def of(self, kind: type[Kinded]) -> Iterator[Kinded]:
        return (item for item in self.items if isinstance(item, kind) and item.status is not Status.REJECTED)

    def with_status(self, status: Status) -> tuple[Item, ...]:
        return tuple(item for item in self.items if item.status is status)

    @property
    def certain(self) -> tuple[Item, ...]:
        return self.with_status(Status.CERTAIN)

    @property
    def inferred(self) -> tuple[Item, ...]:
        return self.with_status(Status.INFERRED)

    @property
    def unresolved(self) -> tuple[Item, ...]:
        return self.with_status(Status.UNRESOLVED)

    def fact(self, name: str) -> str | None:
        return next((fact.value for fact in self.of(Fact) if fact.name == name), None)

    @property
    def title(self) -> str | None:
        return self.fact("title")

    @property
    def issuer(self) -> str | None:
        return self.fact("issuer")

    @property
    def period(self) -> tuple[int, int] | None:
        """First and last year."""
        printed = self.fact("period")
        if printed is None:
            return None
        first, last = printed.split("-")
        return int(first), int(last)

    @property
    def areas(self) -> Iterator[DraftArea]:
        return self.of(DraftArea)

    @property
    def measures(self) -> Iterator[DraftMeasure]:
        return (measure for measure in self.of(DraftMeasure) if measure.kind is Kind.MEASURE)

    @property
    def targets(self) -> Iterator[DraftTarget]:
        return self.of(DraftTarget)

    @property
    def milestones(self) -> Iterator[DraftMilestone]:
        return self.of(DraftMilestone)

    @property
    def group_notes(self) -> dict[str, str]:
        return {note.group: note.text for note in self.of(GroupNote)}

    def units_of(self, measure: DraftMeasure) -> Iterator[DraftUnit]:
        return (unit for unit in self.of(DraftUnit) if unit.measure == measure.id)
