"""An amendment as a value: what was decided, and everything that it writes."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from contracts.names import GroupKey, MeasureKey, UnitKey
from contracts.task import (
    AssignmentAmended,
    AssignmentIssued,
    AssignmentSuperseded,
    ReportExcused,
    ReportReinstated,
)
from services.task.models import Assignment, Deadline, Plan, PlanAmendment, Report
from services.task.plan_import.comparison import Change
from shared.events import Event


@dataclass(frozen=True, slots=True)
class Decision:
    """From when the draft is in force, and why."""

    effective_from: date
    reason: str
    document_number: str | None
    by: str
    at: datetime

    def as_facts(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("effective_from", "reason", "document_number")}


@dataclass(frozen=True, slots=True)
class MeasureChanges:
    """Rows to insert and to overwrite, and the plan's events of both."""

    born: list[dict[str, Any]] = field(default_factory=list)
    changed: list[dict[str, Any]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Effects:
    """What an amendment does to units. Aggregates are changed already and wait to be recorded with their events."""

    issued: list[tuple[Assignment, AssignmentIssued]] = field(default_factory=list)
    given_back: list[tuple[Assignment, AssignmentIssued]] = field(default_factory=list)
    """Issued again to a unit from which an earlier amendment had taken the measure."""
    amended: list[tuple[Assignment, AssignmentAmended]] = field(default_factory=list)
    superseded: list[tuple[Assignment, AssignmentSuperseded]] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    excused: list[tuple[Report, ReportExcused]] = field(default_factory=list)
    reinstated: list[tuple[Report, ReportReinstated]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Amendment:
    """Everything that one amendment writes."""

    record: PlanAmendment
    changes: tuple[Change, ...]
    plan: Plan
    plan_events: list[Event]
    measures: MeasureChanges
    effects: Effects
    deadlines: list[Deadline]
    kept: Mapping[tuple[MeasureKey, GroupKey], Collection[UnitKey]]
    """Groups whose expansion stays as it was, by measure and group."""
