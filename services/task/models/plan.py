"""Plans: drafts that may still change, and published plans with their measures."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlmodel import Field

from contracts.task import PlanAmended, PlanPublished
from services.task.models.tables import TaskTable
from shared.db.columns import JsonText, UtcDateTime, Word
from shared.event_log import Aggregate


class PlanState(StrEnum):
    PUBLISHED = "published"
    CLOSED = "closed"


class PlanDraft(TaskTable, table=True):
    """A plan file that is to be published, or to amend the plan in force. It has a revision of its own and no events."""

    __tablename__ = "plan_drafts"

    plan: str = Field(primary_key=True, max_length=63)
    revision: int
    title: str
    file: dict[str, Any] = Field(sa_type=JsonText)
    updated_by: str
    updated_at: datetime = Field(sa_type=UtcDateTime)
    plan_version: int = 0
    """Version of the plan in force that it was compared with when it was put; 0 where none was in force."""


class Plan(Aggregate, TaskTable, table=True):
    """A published plan. Its measures are rows of their own and change only with its events."""

    __tablename__ = "plans"
    noun: ClassVar[str] = "plan"

    plan: str = Field(unique=True, max_length=63)
    title: str
    title_en: str = ""
    state: PlanState = Field(default=PlanState.PUBLISHED, sa_type=Word(PlanState))
    zone: str
    starts: date
    ends: date
    first_period: str
    office: str
    published_at: datetime = Field(sa_type=UtcDateTime)
    sample: bool = False
    file: dict[str, Any] = Field(sa_type=JsonText)
    """The plan file as it is in force: reporting rules, clocks, indicators."""
    expansion: dict[str, list[str]] = Field(sa_type=JsonText)
    """Members of each group on the day of publication; under `measure/group` those when an amendment named the group."""

    @property
    def partition_key(self) -> str:
        return str(self.id)

    def published(self, **facts: Any) -> PlanPublished:
        """The fact of publication; `facts` are what the rows beside this one know."""
        return PlanPublished(**self._as_in_force(), **facts)

    def amended(self, file: dict[str, Any], expansion: dict[str, list[str]], ends: date, **facts: Any) -> PlanAmended:
        """Another plan file is in force. Key, zone, start and reporting cycle are those of before."""
        self.title, self.title_en, self.office, self.ends = file["title"], file["title_en"], file["office"], ends
        self.file, self.expansion = file, expansion
        return PlanAmended(**self._as_in_force(), **facts)

    def _as_in_force(self) -> dict[str, Any]:
        same = ("plan", "title", "title_en", "zone", "starts", "ends", "first_period", "office", "sample")
        return {"groups": self.expansion, **{name: getattr(self, name) for name in same}}


class Measure(TaskTable, table=True):
    """A measure of a published plan. One that an amendment ended stays as a row, so that its key is not used again."""

    __tablename__ = "measures"

    plan_id: UUID = Field(primary_key=True, foreign_key="plans.id")
    measure: str = Field(primary_key=True, max_length=12)
    position: int
    area: str
    title: str
    title_en: str = ""
    strength: str
    ended_on: date | None = None


class PlanAmendment(TaskTable, table=True):
    """An amendment as it was decided, with its whole difference; the event of it may hold only the beginning."""

    __tablename__ = "plan_amendments"

    plan_id: UUID = Field(primary_key=True, foreign_key="plans.id")
    number: int = Field(primary_key=True)
    effective_from: date
    reason: str
    document_number: str | None = None
    changes: list[dict[str, Any]] = Field(sa_type=JsonText)
    by: str
    at: datetime = Field(sa_type=UtcDateTime)
