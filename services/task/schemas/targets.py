"""Indicators of a plan file: what is counted, and the value to reach by a date."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    TypeAdapter,
    WithJsonSchema,
    model_validator,
)

from contracts.names import Key, MeasureKey, UnitKey
from services.task.schemas.texts import Storable
from shared.errors import Text
from shared.validation import Refusal, refuse

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), Storable]
Precision = Literal["day", "month", "quarter", "half", "year", "inferred"]
"""How exactly the text states a date; `inferred` where it states none."""

_DECIMAL_FORM = r"^-?[0-9]{1,15}(\.[0-9]{1,6})?$"
_decimal_text: TypeAdapter[str] = TypeAdapter(Annotated[str, StringConstraints(pattern=_DECIMAL_FORM)])


def _exact(value: object) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(_decimal_text.validate_python(value))


DecimalText = Annotated[
    Decimal,
    BeforeValidator(_exact),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": _DECIMAL_FORM}),
]
"""A number that travels as text, so that no reader rounds it."""


class Comparator(StrEnum):
    """As the plan writes it: 超 `>`, 以上 and 不少于 `>=`, 以内 `<=`, 左右 `~`, 5-10 `range`."""

    MORE_THAN = ">"
    AT_LEAST = ">="
    LESS_THAN = "<"
    AT_MOST = "<="
    EQUAL = "="
    ABOUT = "~"
    RANGE = "range"


class IndicatorKind(StrEnum):
    """A level on a day, an amount per year, or a count since the plan began."""

    STOCK = "stock"
    FLOW = "flow"
    CUMULATIVE = "cumulative"


class Trajectory(StrEnum):
    """How much of the target is expected before its deadline."""

    LINEAR = "linear"
    STEPPED = "stepped"
    TABLE = "table"
    ALL_OR_NOTHING = "all_or_nothing"


_COMPARATOR_NEEDED = Text(
    "目标值缺少比较方式 comparator：超写 >，以上、不少于写 >=，区间写 range。",
    "A target needs a comparator: one of > >= < <= = ~ or range.",
)
_BOUNDS_NEEDED = Text("区间目标须写 low 和 high，不写 value。", "A range has low and high, and no value.")
_VALUE_NEEDED = Text(
    "目标须写 value；只有区间才写 low 和 high。", "A target has a value; only a range has low and high."
)
_LOW_ABOVE_HIGH = Text("区间的下限 low 大于上限 high。", "The range's low is above its high.")
_STEPS_NEEDED = Text("分步或按表的序时进度须列出 points。", "A stepped or tabled trajectory needs points.")
_STEPS_NOT_WANTED = Text("只有分步或按表的序时进度才列 points。", "Only a stepped or tabled trajectory has points.")
_STEPS_RISE = Text("points 须按日期先后排列，日期不得重复。", "Points must be in order of their dates, each date once.")


class Target(BaseModel):
    """`value`, or `low` and `high` of a range, to be reached by the end of `deadline`."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "if": {"properties": {"comparator": {"const": "range"}}},
            "then": {"required": ["low", "high"]},
            "else": {"required": ["value"]},
        },
    )

    comparator: Comparator
    value: DecimalText | None = None
    low: DecimalText | None = None
    high: DecimalText | None = None
    strength: Literal["aspire", "binding"]
    deadline: date
    deadline_precision: Precision = "day"

    @model_validator(mode="before")
    @classmethod
    def _has_a_comparator(cls, data: Any) -> Any:
        if isinstance(data, dict) and data.get("comparator") is None:
            refuse(cls, [Refusal(("comparator",), "target_without_comparator", _COMPARATOR_NEEDED)])
        return data

    @model_validator(mode="after")
    def _has_the_numbers_of_its_comparator(self) -> Self:
        given = {name for name in ("value", "low", "high") if getattr(self, name) is not None}
        if self.comparator is Comparator.RANGE:
            if given != {"low", "high"}:
                refuse(Target, [Refusal((), "range_without_bounds", _BOUNDS_NEEDED)])
        elif given != {"value"}:
            refuse(Target, [Refusal((), "target_without_value", _VALUE_NEEDED)])
        if self.low is not None and self.high is not None and self.low > self.high:
            refuse(Target, [Refusal(("low",), "low_above_high", _LOW_ABOVE_HIGH)])
        return self


class TrajectoryPoint(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    on: date
    value: DecimalText


class Indicator(BaseModel):
    """A figure of the whole plan, or of one measure. Without `owner` the office has yet to name who reports it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: Key
    title: Name
    title_en: Annotated[str, Storable] = ""
    measure: MeasureKey | None = None
    unit: Name
    kind: IndicatorKind
    target: Target
    trajectory: Trajectory = Trajectory.LINEAR
    points: Annotated[tuple[TrajectoryPoint, ...], Field(max_length=200)] = ()
    owner: UnitKey | None = None

    @model_validator(mode="after")
    def _has_the_points_of_its_trajectory(self) -> Self:
        needs_points = self.trajectory in (Trajectory.STEPPED, Trajectory.TABLE)
        if needs_points != bool(self.points):
            refuse(Indicator, [Refusal(("points",), "points", _STEPS_NEEDED if needs_points else _STEPS_NOT_WANTED)])
        days = [point.on for point in self.points]
        if days != sorted(set(days)):
            refuse(Indicator, [Refusal(("points",), "points_in_order", _STEPS_RISE)])
        return self
