"""Indicators against targets as the plan writes them."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from services.reporting.indicators import Contribution, is_met, judge, target_text
from services.reporting.lights import Light
from tests.reporting.story import Q1, Q4, indicator

DAY = date(2024, 4, 8)
AFTER = date(2026, 1, 1)


def warehouses(**changes: Any) -> dict[str, Any]:
    return indicator(**changes).model_dump(mode="json")


def reading(unit: str, value: str, period: str = Q1) -> Contribution:
    return Contribution("17", unit, period, value)


@pytest.mark.parametrize(
    ("comparator", "value", "met"),
    [
        (">", "10", False),
        (">", "10.01", True),
        (">=", "10", True),
        ("<", "10", False),
        ("<=", "10", True),
        ("=", "10.0", True),
        ("~", "9", False),
    ],
)
def test_a_target_is_met_as_its_comparator_is_written(comparator: str, value: str, met: bool) -> None:
    assert is_met({"comparator": comparator, "value": "10"}, Decimal(value)) is met


def test_a_range_is_met_at_its_lower_bound() -> None:
    target = {"comparator": "range", "low": "5", "high": "10"}
    assert not is_met(target, Decimal("4.9"))
    assert is_met(target, Decimal("5"))
    assert is_met(target, Decimal("12"))


def test_without_accepted_data_it_is_grey_and_not_due() -> None:
    standing = judge(warehouses(), [], Q1, DAY)
    assert (standing.value, standing.state, standing.light) == (None, "not_due", Light.GREY)


def test_contributions_of_units_add_up_exactly() -> None:
    standing = judge(warehouses(), [reading("futian", "0.1"), reading("luohu", "0.2")], Q1, DAY)
    assert standing.value == "0.3"


def test_a_count_since_the_plan_began_takes_each_units_latest_reading() -> None:
    readings = [reading("futian", "4", Q4), reading("futian", "6"), reading("luohu", "2", Q4)]
    assert judge(warehouses(), readings, Q1, DAY).value == "8"


def test_a_flow_is_what_its_year_has_brought() -> None:
    readings = [reading("futian", "4", Q4), reading("futian", "6")]
    assert judge(warehouses(kind="flow"), readings, Q1, DAY).value == "6"


def test_readings_of_later_periods_do_not_count_for_an_earlier_one() -> None:
    readings = [reading("futian", "4", Q4), reading("futian", "6")]
    assert judge(warehouses(), readings, Q4, DAY).value == "4"


def test_shares_of_several_units_do_not_add_up() -> None:
    standing = judge(warehouses(unit="%"), [reading("futian", "10"), reading("luohu", "12")], Q1, DAY)
    assert (standing.value, standing.light) == (None, Light.GREY)


@pytest.mark.parametrize(("strength", "light"), [("binding", Light.RED), ("aspire", Light.YELLOW)])
def test_a_target_missed_at_its_date_is_judged_by_its_strength(strength: str, light: Light) -> None:
    missed = judge(warehouses(target={"strength": strength}), [reading("futian", "6")], Q1, AFTER)
    assert (missed.state, missed.light) == ("missed", light)


def test_a_reached_target_is_green_before_its_date() -> None:
    assert judge(warehouses(), [reading("futian", "10")], Q1, DAY).light is Light.GREEN


def test_the_target_reads_as_the_plan_writes_it() -> None:
    assert target_text(warehouses()) == "≥10 个"
    in_between = {"comparator": "range", "value": None, "low": "5", "high": "10"}
    assert target_text(warehouses(unit="家", target=in_between)) == "5–10 家"
