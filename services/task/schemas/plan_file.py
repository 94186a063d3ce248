"""The plan file: what an office puts and publishes. Units appear by key; who they are is the directory's business."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from contracts.names import AssignmentRole, GroupKey, Key, MeasureKey, UnitKey
from services.task.days import OFFICE_ZONE
from services.task.report_dates import Reporting
from services.task.schemas.clocks import Clocks
from services.task.schemas.targets import Indicator, Name, Precision
from services.task.schemas.texts import Storable
from shared.documents import read_document
from shared.errors import Text
from shared.validation import Place, Refusal, refuse

SCHEMA_ID = "urn:duban:schema:plan-file"

Repeatable = TypeVar("Repeatable")

Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300), Storable]
Remark = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000), Storable]
Strength = Literal["encourage", "aspire", "binding"]
"""探索, 鼓励, 支持, 研究 encourage and never turn red for missing substance; 力争 aspires; the rest binds."""


def _offices_zone(name: str) -> str:
    """Notices, lists over several plans and the pages know one zone; days of another would be wrong there."""
    if name != OFFICE_ZONE:
        raise PydanticCustomError("another_zone", "{en}", _ANOTHER_ZONE._asdict())
    return name


_ANOTHER_ZONE = Text(
    f"本版只支持时区 {OFFICE_ZONE}，请改为该时区或删去 zone。",
    f"The only time zone so far is {OFFICE_ZONE}; write that or leave zone out.",
)
_UNIT_OR_GROUP = Text("请写 unit（单位）或 group（单位组）之一。", "Name either a unit or a group.")
_EXCUSED_WITHOUT_GROUP = Text("只有单位组的成员可以列入 excused。", "Only members of a group can be excused here.")
_ONLY_A_LEAD_IS_INFERRED = Text("lead_inferred 只用于牵头单位。", "Only a lead can be inferred.")
FIRST_YEAR, LAST_YEAR = 2002, 2095
"""The working calendar knows 2000 to 2099; a report opens up to a year before its period ends and is chased long after."""
_OUTSIDE_CALENDAR = Text(
    f"日期应在 {FIRST_YEAR} 年至 {LAST_YEAR} 年之间。", f"The date must lie between {FIRST_YEAR} and {LAST_YEAR}."
)
_ENDS_BEFORE_START = Text("方案结束日早于开始日。", "The plan ends before it starts.")


class MeasureUnit(BaseModel):
    """A unit, or a group that stands for its members, with its part in a measure.

    `excused` names members to whom the measure does not apply, each with the reason.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"oneOf": [{"required": ["unit"]}, {"required": ["group"]}]},
    )

    unit: UnitKey | None = None
    group: GroupKey | None = None
    role: AssignmentRole
    lead_inferred: bool = False
    excused: dict[UnitKey, Remark] = {}

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        broken = []
        if (self.unit is None) == (self.group is None):
            broken.append(Refusal((), "unit_or_group", _UNIT_OR_GROUP))
        if self.excused and self.group is None:
            broken.append(Refusal(("excused",), "excused_without_group", _EXCUSED_WITHOUT_GROUP))
        if self.lead_inferred and self.role is not AssignmentRole.LEAD:
            broken.append(Refusal(("lead_inferred",), "only_lead_inferred", _ONLY_A_LEAD_IS_INFERRED))
        refuse(MeasureUnit, broken)
        return self

    @property
    def named(self) -> str:
        """The key as the file gives it, of a unit or a group."""
        key = self.unit or self.group
        assert key is not None
        return key


class Milestone(BaseModel):
    """What the text wants done by a day. It is kept; nothing watches it yet."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), Storable]
    due: date
    precision: Precision = "day"


class Measure(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    key: MeasureKey
    title: Title
    title_en: Annotated[str, Storable] = ""
    strength: Strength
    summary: Remark | None = None
    units: Annotated[list[MeasureUnit], Field(max_length=500)] = []
    milestones: Annotated[list[Milestone], Field(max_length=200)] = []

    @model_validator(mode="after")
    def _names_each_unit_once(self) -> Self:
        named = ((("units", n), (unit.unit is None, unit.named)) for n, unit in enumerate(self.units))
        refuse(Measure, [_repeated(place, "unit", key) for place, (_, key) in _later_ones(named)])
        return self


class Area(BaseModel):
    """A section of the plan that holds measures; `number` as printed (二)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    number: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20), Storable]
    title: Title
    title_en: Annotated[str, Storable] = ""
    measures: Annotated[list[Measure], Field(min_length=1, max_length=500)]


