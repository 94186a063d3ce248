"""An indicator against its target: what accepted readings add up to, and whether the target as written is met. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from services.reporting.lights import Light
from shared.errors import Text

RULES_VERSION = "target-1"
SHARE = "%"
WRITTEN = {">": "＞", ">=": "≥", "<": "＜", "<=": "≤", "=": "＝", "~": "约 "}


class Contribution(NamedTuple):
    """An accepted reading. Values are decimal strings, as they travel."""

    measure: str
    unit: str
    period: str
    value: str


class Standing(NamedTuple):
    value: str | None
    state: str
    """`no_data`, `not_due`, `reached` or `missed`."""
    light: Light
    cause: Text
    counted: Sequence[Contribution]
    """The readings that the value is made of."""


def judge(indicator: Mapping[str, Any], readings: Iterable[Contribution], period: str, day: date) -> Standing:
    """Where an indicator stands at the end of a period, judged on a day."""
    counted = _counted(indicator["kind"], [reading for reading in readings if reading.period <= period], period)
    target = indicator["target"]
    due = date.fromisoformat(target["deadline"])
    if not counted:
        return _without_data(due, day)
    if indicator["unit"] == SHARE and len(counted) > 1:
        return Standing(
            None, "no_data", Light.GREY, Text("各单位比率不能相加", "Shares of several units do not add up"), counted
        )
    value = sum((Decimal(reading.value) for reading in counted), Decimal(0))
    state, light, cause = _against(target, value, due, day)
    return Standing(f"{value:f}", state, light, cause, counted)


def target_text(indicator: Mapping[str, Any]) -> str:
    """The target as the plan writes it, with its unit."""
    target = indicator["target"]
    if target["comparator"] == "range":
        return f"{target['low']}–{target['high']} {indicator['unit']}"
    return f"{WRITTEN[target['comparator']]}{target['value']} {indicator['unit']}"


def is_met(target: Mapping[str, Any], value: Decimal) -> bool:
    """Whether the value meets the target as written; a range is met at its lower bound."""
    bound = Decimal(target["low"] if target["comparator"] == "range" else target["value"])
    match target["comparator"]:
        case ">":
            return value > bound
        case "<":
            return value < bound
        case "<=":
            return value <= bound
        case "=":
            return value == bound
        case _:
            return value >= bound


def _counted(kind: str, readings: Sequence[Contribution], period: str) -> Sequence[Contribution]:
    """A flow is what its year has brought; a stock or a count since the plan began is each unit's latest."""
    if kind == "flow":
        return [reading for reading in readings if reading.period[:4] == period[:4]]
    latest: dict[tuple[str, str], Contribution] = {}
    for reading in sorted(readings, key=lambda reading: reading.period):
        latest[reading.measure, reading.unit] = reading
    return list(latest.values())


def _without_data(due: date, day: date) -> Standing:
    if day <= due:
        return Standing(
            None, "not_due", Light.GREY, Text("未到期，尚无已通过的数据", "Not due; no accepted data yet"), []
        )
    return Standing(None, "no_data", Light.GREY, Text("已到期，没有已通过的数据", "Due; no accepted data"), [])


def _against(target: Mapping[str, Any], value: Decimal, due: date, day: date) -> tuple[str, Light, Text]:
    if is_met(target, value):
        return "reached", Light.GREEN, Text("已达到目标", "Target reached")
    if day <= due:
        return "not_due", Light.GREY, Text("未到期，尚未达到目标", "Not due; target not reached yet")
    if target["strength"] == "aspire":
        return "missed", Light.YELLOW, Text("力争目标未达到", "Aspired target missed")
    return "missed", Light.RED, Text("未达到目标", "Target missed")
