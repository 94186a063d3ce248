"""Deadlines: a date of an assignment or a report, with the next rung of its ladder. Exactly one event per fired rung."""

from collections.abc import Iterator
from datetime import date, datetime
from itertools import takewhile
from typing import ClassVar, Self
from uuid import UUID

from sqlmodel import Field, Index

from contracts.names import DeadlineKind, Relation
from contracts.task import DeadlineRungFired
from services.task.calendar import WorkingCalendar
from services.task.days import rung_instant
from services.task.ladders import Ladder, Rung
from services.task.models.assignment import Assignment
from services.task.models.report import Report
from services.task.models.tables import TaskTable
from shared.db.columns import UtcDateTime, Word
from shared.event_log import Aggregate


class Deadline(Aggregate, TaskTable, table=True):
    """`next_at` is null once nothing more can fire. Whether its duty is done is asked of the subject when a rung is due."""

    __tablename__ = "deadlines"
    __table_args__ = (Index("deadlines_due", "next_at"), Index("deadlines_of_subject", "about_id", "kind"))
    noun: ClassVar[str] = "deadline"

    kind: DeadlineKind = Field(sa_type=Word(DeadlineKind))
    about_id: UUID
    """The assignment (acknowledge) or report (report, resubmit)."""
    plan_id: UUID
    plan: str = Field(max_length=63)
    measure: str = Field(max_length=12)
    unit: str = Field(max_length=63)
    period: str | None = Field(default=None, max_length=10)
    relation: Relation = Field(sa_type=Word(Relation))
    zone: str
    opens: date | None = None
    """Rungs before this day are left out."""
    due: date
    locks: date | None = None
    """The last day on which the duty can be done; None where it never locks."""
    next_rung: int | None = None
    next_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    retired_at: datetime | None = Field(default=None, sa_type=UtcDateTime)

    @classmethod
    def of_assignment(cls, assignment: Assignment) -> Self:
        """The date by which receipt is to be acknowledged."""
        return cls(
            kind=DeadlineKind.ACKNOWLEDGE,
            about_id=assignment.id,
            plan_id=assignment.plan_id,
            plan=assignment.plan,
            measure=assignment.measure,
            unit=assignment.unit,
            relation=Relation(assignment.relation),
            zone=assignment.zone,
            due=assignment.acknowledge_due,
        )

    @classmethod
    def of_report(cls, report: Report, kind: DeadlineKind, relation: Relation, *, due: date) -> Self:
        """The date by which a report is to be submitted, or submitted again: what was returned never locks."""
        return cls(
            kind=kind,
            about_id=report.id,
            plan_id=report.plan_id,
            plan=report.plan,
            measure=report.measure,
            unit=report.unit,
            period=report.period,
            relation=relation,
            zone=report.zone,
            opens=report.opens,
            due=due,
            locks=report.locks if kind is DeadlineKind.REPORT else None,
        )

    @property
    def partition_key(self) -> str:
        return str(self.plan_id)

    def arm(
        self, ladder: Ladder, calendar: WorkingCalendar, *, after: int | None = None, not_before: datetime | None = None
    ) -> None:
        """Set the next rung: the first after `after` that is neither before `opens` nor before `not_before`."""
        upcoming = next(self._upcoming(ladder, calendar, after, not_before), None)
        self.next_rung, self.next_at = (upcoming[0].at, upcoming[1]) if upcoming else (None, None)

    def retire(self, at: datetime) -> None:
        """The duty is done: nothing more fires."""
        self.next_rung = self.next_at = None
        self.retired_at = at

    def fire(self, ladder: Ladder, calendar: WorkingCalendar, at: datetime) -> list[DeadlineRungFired]:
        """Every rung whose time has come, each once; after downtime all but the latest are marked superseded."""
        before = self.next_rung - 1 if self.next_rung is not None else None
        due = list(takewhile(lambda step: step[1] <= at, self._upcoming(ladder, calendar, before)))
        events = [
            self._fired(rung, instant, at, superseded=n < len(due)) for n, (rung, instant) in enumerate(due, start=1)
        ]
        self.arm(ladder, calendar, after=due[-1][0].at if due else before)
        return events

    def _upcoming(
        self, ladder: Ladder, calendar: WorkingCalendar, after: int | None, not_before: datetime | None = None
    ) -> Iterator[tuple[Rung, datetime]]:
        for rung in self._until_lock(ladder, calendar).after(after):
            day = calendar.add_working_days(self.due, rung.at)
            instant = rung_instant(day, self.zone)
            if (self.opens is None or day >= self.opens) and (not_before is None or instant >= not_before):
                yield rung, instant

    def _until_lock(self, ladder: Ladder, calendar: WorkingCalendar) -> Ladder:
        """Nobody is told again and again of what can no longer be done."""
        if self.locks is None:
            return ladder
        return ladder.until_lock(calendar.working_days_between(self.due, calendar.add_working_days(self.locks, 1)))

    def _fired(self, rung: Rung, scheduled: datetime, at: datetime, *, superseded: bool) -> DeadlineRungFired:
        return DeadlineRungFired(
            plan=self.plan,
            measure=self.measure,
            unit=self.unit,
            period=self.period,
            deadline=self.kind,
            due=self.due,
            rung=rung.at,
            kind=rung.kind,
            audience=list(rung.audience),
            relation=self.relation,
            scheduled_for=scheduled,
            fired_at=at,
            superseded=superseded,
        )
