"""Assignments: a measure entrusted to a unit."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlmodel import Field, UniqueConstraint

from contracts.names import AssignmentRole
from contracts.task import AssignmentAcknowledged, AssignmentAmended, AssignmentSuperseded, ObligationIssued
from services.task.days import end_of, shown_time
from services.task.errors import AlreadyAcknowledged, AssignmentEnded
from services.task.models.tables import TaskTable
from shared.db.columns import UtcDateTime, Word
from shared.event_log import Aggregate


class AssignmentState(StrEnum):
    """Stored states; `in_progress` is shown from the first submission on and not stored."""

    ISSUED = "issued"
    ACKNOWLEDGED = "acknowledged"
    SUPERSEDED = "superseded"


class Assignment(Aggregate, TaskTable, table=True):
    """Measure × unit, with the date by which receipt is to be acknowledged."""

    __tablename__ = "assignments"
    __table_args__ = (UniqueConstraint("plan", "measure", "unit"),)
    noun: ClassVar[str] = "assignment"

    plan_id: UUID = Field(foreign_key="plans.id", index=True)
    plan: str = Field(max_length=63)
    measure: str = Field(max_length=12)
    unit: str = Field(max_length=63, index=True)
    unit_name: str
    relation: str
    role: str
    lead_inferred: bool
    state: AssignmentState = Field(default=AssignmentState.ISSUED, sa_type=Word(AssignmentState))
    zone: str
    issued_at: datetime = Field(sa_type=UtcDateTime)
    acknowledge_due: date
    acknowledged_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    acknowledged_by: str | None = None
    ended_on: date | None = None
    """From this day on an amendment leaves the unit out; what began before is still owed."""

    @property
    def partition_key(self) -> str:
        return str(self.plan_id)

    def acknowledge(self, *, by: str, at: datetime, by_report: bool = False) -> AssignmentAcknowledged:
        """Confirm receipt. Raises AssignmentEnded or AlreadyAcknowledged."""
        if self.ended_on is not None:
            raise AssignmentEnded(measure=self.measure, unit=self.unit, day=self.ended_on)
        if self.acknowledged_at is not None:
            raise AlreadyAcknowledged(by=self.acknowledged_by, at=shown_time(self.acknowledged_at, self.zone))
        self.state = AssignmentState.ACKNOWLEDGED
        self.acknowledged_at, self.acknowledged_by = at, by
        return AssignmentAcknowledged(
            **self._key(),
            acknowledged_at=at,
            on_time=at < end_of(self.acknowledge_due, self.zone),
            by=by,
            by_report=by_report,
        )

    def amend(
        self,
        role: AssignmentRole,
        *,
        lead_inferred: bool,
        added: list[ObligationIssued],
        excused: list[ObligationIssued],
        **why: Any,
    ) -> AssignmentAmended:
        """Another part in the measure, or other periods to report on; `why` are the facts of the amendment."""
        before = AssignmentRole(self.role)
        self.role, self.lead_inferred = role, lead_inferred
        return AssignmentAmended(
            **self._key(),
            relation=self.relation,
            role=role,
            role_before=before,
            lead_inferred=lead_inferred,
            added=added,
            excused=excused,
            **why,
        )

    def supersede(
        self, *, excused: list[ObligationIssued], owed: list[ObligationIssued], **why: Any
    ) -> AssignmentSuperseded:
        """The measure is no longer this unit's; nobody waits for an acknowledgement any more."""
        self.state, self.ended_on = AssignmentState.SUPERSEDED, why["effective_from"]
        return AssignmentSuperseded(
            **self._key(), relation=self.relation, role=self.role, excused=excused, owed=owed, **why
        )

    def give_back(self, other: "Assignment") -> None:
        """Issued again as `other` would have been; the event of the issue says it."""
        self.state, self.ended_on, self.acknowledged_at, self.acknowledged_by = AssignmentState.ISSUED, None, None, None
        for name in ("unit_name", "relation", "role", "lead_inferred", "issued_at", "acknowledge_due"):
            setattr(self, name, getattr(other, name))

    def _key(self) -> dict[str, str]:
        return {"plan": self.plan, "measure": self.measure, "unit": self.unit}
