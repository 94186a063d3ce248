"""Bodies of reporting. Counts are whole numbers, readings decimal strings, days `YYYY-MM-DD`."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field
from sqlalchemy import Row

from services.reporting.lights import Light
from services.reporting.models import RebuildState

FigureName = Literal[
    "assignments",
    "acknowledged",
    "expected",
    "submitted",
    "on_time",
    "accepted",
    "returned",
    "awaiting_review",
    "excused",
    "late",
    "requested_pending",
]


class Totals(BaseModel):
    """submitted = accepted + returned + awaiting_review; expected leaves out excused."""

    assignments: int = 0
    acknowledged: int = 0
    expected: int = 0
    submitted: int = 0
    on_time: int = 0
    accepted: int = 0
    returned: int = 0
    awaiting_review: int = 0
    excused: int = 0
    late: int = 0
    """Subordinate, past due, never submitted."""
    requested_pending: int = 0
    """Requested units past due that have not answered."""


LinksOut = Annotated[dict[str, str], Field(description="For each figure that is not 0, the list of reports behind it")]


class LitRow(BaseModel):
    """A line of the board: its light, why, and its figures."""

    light: Light
    cause: str
    rule: str
    totals: Totals
    links: LinksOut


class AreaRow(LitRow):
    area: str
    title: str
    title_en: str


class MeasureRow(LitRow):
    measure: str
    title: str
    title_en: str
    area: str
    strength: str
    href: str


class UnitRow(LitRow):
    unit: str
    unit_name: str
    unit_name_en: str
    kind: str
    href: str


class IndicatorRow(BaseModel):
    """An indicator against its target. Only accepted readings count; without any the light is grey."""

    indicator: str
    title: str
    title_en: str
    measure: str | None
    unit: str
    kind: str
    target: dict[str, Any]
    target_text: str
    value: str | None
    state: str
    light: Light
    cause: str
    readings: int
    href: str


class PeriodOut(BaseModel):
    period: str
    opens: date
    due: date


class PlanOut(BaseModel):
    plan: str
    title: str
    title_en: str
    starts: date
    ends: date
    sample: bool


class PlansOut(BaseModel):
    items: list[PlanOut]
    next: None = None


class PlanHead(BaseModel):
    """Which plan, period and day an answer is about."""

    plan: str
    title: str
    title_en: str
    sample: bool
    """Demo data, invented."""
    as_of: date
    period: str
    opens: date
    due: date


class BoardOut(PlanHead):
    issuer: str
    periods: list[PeriodOut]
    rules: str
    """Version of the light's rules."""
    totals: Totals
    links: LinksOut
    areas: list[AreaRow]
    measures: list[MeasureRow]
    units: list[UnitRow]
    indicators: list[IndicatorRow]


class AssignmentRow(BaseModel):
    """An assignment with its report of the period; `href` and `version` lead to the report in task."""

    plan: str
    measure: str
    unit: str
    unit_name: str
    relation: str
    role: str
    period: str
    state: str
    """As task names it: scheduled, open, submitted, returned, accepted, excused; not_asked where none is owed."""
    progress: str
    """What the figures count: also due_today, overdue, awaiting_review, resubmission_overdue."""
    version: int | None
    due: date | None
    submitted_at: datetime | None
    on_time: bool | None
    resubmit_due: date | None
    accepted_at: datetime | None
    same_unit_review: bool | None
    acknowledged_at: datetime | None
    light: Light
    cause: str
    href: str | None
    """The report in task, or the assignment where no report is owed. Null where the caller may only know the state."""


class LightRow(BaseModel):
    """One assignment's light, explained: the rule, what went into it, and the day."""

    plan: str
    measure: str
    unit: str
    unit_name: str
    period: str
    light: Light
    cause: str
    rule: str
    rules: str
    inputs: dict[str, Any]
    day: date


class MeasureOut(PlanHead):
    """A measure with the units that take part in it."""

    measure: MeasureRow
    units: list[AssignmentRow]
    indicators: list[IndicatorRow]


class UnitOut(PlanHead):
    """A unit with its measures."""

    unit: UnitRow
    measures: list[AssignmentRow]


class UnitsOut(PlanHead):
    items: list[UnitRow]
    next: None = None


class ContributionOut(BaseModel):
    measure: str
    unit: str
    unit_name: str
    period: str
    value: str
    href: str


class IndicatorsOut(PlanHead):
    items: list[IndicatorRow]
    next: None = None


class IndicatorOut(PlanHead):
    """An indicator and the accepted readings that its value is made of."""

    indicator: IndicatorRow
    contributions: list[ContributionOut]


class Rate(BaseModel):
    """`rate` is a decimal string with four places; null where the denominator is 0."""

    numerator: int
    denominator: int
    rate: str | None


class Rates(BaseModel):
    """应报, 已报, 按时, 通过, 退回, 逾期 (for requested units 待反馈)."""

    expected: int
    submitted: Rate
    on_time: Rate
    accepted: Rate
    returned: Rate
    overdue: Rate


class RatesOut(PlanHead):
    all: Rates
    subordinate: Rates
    requested: Rates
    """A rate of their own: these units are asked, not supervised."""


class PlanOverview(PlanHead):
    totals: Totals
    lights: dict[Light, int]
    """How many measures have which light."""
    href: str


class OverviewOut(BaseModel):
    """The period of each of the caller's plans, and their sum."""

    totals: Totals
    plans: list[PlanOverview]


class RuleOut(BaseModel):
    code: str
    light: Light
    says: str
    says_en: str
    when: dict[str, list[str]]


class RulesOut(BaseModel):
    version: str
    rules: list[RuleOut]


class RebuildOut(BaseModel):
    projection: str
    state: RebuildState
    asked_by: str
    asked_at: datetime
    ended_at: datetime | None
    events: int
    """Read so far for the new generation, from the first."""
    total: int
    """Read by the live one; 0 while that is not known yet."""
    generation: int | None
    """This and what follows once it is done."""
    rows: int | None
    hash: str | None
    replaced_hash: str | None
    """Of the generation that was live until then; the same unless the handlers have changed."""
    same: bool | None
    problem: str | None
    """Why it failed and what to do."""

    @classmethod
    def from_row(cls, row: Row[Any], language: str) -> Self:
        problem = row.problem and row.problem["en" if language.startswith("en") else "zh"]
        same = row.hash == row.replaced_hash if row.hash else None
        shown = {name: getattr(row, name) for name in cls.model_fields if name not in ("same", "problem")}
        return cls(**shown, same=same, problem=problem)
