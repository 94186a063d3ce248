"""Indicator readings in a report, checked against the plan's indicators."""

from collections.abc import Mapping, Sequence
from typing import Any

from contracts.task import Reading
from shared.errors import FieldError, Invalid, Text


def check_readings(readings: Sequence[Reading], indicators: Mapping[str, Mapping[str, Any]]) -> None:
    """Raises Invalid with one entry per reading that cannot be taken."""
    found = (_problem(reading, indicators.get(reading.indicator)) for reading in readings)
    errors = [
        FieldError(f"/readings/{n}/{field}", text)
        for n, problem in enumerate(found)
        if problem
        for field, text in [problem]
    ]
    if errors:
        raise Invalid(errors)


def _problem(reading: Reading, indicator: Mapping[str, Any] | None) -> tuple[str, Text] | None:
    if indicator is None:
        return "indicator", Text(
            f"方案没有指标 {reading.indicator}。", f"The plan has no indicator {reading.indicator}."
        )
    if reading.unit is not None and reading.unit != indicator["unit"]:
        return "unit", Text(
            f"计量单位是{indicator['unit']}，不是{reading.unit}，请换算后再填。",
            f"This indicator is counted in {indicator['unit']}, not {reading.unit}; convert the value.",
        )
    if reading.value is None and not reading.note.strip():
        return "note", Text("没有数值时请在 note 说明原因。", "A missing value needs a note that says why.")
    return None
