"""Bodies of reports and their reviews."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from contracts.names import ReturnKind, SelfAssessment
from contracts.task import Evidence, Reading
from services.task.models import Report, ReportContent
from services.task.queries.history import HistoryEntry
from services.task.queries.todo import Todo
from services.task.schemas.texts import LongText, ShortText, Spoken, Storable
from services.task.schemas.times import Instant
from shared.errors import Text
from shared.validation import Refusal, refuse

MAX_ITEMS = 100
MAX_DIGITS = 30
"""More than any statistic has; without a limit, `1e999999999` written out would fill the memory."""
_NEEDED = {
    "link": ("url", Text("链接须填写 url。", "A link needs url.")),
    "file": ("file", Text("文件须填写 file（上传后得到的编号）。", "A file needs its id in file.")),
    "entity": ("name", Text("主体须填写 name。", "An entity needs name.")),
}


class Body(BaseModel):
    """A body from outside: unknown fields are refused, so that a typing error is not silently lost."""

    model_config = ConfigDict(extra="forbid")


class ReadingIn(Body):
    """An indicator's value: a number or a decimal string; null with a note that says why."""

    indicator: ShortText
    value: Annotated[Decimal, Field(max_digits=MAX_DIGITS)] | None = None
    unit: ShortText | None = None
    note: ShortText = ""

    def as_fact(self) -> Reading:
        return Reading(indicator=self.indicator, value=_plain(self.value), unit=self.unit, note=self.note)


class EvidenceIn(Body):
    """What proves it: a link, an uploaded file, or a named entity with its credit code."""

    kind: Literal["link", "file", "entity"]
    title: ShortText = ""
    url: Annotated[str, StringConstraints(max_length=2000, pattern=r"^https?://"), Storable] | None = None
    file: ShortText | None = None
    name: ShortText | None = None
    credit_code: Annotated[str, StringConstraints(pattern=r"^[0-9A-HJ-NPQRTUWXY]{18}$")] | None = None

    @model_validator(mode="after")
    def _names_its_thing(self) -> Self:
        field, sentence = _NEEDED[self.kind]
        if not getattr(self, field):
            refuse(EvidenceIn, [Refusal((field,), f"{self.kind}_without_{field}", sentence)])
        return self


class ReportIn(Body):
    """A unit's answer for a period; only the assessment and what was done are required."""

    self_assessment: SelfAssessment
    done: Spoken
    problems: LongText = ""
    next_steps: LongText = ""
    support_needed: LongText = ""
    readings: Annotated[list[ReadingIn], Field(max_length=MAX_ITEMS)] = []
    evidence: Annotated[list[EvidenceIn], Field(max_length=MAX_ITEMS)] = []

    def content(self) -> ReportContent:
        return ReportContent(
            self_assessment=self.self_assessment,
            done=self.done,
            problems=self.problems,
            next_steps=self.next_steps,
            support_needed=self.support_needed,
            readings=tuple(reading.as_fact() for reading in self.readings),
            evidence=tuple(Evidence(**item.model_dump()) for item in self.evidence),
        )


class ReturnIn(Body):
    reason: Spoken
    kind: ReturnKind = ReturnKind.CORRECT


class AcceptIn(Body):
    comment: LongText = ""


class ReportOut(BaseModel):
    """A report as it stands. `version` counts submitted bodies; 0 before the first."""

    id: str
    plan: str
    measure: str
    unit: str
    unit_name: str
    period: str
    state: str
    version: int
    opens: date
    due: date
    locks: date
    submitted_at: Instant | None
    first_submitted_at: Instant | None
    on_time: bool | None
    submitted_by: str | None
    returns: int
    return_reason: str | None
    resubmit_due: date | None
    reviewed_by: str | None
    accepted_at: Instant | None
    content: dict[str, Any] | None

    @classmethod
    def from_report(cls, report: Report, now: datetime) -> Self:
        return cls(id=str(report.id), state=report.shown_state(now), version=report.revision, **_same(cls, report))


class ObligationOut(BaseModel):
    """What is expected for a period, whether or not anything was sent."""

    plan: str
    measure: str
    unit: str
    unit_name: str
    period: str
    state: str
    version: int
    opens: date
    due: date
    locks: date
    on_time: bool | None
    resubmit_due: date | None

    @classmethod
    def from_report(cls, report: Report, now: datetime) -> Self:
        return cls(state=report.shown_state(now), version=report.revision, **_same(cls, report))


class TodoItem(BaseModel):
    """Something that waits for the caller. `due` is a day in the plan's zone; `href` is where to do it."""

    kind: str
    plan: str
    measure: str
    unit: str
    unit_name: str
    period: str | None
    title: str
    due: date
    working_days_left: int
    reason: str | None = None
    href: str

    @classmethod
    def from_todo(cls, todo: Todo, working_days_left: int) -> Self:
        same = {name: getattr(todo, name) for name in cls.model_fields if name != "working_days_left"}
        return cls(**same, working_days_left=working_days_left)


class ReportVersion(BaseModel):
    """One submitted body, from the event log."""

    version: int
    submitted_at: Instant
    by: str
    content: dict[str, Any]

    @classmethod
    def from_entry(cls, entry: HistoryEntry) -> Self:
        content = {name: value for name, value in entry.data.items() if name in ReportIn.model_fields}
        return cls(
            version=entry.data["revision"],
            submitted_at=entry.data["submitted_at"],
            by=entry.data["by"],
            content=content,
        )


OTHERWISE_NAMED = {"id", "state", "version"}


def _same(cls: type[BaseModel], report: Report) -> dict[str, Any]:
    """The fields that are named as the columns are."""
    return {name: getattr(report, name) for name in cls.model_fields if name not in OTHERWISE_NAMED}


def _plain(value: Decimal | None) -> str | None:
    """12.50 as "12.50", never in exponents."""
    return None if value is None else f"{value:f}"
