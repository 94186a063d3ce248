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


class PlanInForce(Event):
    """What a reader needs of a plan as it is in force."""

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
    """The expansion of each group as it was on the day of publication.

    Under `measure/group`: as it was when an amendment gave the measure to the group.
    """
    assignments: int
    sample: bool = False


@event("plan.published", version="1.0")
class PlanPublished(PlanInForce):
    """The plan is in force; one `plan.measure_published` per measure and one `assignment.issued` per unit follow."""


class PlanChange(Part):
    """One difference in words; `before` is null for what is new, `after` for what is gone."""

    kind: str
    place: str
    before: str | None = None
    after: str | None = None


@event("plan.amended", version="1.0")
class PlanAmended(PlanInForce):
    """The plan says something else from a date on, here as a whole.

    One event per measure and per assignment that it changes follows; what they do not name stays.
    """

    number: int
    """Counts the plan's amendments from 1."""
    effective_from: date
    reason: str
    document_number: str | None = None
    by: AccountName
    changes: list[PlanChange]
    changes_left_out: int = 0
    """How many more there are than an event can hold; the amendment lists them all."""


class MeasureEvent(Event):
    plan: PlanKey
    measure: MeasureKey
    position: int
    """Order in the plan, from 1."""
    area: str
    title: str
    title_en: str = ""
    strength: str


@event("plan.measure_published", version="1.0")
class MeasurePublished(MeasureEvent):
    """A measure of a plan that was published, or that an amendment added."""


@event("plan.measure_amended", version="1.0")
class MeasureAmended(MeasureEvent):
    """The measure keeps its key and says or stands elsewhere what these facts say."""

    effective_from: date


@event("plan.measure_ended", version="1.0")
class MeasureEnded(MeasureEvent):
    """The plan no longer has the measure; its key is never used again."""

    effective_from: date


class ObligationIssued(Part):
    period: PeriodKey
    opens: date
    due: date
    locks: date


@event("assignment.issued", version="1.0")
class AssignmentIssued(Event):
    """A measure was assigned to a unit, with everything that the unit will have to report.

    Again on the same subject where an amendment gives back what another took away.
    """

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


@event("assignment.amended", version="1.0")
class AssignmentAmended(Event):
    """An amendment changed the unit's part in a measure, or for how long it reports."""

    plan: PlanKey
    measure: MeasureKey
    unit: UnitKey
    relation: Relation
    measure_title: str
    effective_from: date
    reason: str
    document_number: str | None = None
    role: AssignmentRole
    role_before: AssignmentRole
    lead_inferred: bool
    added: list[ObligationIssued] = []
    """Owed from now on, beside what was owed before."""
    excused: list[ObligationIssued] = []
    """No longer owed; a `report.excused` of each follows."""


@event("assignment.superseded", version="1.0")
class AssignmentSuperseded(Event):
    """An amendment took the measure from the unit. What began before `effective_from` is still owed."""

    plan: PlanKey
    measure: MeasureKey
    unit: UnitKey
    relation: Relation
    role: AssignmentRole
    measure_title: str
    effective_from: date
    reason: str
    document_number: str | None = None
    excused: list[ObligationIssued] = []
    """Begin on or after that day; a `report.excused` of each follows."""
    owed: list[ObligationIssued] = []
    """Never submitted and still asked for."""


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


@event("report.excused", version="1.0")
class ReportExcused(ReportEvent):
    """Nothing is asked for any more; nothing was ever submitted."""

    reason: str
    excused_at: datetime
    by: AccountName


@event("report.reinstated", version="1.0")
class ReportReinstated(ReportEvent):
    """What was excused is owed again, by the dates that were announced before."""

    reason: str
    opens: date
    due: date
    locks: date
    reinstated_at: datetime
    by: AccountName


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
