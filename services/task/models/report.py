"""Reports: an obligation and the versions of the unit's answer."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlmodel import Field, Index, UniqueConstraint

from contracts.names import ReturnKind, SelfAssessment
from contracts.task import (
    Evidence,
    ObligationIssued,
    Reading,
    ReportAccepted,
    ReportExcused,
    ReportReinstated,
    ReportReturned,
    ReportSubmitted,
)
from services.task.days import end_of, start_of
from services.task.errors import (
    NothingToReview,
    PeriodLocked,
    PeriodNotOpen,
    ReportAlreadyAccepted,
    ReportIsExcused,
    ReviewerIsAuthor,
)
from services.task.models.tables import TaskTable
from shared.db.columns import JsonText, UtcDateTime, Word
from shared.event_log import Aggregate
from shared.revisions import must_match


class ReportState(StrEnum):
    """Stored states. `scheduled`, `open` and `locked` follow from dates: see `Report.shown_state`."""

    EXPECTED = "expected"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    ACCEPTED = "accepted"
    EXCUSED = "excused"


class ShownState(StrEnum):
    """States as the API names them: what nobody submitted yet is scheduled, open or locked by the day."""

    SCHEDULED = "scheduled"
    OPEN = "open"
    LOCKED = "locked"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    ACCEPTED = "accepted"
    EXCUSED = "excused"


@dataclass(frozen=True, slots=True)
class ReportContent:
    """What a unit says in one version."""

    self_assessment: SelfAssessment
    done: str
    problems: str = ""
    next_steps: str = ""
    support_needed: str = ""
    readings: tuple[Reading, ...] = ()
    evidence: tuple[Evidence, ...] = field(default=())

    def as_stored(self) -> dict[str, Any]:
        """Plain JSON; two contents are the same where this is equal."""
        plain = {
            name: str(getattr(self, name))
            for name in ("self_assessment", "done", "problems", "next_steps", "support_needed")
        }
        return {
            **plain,
            "readings": [reading.model_dump() for reading in self.readings],
            "evidence": [item.model_dump() for item in self.evidence],
        }

    def as_event(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


class Report(Aggregate, TaskTable, table=True):
    """Lateness follows from dates; no state says "overdue". `revision` counts submitted bodies, `version` counts events."""

    __tablename__ = "reports"
    __table_args__ = (
        UniqueConstraint("plan", "measure", "unit", "period"),
        Index("reports_of_unit", "unit", "state", "due"),
        Index("reports_by_state", "state", "due"),
    )
    noun: ClassVar[str] = "report"

    plan_id: UUID = Field(foreign_key="plans.id", index=True)
    assignment_id: UUID = Field(foreign_key="assignments.id", index=True)
    plan: str = Field(max_length=63)
    measure: str = Field(max_length=12)
    unit: str = Field(max_length=63)
    unit_name: str
    """As it was called when the plan was published."""
    period: str = Field(max_length=10)
    zone: str
    opens: date
    due: date
    locks: date
    state: ReportState = Field(default=ReportState.EXPECTED, sa_type=Word(ReportState))
    revision: int = 0
    content: dict[str, Any] | None = Field(default=None, sa_type=JsonText)
    first_submitted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    submitted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    submitted_by: str | None = None
    on_time: bool | None = None
    returns: int = 0
    return_reason: str | None = None
    resubmit_due: date | None = None
    reviewed_by: str | None = None
    accepted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)

    @property
    def partition_key(self) -> str:
        return str(self.plan_id)

    def shown_state(self, now: datetime) -> ShownState:
        """The state as the API names it at a business time."""
        if self.state is not ReportState.EXPECTED:
            return ShownState(self.state.value)
        if now < start_of(self.opens, self.zone):
            return ShownState.SCHEDULED
        return ShownState.LOCKED if self.locked_at(now) else ShownState.OPEN

    def locked_at(self, now: datetime) -> bool:
        return now >= end_of(self.locks, self.zone)

    def already_says(self, content: ReportContent) -> bool:
        """Whether this very body is the last submitted: the answer to an earlier try was lost on the way."""
        return self.state is not ReportState.RETURNED and self.content == content.as_stored()

    def must_match(self, expected: int | None) -> None:
        """Raises PreconditionRequired or PreconditionFailed unless the caller changes what it has seen."""
        must_match(self.revision, expected)

    def must_take_submissions(self, at: datetime) -> None:
        """Raises ReportAlreadyAccepted, ReportIsExcused, PeriodNotOpen or PeriodLocked. What was returned is never locked."""
        if self.state is ReportState.ACCEPTED:
            raise ReportAlreadyAccepted(version=self.revision)
        if self.state is ReportState.EXCUSED:
            raise ReportIsExcused(period=self.period)
        if at < start_of(self.opens, self.zone):
            raise PeriodNotOpen(period=self.period, opens=self.opens)
        if self.locked_at(at) and self.state is not ReportState.RETURNED:
            raise PeriodLocked(period=self.period, locks=self.locks)

    def submit(self, content: ReportContent, *, by: str, at: datetime) -> ReportSubmitted:
        """Answer, or answer again. Timeliness stays that of the first submission.

        Raises ReportAlreadyAccepted, ReportIsExcused, PeriodNotOpen or PeriodLocked.
        """
        self.must_take_submissions(at)
        late = (
            at >= end_of(self.resubmit_due, self.zone)
            if self.state is ReportState.RETURNED and self.resubmit_due
            else None
        )
        self.content, self.revision, self.state = content.as_stored(), self.revision + 1, ReportState.SUBMITTED
        self.submitted_at, self.submitted_by = at, by
        if self.first_submitted_at is None:
            self.first_submitted_at, self.on_time = at, at < end_of(self.due, self.zone)
        return ReportSubmitted(
            **self._key(),
            submitted_at=at,
            first_submitted_at=self.first_submitted_at,
            due=self.due,
            on_time=bool(self.on_time),
            resubmission_late=late,
            by=by,
            **content.as_event(),
        )

    def return_(
        self, reason: str, *, kind: ReturnKind, by: str, at: datetime, resubmit_due: date, same_unit: bool = False
    ) -> ReportReturned:
        """Send back with a reason. `empty` voids the submission, so that timeliness counts from the next.

        Raises NothingToReview or ReviewerIsAuthor.
        """
        self._must_be_reviewable(by)
        self.state, self.returns, self.return_reason = ReportState.RETURNED, self.returns + 1, reason
        self.resubmit_due, self.reviewed_by = resubmit_due, by
        if kind is ReturnKind.EMPTY:
            self.first_submitted_at = self.on_time = None
        return ReportReturned(
            **self._key(),
            kind=kind,
            reason=reason,
            returned_at=at,
            resubmit_due=resubmit_due,
            by=by,
            same_unit_review=same_unit,
        )

    def accept(self, comment: str, *, by: str, at: datetime, same_unit: bool = False) -> ReportAccepted:
        """Raises NothingToReview or ReviewerIsAuthor."""
        self._must_be_reviewable(by)
        self.state, self.accepted_at, self.reviewed_by = ReportState.ACCEPTED, at, by
        return ReportAccepted(
            **self._key(),
            comment=comment,
            accepted_at=at,
            first_pass=self.returns == 0,
            by=by,
            same_unit_review=same_unit,
        )

    @property
    def obligation(self) -> ObligationIssued:
        return ObligationIssued(period=self.period, opens=self.opens, due=self.due, locks=self.locks)

    @property
    def is_unanswered(self) -> bool:
        """Asked for, and nothing was ever submitted."""
        return self.state is ReportState.EXPECTED and self.revision == 0

    def excuse(self, reason: str, *, by: str, at: datetime) -> ReportExcused:
        """Ask for it no longer; only what is unanswered can be excused."""
        self.state = ReportState.EXCUSED
        return ReportExcused(**self._key(), reason=reason, excused_at=at, by=by)

    def reinstate(self, reason: str, *, by: str, at: datetime) -> ReportReinstated:
        """Ask again for what was excused, by the dates that were announced before."""
        self.state = ReportState.EXPECTED
        dates = self.obligation.model_dump(include={"opens", "due", "locks"})
        return ReportReinstated(**self._key(), **dates, reason=reason, reinstated_at=at, by=by)

    def _must_be_reviewable(self, by: str) -> None:
        if self.state is not ReportState.SUBMITTED:
            raise NothingToReview(state=self.state.value)
        if by == self.submitted_by:
            raise ReviewerIsAuthor

    def _key(self) -> dict[str, Any]:
        return {
            "plan": self.plan,
            "measure": self.measure,
            "unit": self.unit,
            "period": self.period,
            "revision": self.revision,
        }
