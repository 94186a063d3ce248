"""Facts that task publishes. `plan`, `measure`, `unit` and `period` are natural keys."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from contracts.names import (
    AccountName,
    AssignmentRole,
    DeadlineKind,
    MeasureKey,
    PeriodKey,
    PlanKey,
    Relation,
    ReturnKind,
    Role,
    RungKind,
    SelfAssessment,
    UnitKey,
)
from shared.events import Event, event


class Part(BaseModel):
    """A value inside an event."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class AreaIssued(Part):
    number: str
    title: str
    title_en: str = ""


class PeriodIssued(Part):
    """A reporting period and its dates; `due` is the last day on which a report is on time."""

    period: PeriodKey
    starts: date
    ends: date
    opens: date
    due: date
    locks: date


class TargetIssued(Part):
    """Numbers travel as decimal strings. `low` and `high` only with comparator `range`."""

    comparator: Literal[">", ">=", "<", "<=", "=", "~", "range"]
    value: str | None = None
    low: str | None = None
    high: str | None = None
    strength: Literal["binding", "aspire"]
    deadline: date
    deadline_precision: str


class IndicatorIssued(Part):
    indicator: str
    title: str
    title_en: str = ""
    measure: MeasureKey | None = None
    unit: str
    kind: str
    target: TargetIssued
    trajectory: str = "linear"


@event("plan.published", version="1.0")
class PlanPublished(Event):
    """The plan is in force; one `plan.measure_published` per measure and one `assignment.issued` per unit follow."""

    plan: PlanKey
    title: str
    title_en: str = ""
    issuer: str = ""
    zone: str
    starts: date
    ends: date
    cycle: str
    first_period: PeriodKey
    office: UnitKey
    areas: list[AreaIssued]
    periods: list[PeriodIssued]
    indicators: list[IndicatorIssued] = []
    groups: dict[str, list[UnitKey]] = {}
    """The expansion of each group as it was on the day of publication."""
    assignments: int
    sample: bool = False


@event("plan.measure_published", version="1.0")
class MeasurePublished(Event):
    plan: PlanKey
    measure: MeasureKey
    position: int
    """Order in the plan, from 1."""
    area: str
    title: str
    title_en: str = ""
    strength: str


class ObligationIssued(Part):
    period: PeriodKey
    opens: date
    due: date
    locks: date


@event("assignment.issued", version="1.0")
class AssignmentIssued(Event):
    """A measure was assigned to a unit, with everything that the unit will have to report."""

    plan: PlanKey
    measure: MeasureKey
    unit: UnitKey
    unit_name: str
    relation: Relation
    role: AssignmentRole
    lead_inferred: bool
    measure_title: str
    issued_at: datetime
    acknowledge_due: date
    obligations: list[ObligationIssued]
    sample: bool = False


@event("assignment.acknowledged", version="1.0")
class AssignmentAcknowledged(Event):
    plan: PlanKey
    measure: MeasureKey
    unit: UnitKey
    acknowledged_at: datetime
    on_time: bool
    by: AccountName
    by_report: bool = False
    """True where submitting the first report implied it."""


class Reading(Part):
    """An indicator's value as the unit reports it; a null value has a note that says why."""

    indicator: str
    value: str | None
    unit: str | None = None
    note: str = ""


class Evidence(Part):
    kind: Literal["link", "file", "entity"]
    title: str = ""
    url: str | None = None
    file: str | None = None
    name: str | None = None
    credit_code: str | None = None


class ReportEvent(Event):
    plan: PlanKey
    measure: MeasureKey
    unit: UnitKey
    period: PeriodKey
    revision: int
    """Counts submitted bodies from 1; the API calls it `version`."""


@event("report.submitted", version="1.0")
class ReportSubmitted(ReportEvent):
    submitted_at: datetime
    first_submitted_at: datetime
    due: date
    on_time: bool
    """Of the first submission; a later version does not change it."""
    resubmission_late: bool | None = None
    """Whether a version after a return came after its `resubmit_due`; null on other versions."""
    by: AccountName
    self_assessment: SelfAssessment
    done: str
    problems: str = ""
    next_steps: str = ""
    support_needed: str = ""
    readings: list[Reading] = []
    evidence: list[Evidence] = []


@event("report.returned", version="1.0")
class ReportReturned(ReportEvent):
    kind: ReturnKind
    reason: str
    returned_at: datetime
    resubmit_due: date
    by: AccountName
    same_unit_review: bool = False


@event("report.accepted", version="1.0")
class ReportAccepted(ReportEvent):
    comment: str = ""
    accepted_at: datetime
    first_pass: bool
    """No version of it was ever returned."""
    by: AccountName
    same_unit_review: bool = False


@event("deadline.rung_fired", version="1.1")
class DeadlineRungFired(Event):
    """A reminder before or an escalation after a date. Fired once; late firings after downtime carry both times."""

    plan: PlanKey
    measure: MeasureKey
    unit: UnitKey
    period: PeriodKey | None = None
    deadline: DeadlineKind
    due: date
    rung: int
    """Working days relative to `due`: negative before, 0 on the day, positive after."""
    kind: RungKind
    audience: list[Role]
    relation: Relation
    scheduled_for: datetime
    fired_at: datetime
    superseded: bool = False
    """True where a later rung of the same deadline was due in the same catch-up: it is recorded, not delivered."""
