"""Plans: drafts that may still change, and published plans with their measures."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlmodel import Field

from contracts.task import PlanPublished
from services.task.models.tables import TaskTable
from shared.db.columns import JsonText, UtcDateTime, Word
from shared.event_log import Aggregate


class PlanState(StrEnum):
    PUBLISHED = "published"
    CLOSED = "closed"


class PlanDraft(TaskTable, table=True):
    """A plan file that is not yet in force. It has a revision of its own and no events."""

    __tablename__ = "plan_drafts"

    plan: str = Field(primary_key=True, max_length=63)
    revision: int
    title: str
    file: dict[str, Any] = Field(sa_type=JsonText)
    updated_by: str
    updated_at: datetime = Field(sa_type=UtcDateTime)


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
    """The plan file as it was published: reporting rules, clocks, indicators."""
    expansion: dict[str, list[str]] = Field(sa_type=JsonText)
    """Members of each group on the day of publication."""

    @property
    def partition_key(self) -> str:
        return str(self.id)

    def published(self, **facts: Any) -> PlanPublished:
        """The fact of publication; `facts` are what the rows beside this one know."""
        return PlanPublished(
            plan=self.plan,
            title=self.title,
            title_en=self.title_en,
            zone=self.zone,
            starts=self.starts,
            ends=self.ends,
            first_period=self.first_period,
            office=self.office,
            groups=self.expansion,
            sample=self.sample,
            **facts,
        )


class Measure(TaskTable, table=True):
    """A measure of a published plan."""

    __tablename__ = "measures"

    plan_id: UUID = Field(primary_key=True, foreign_key="plans.id")
    measure: str = Field(primary_key=True, max_length=12)
    position: int
    area: str
    title: str
    title_en: str = ""
    strength: str
