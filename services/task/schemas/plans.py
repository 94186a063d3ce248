"""Bodies of plans."""

from datetime import date
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field

from contracts.names import MeasureKey, PeriodKey, UnitKey
from services.task.expansion import IssuedUnit
from services.task.models import Plan
from services.task.queries.directory import KnownUnit
from services.task.queries.plans import Draft, MeasureOfPlan
from services.task.schemas.amendments import AmendmentPreview
from services.task.schemas.times import Instant


class JoinIn(BaseModel):
    """A unit that takes part in a measure later than the others; its earlier periods are excused."""

    model_config = ConfigDict(extra="forbid")

    measure: MeasureKey
    unit: UnitKey
    first_period: PeriodKey


class PublishIn(BaseModel):
    """`first_period` is the first for which units owe a report; earlier ones are excused (系统启用前)."""

    model_config = ConfigDict(extra="forbid")

    first_period: PeriodKey
    joins: list[JoinIn] = Field([], max_length=1000)
    sample: bool = Field(False, description="marks everything as 演示数据")


class PlanOut(BaseModel):
    """A plan as the caller may see it. A draft has a revision and no dates of publication.

    `draft_version`: of the draft that may amend a plan in force, for those who may change it.
    """

    plan: str
    title: str
    title_en: str
    state: str
    starts: date
    ends: date
    first_period: str | None = None
    office: str
    published_at: Instant | None = None
    sample: bool = False
    version: int
    draft_version: int | None = None

    @classmethod
    def from_plan(cls, plan: Plan, draft: Draft | None = None) -> Self:
        own = {"state", "version", "draft_version"}
        same = {name: getattr(plan, name) for name in cls.model_fields if name not in own}
        return cls(state=str(plan.state), version=plan.version, draft_version=draft.revision if draft else None, **same)

    @classmethod
    def from_draft(cls, draft: Draft) -> Self:
        file = draft.file
        same = {name: file[name] for name in ("title", "title_en", "starts", "ends", "office")}
        return cls(plan=draft.plan, state="draft", version=draft.revision, **same)


class MeasureOut(BaseModel):
    measure: str
    position: int
    area: str
    title: str
    title_en: str
    strength: str
    ended_on: date | None
    assignments: int

    @classmethod
    def from_measure(cls, measure: MeasureOfPlan) -> Self:
        return cls(**{name: getattr(measure, name) for name in cls.model_fields})


class PreviewedAssignment(BaseModel):
    measure: str
    role: str
    lead_inferred: bool
    group: str | None
    excused: str | None


class PreviewedUnit(BaseModel):
    """What one unit would be asked for."""

    unit: str
    unit_name: str
    relation: str
    assignments: list[PreviewedAssignment]


class PreviewOut(BaseModel):
    """What publishing would issue, per unit, and who would be left out with which reason.

    Of a plan in force: the whole as it would be, and in `amendment` what that changes. `version` is the draft's.
    """

    plan: str
    version: int
    total: int
    units: list[PreviewedUnit]
    amendment: AmendmentPreview | None = None

    @classmethod
    def from_issued(
        cls,
        draft: Draft,
        issued: list[IssuedUnit],
        units: dict[str, KnownUnit],
        amendment: AmendmentPreview | None = None,
    ) -> Self:
        by_unit: dict[str, list[dict[str, Any]]] = {}
        for item in issued:
            shown = {name: getattr(item, name) for name in PreviewedAssignment.model_fields}
            by_unit.setdefault(item.unit, []).append(shown)
        previewed = [
            PreviewedUnit(unit=key, unit_name=units[key].name, relation=units[key].relation, assignments=items)
            for key, items in by_unit.items()
        ]
        total = sum(item.excused is None for item in issued)
        return cls(plan=draft.plan, version=draft.revision, total=total, units=previewed, amendment=amendment)
