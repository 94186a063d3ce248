"""What the portal reads of the services' answers; more may be in them."""

from datetime import date, datetime
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, RootModel

Light = Literal["red", "yellow", "green", "grey"]
Figures = dict[str, int]
Row = TypeVar("Row")


class Answer(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Tokens(Answer):
    access_token: str
    refresh_token: str
    expires_in: int


class ProblemAnswer(Answer):
    title: str = ""
    detail: str = ""
    request_id: str = ""


class Plan(Answer):
    plan: str
    title: str
    title_en: str
    sample: bool


class Plans(Answer):
    items: list[Plan]


class Head(Answer):
    plan: str
    title: str
    title_en: str
    sample: bool
    as_of: date
    period: str
    opens: date
    due: date


class Lit(Answer):
    light: Light
    cause: str
    totals: Figures


class Area(Lit):
    area: str
    title: str
    title_en: str


class Measure(Lit):
    measure: str
    title: str
    title_en: str
    area: str


class Unit(Lit):
    unit: str
    unit_name: str
    unit_name_en: str
    kind: str


class Indicator(Answer):
    indicator: str
    title: str
    title_en: str
    measure: str | None
    unit: str
    target: dict[str, Any]
    target_text: str
    value: str | None
    light: Light
    cause: str


class Period(Answer):
    period: str
    opens: date


class Board(Head):
    issuer: str
    periods: list[Period]
    rules: str
    totals: Figures
    areas: list[Area]
    measures: list[Measure]
    units: list[Unit]
    indicators: list[Indicator]


class Assignment(Answer):
    measure: str
    unit: str
    unit_name: str
    relation: str
    period: str
    state: str
    progress: str
    version: int | None
    due: date | None
    submitted_at: datetime | None
    on_time: bool | None
    resubmit_due: date | None
    accepted_at: datetime | None
    same_unit_review: bool | None
    light: Light
    cause: str
    href: str | None


class Contribution(Answer):
    measure: str
    unit: str
    unit_name: str
    period: str
    value: str


class IndicatorPage(Head):
    indicator: Indicator
    contributions: list[Contribution]


class Report(Answer):
    plan: str
    measure: str
    unit: str
    unit_name: str
    period: str
    state: str
    version: int
    due: date
    submitted_at: datetime | None
    on_time: bool | None
    submitted_by: str | None
    return_reason: str | None
    resubmit_due: date | None
    accepted_at: datetime | None
    content: dict[str, Any] | None


class HistoryEntry(Answer):
    type: str
    data: dict[str, Any]


class History(RootModel[list[HistoryEntry]]):
    """A report's events, the first first."""


class Page(Answer, Generic[Row]):
    items: list[Row]
    next: str | None
