"""Keys of reporting periods, and the dates of their reports."""

import re
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from contracts.names import PeriodKey
from services.task.calendar import state_council_calendar
from services.task.periods import Cycle, InvalidPeriod, Period, periods_between
from services.task.report_dates import DueRule, Reporting

CYCLES = st.sampled_from(Cycle)
DAYS = st.dates(date(2001, 1, 1), date(2097, 12, 31))
QUARTERLY = Reporting(cycle=Cycle.QUARTERLY)


@pytest.mark.parametrize(
    ("key", "first", "last"),
    [
        ("2024-W14", "2024-04-01", "2024-04-07"),
        ("2020-W53", "2020-12-28", "2021-01-03"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2024-Q1", "2024-01-01", "2024-03-31"),
        ("2024-H2", "2024-07-01", "2024-12-31"),
        ("2024", "2024-01-01", "2024-12-31"),
    ],
)
def test_a_key_names_its_days(key: str, first: str, last: str) -> None:
    period = Period.parse(key)
    assert (period.first_day.isoformat(), period.last_day.isoformat()) == (first, last)


@pytest.mark.parametrize(
    "key",
    [
        *("", "2024-", "24-Q1", "2024Q1", "2024-Q5", "2024-Q0", "2024-Q01", "2024-q1", "2024-Q1 ", "2024-X1"),
        *("2024-H3", "2024-13", "2024-00", "2024-3", "2024-W1", "2024-W00", "2024-W53", "0000", "٢٠٢٤"),
    ],
)
def test_what_is_no_period_is_refused_with_the_text_itself(key: str) -> None:
    with pytest.raises(InvalidPeriod, match=re.escape(repr(key))):
        Period.parse(key)


@given(cycle=CYCLES, day=DAYS)
def test_a_key_read_back_is_the_same_period(cycle: Cycle, day: date) -> None:
    period = Period.containing(cycle, day)
    assert Period.parse(str(period)) == period


@given(cycle=CYCLES, day=DAYS)
def test_every_key_is_one_that_the_contracts_allow(cycle: Cycle, day: date) -> None:
    TypeAdapter(PeriodKey).validate_python(str(Period.containing(cycle, day)))


@given(cycle=CYCLES, day=DAYS)
def test_a_day_lies_in_the_period_that_contains_it(cycle: Cycle, day: date) -> None:
    period = Period.containing(cycle, day)
    assert period.first_day <= day <= period.last_day


@given(cycle=CYCLES, day=DAYS)
def test_the_next_period_begins_the_day_after(cycle: Cycle, day: date) -> None:
    period = Period.containing(cycle, day)
    assert period.next().first_day == period.last_day + timedelta(days=1)


@given(cycle=CYCLES, first=DAYS, length=st.integers(0, 2000))
def test_periods_cover_a_span_without_hole_and_none_lies_outside(cycle: Cycle, first: date, length: int) -> None:
    last = min(first + timedelta(days=length), date(2098, 12, 31))
    periods = list(periods_between(cycle, first, last))
    assert periods[0].first_day <= first
    assert periods[-1].first_day <= last <= periods[-1].last_day
    assert all(later == earlier.next() for earlier, later in pairwise(periods))


def test_a_span_that_ends_before_it_begins_has_no_period() -> None:
    assert list(periods_between(Cycle.QUARTERLY, date(2024, 4, 1), date(2024, 3, 31))) == []


def test_the_plan_of_four_years_has_sixteen_quarters() -> None:
    keys = [str(period) for period in periods_between(Cycle.QUARTERLY, date(2022, 1, 1), date(2025, 12, 31))]
    assert (len(keys), keys[0], keys[-1]) == (16, "2022-Q1", "2025-Q4")


def test_the_first_quarter_of_2024_is_due_on_8_april_and_opens_seven_working_days_before() -> None:
    dates = QUARTERLY.dates(Period.parse("2024-Q1"), state_council_calendar())
    assert dates.due == date(2024, 4, 8)  # the working Sunday of 7 April counts
    assert dates.opens == date(2024, 3, 27)
    assert dates.locks == date(2024, 4, 28)


def test_a_report_opens_the_day_after_its_period_where_it_is_due_late() -> None:
    late = Reporting(cycle=Cycle.QUARTERLY, due=DueRule(working_days_after_period_end=15))
    dates = late.dates(Period.parse("2024-Q1"), state_council_calendar())
    assert dates.opens == date(2024, 4, 1)


def test_a_day_of_the_month_stands_even_on_a_sunday() -> None:
    monthly = Reporting(cycle=Cycle.MONTHLY, due=DueRule(day_of_month=28))
    assert monthly.dates(Period.parse("2024-07"), state_council_calendar()).due == date(2024, 7, 28)


def test_the_31st_of_a_shorter_month_is_its_last_day() -> None:
    monthly = Reporting(cycle=Cycle.MONTHLY, due=DueRule(day_of_month=31))
    assert monthly.dates(Period.parse("2024-02"), state_council_calendar()).due == date(2024, 2, 29)


@given(
    cycle=CYCLES,
    day=DAYS,
    due=st.integers(0, 60),
    opens=st.integers(0, 60),
    locks=st.integers(0, 60),
)
def test_a_report_opens_in_time_and_locks_no_earlier_than_it_is_due(
    cycle: Cycle, day: date, due: int, opens: int, locks: int
) -> None:
    rules = Reporting(
        cycle=cycle,
        due=DueRule(working_days_after_period_end=due),
        opens_working_days_before_due=opens,
        locks_working_days_after_period_end=locks,
    )
    period = Period.containing(cycle, day)
    dates = rules.dates(period, state_council_calendar())
    assert dates.opens <= period.last_day + timedelta(days=1)
    assert dates.opens <= dates.due <= dates.locks


@given(cycle=CYCLES, day=DAYS)
def test_later_periods_are_never_due_open_or_locked_earlier(cycle: Cycle, day: date) -> None:
    period, calendar, rules = Period.containing(cycle, day), state_council_calendar(), Reporting(cycle=cycle)
    earlier, later = rules.dates(period, calendar), rules.dates(period.next(), calendar)
    assert earlier.opens <= later.opens
    assert earlier.due <= later.due
    assert earlier.locks <= later.locks


@pytest.mark.parametrize("rule", [{}, {"working_days_after_period_end": 5, "day_of_month": 28}])
def test_a_due_rule_is_exactly_one_of_the_two(rule: dict[str, int]) -> None:
    with pytest.raises(ValidationError, match="exactly one rule"):
        DueRule.model_validate(rule)


def test_a_weekly_cycle_has_no_day_of_the_month() -> None:
    with pytest.raises(ValidationError, match="weekly cycle has no day of the month"):
        Reporting.model_validate({"cycle": "weekly", "due": {"day_of_month": 28}})