class PlanFile(BaseModel):
    """A whole plan as data. `starts` and `ends` are days; their precision says how exactly the text gives them."""

    model_config = ConfigDict(extra="forbid", frozen=True, title="Plan file")

    key: Key
    title: Title
    title_en: Annotated[str, Storable] = ""
    issuer: Name
    document_number: Name | None = None
    starts: date
    starts_precision: Precision = "day"
    ends: date
    ends_precision: Precision = "day"
    zone: Annotated[str, AfterValidator(_offices_zone), Field(json_schema_extra={"const": OFFICE_ZONE})] = OFFICE_ZONE
    office: UnitKey
    group: UnitKey | None = None
    reporting: Reporting
    clocks: Clocks = Field(default_factory=Clocks)
    areas: Annotated[list[Area], Field(min_length=1, max_length=200)]
    indicators: Annotated[list[Indicator], Field(max_length=1000)] = []

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        broken = [*_dates_outside_calendar(self), *_repeated_keys(self), *_indicators_of_no_measure(self)]
        if self.ends < self.starts:
            broken.append(Refusal(("ends",), "ends_before_starts", _ENDS_BEFORE_START))
        refuse(PlanFile, broken)
        return self

    @property
    def measures(self) -> Iterator[Measure]:
        """In the order of the plan."""
        return (measure for area in self.areas for measure in area.measures)


def read_plan(content: str | bytes) -> PlanFile:
    """The plan that a YAML or JSON text holds. Raises UnreadableDocument or pydantic's ValidationError."""
    return PlanFile.model_validate(read_document(content))


def json_schema() -> dict[str, Any]:
    """The contract in `contracts/plan-file.schema.json`; rules across fields are checked by the models only."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_ID}
    return schema | PlanFile.model_json_schema()


def _dates_outside_calendar(plan: PlanFile) -> Iterator[Refusal]:
    for name, day in (("starts", plan.starts), ("ends", plan.ends)):
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            yield Refusal((name,), "outside_calendar", _OUTSIDE_CALENDAR)


def _repeated_keys(plan: PlanFile) -> Iterator[Refusal]:
    areas = ((("areas", n, "number"), area.number) for n, area in enumerate(plan.areas))
    measures = (
        (("areas", a, "measures", m, "key"), measure.key)
        for a, area in enumerate(plan.areas)
        for m, measure in enumerate(area.measures)
    )
    indicators = ((("indicators", n, "key"), indicator.key) for n, indicator in enumerate(plan.indicators))
    for noun, keys in (("area", areas), ("measure", measures), ("indicator", indicators)):
        yield from (_repeated(place, noun, key) for place, key in _later_ones(keys))


def _later_ones(keys: Iterable[tuple[Place, Repeatable]]) -> Iterator[tuple[Place, Repeatable]]:
    seen: set[Repeatable] = set()
    for place, key in keys:
        if key in seen:
            yield place, key
        seen.add(key)


_NOUNS = {"area": "领域", "measure": "措施", "indicator": "指标", "unit": "单位"}


def _repeated(place: Place, noun: str, key: str) -> Refusal:
    sentence = Text(f"{_NOUNS[noun]} {key} 重复出现。", f"The {noun} {key} occurs twice.")
    return Refusal(place, f"duplicate_{noun}", sentence)


def _indicators_of_no_measure(plan: PlanFile) -> Iterator[Refusal]:
    known = {measure.key for measure in plan.measures}
    for n, indicator in enumerate(plan.indicators):
        if indicator.measure is not None and indicator.measure not in known:
            sentence = Text(f"方案没有措施 {indicator.measure}。", f"The plan has no measure {indicator.measure}.")
            yield Refusal(("indicators", n, "measure"), "unknown_measure", sentence)
