"""Assignments: a measure entrusted to a unit."""

from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from sqlmodel import Field, UniqueConstraint

from contracts.task import AssignmentAcknowledged
from services.task.days import end_of, shown_time
from services.task.errors import AlreadyAcknowledged
from services.task.models.tables import TaskTable
from shared.db.columns import UtcDateTime, Word
from shared.event_log import Aggregate


class AssignmentState(StrEnum):
    """Stored states; `in_progress` is shown from the first submission on and not stored."""

    ISSUED = "issued"
    ACKNOWLEDGED = "acknowledged"


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

    @property
    def partition_key(self) -> str:
        return str(self.plan_id)

    def acknowledge(self, *, by: str, at: datetime, by_report: bool = False) -> AssignmentAcknowledged:
        """Confirm receipt. Raises AlreadyAcknowledged."""
        if self.acknowledged_at is not None:
            raise AlreadyAcknowledged(by=self.acknowledged_by, at=shown_time(self.acknowledged_at, self.zone))
        self.state = AssignmentState.ACKNOWLEDGED
        self.acknowledged_at, self.acknowledged_by = at, by
        return AssignmentAcknowledged(
            plan=self.plan,
            measure=self.measure,
            unit=self.unit,
            acknowledged_at=at,
            on_time=at < end_of(self.acknowledge_due, self.zone),
            by=by,
            by_report=by_report,
        )
