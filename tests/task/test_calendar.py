"""Which days are worked, and counting in them."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.task.calendar import WorkingCalendar, read_notices, state_council_calendar

COVERED = st.dates(date(2022, 1, 1), date(2026, 12, 31))
COUNTS = st.integers(-300, 300)

# As an independent source counts them (chinesecalendar 1.11, which agreed on every day of the five years).
WORKING_DAYS_OF_THE_YEAR = {2022: 249, 2023: 249, 2024: 251, 2025: 248, 2026: 248}


@pytest.fixture(scope="module")
def calendar() -> WorkingCalendar:
    return state_council_calendar()


@pytest.mark.parametrize(("year", "expected"), WORKING_DAYS_OF_THE_YEAR.items())
def test_a_year_has_as_many_working_days_as_its_notice_leaves(
    calendar: WorkingCalendar, year: int, expected: int
) -> None:
    assert calendar.working_days_between(date(year - 1, 12, 31), date(year, 12, 31)) == expected


@pytest.mark.parametrize(
    "makeup",
    ["2022-10-09", "2023-06-25", "2024-04-07", "2025-01-26", "2026-02-28"],
)
def test_a_weekend_day_announced_as_made_up_is_worked(calendar: WorkingCalendar, makeup: str) -> None:
    day = date.fromisoformat(makeup)
    assert day.weekday() >= 5
    assert calendar.is_working_day(day)


@pytest.mark.parametrize("off", ["2022-01-31", "2023-04-05", "2024-04-05", "2025-10-08", "2026-02-23"])
def test_a_weekday_inside_an_announced_holiday_is_off(calendar: WorkingCalendar, off: str) -> None:
    day = date.fromisoformat(off)
    assert day.weekday() < 5
    assert not calendar.is_working_day(day)


def test_every_notice_exchanges_only_weekend_days_and_lies_in_or_next_to_its_year() -> None:
    for notice in read_notices():
        assert all(day.weekday() >= 5 for day in notice.working)
        assert not set(notice.working) & {day for holiday in notice.holidays for day in holiday.days()}
        assert all(abs((day - date(notice.year, 7, 2)).days) <= 184 for day in notice.days())
        assert notice.issued < date(notice.year, 1, 1)


def test_five_working_days_after_the_first_quarter_of_2024_end_on_8_april(calendar: WorkingCalendar) -> None:
    assert calendar.add_working_days(date(2024, 3, 31), 5) == date(2024, 4, 8)


def test_counting_back_skips_a_holiday_and_stops_on_a_made_up_sunday(calendar: WorkingCalendar) -> None:
    assert calendar.add_working_days(date(2024, 4, 8), -1) == date(2024, 4, 7)
    assert calendar.add_working_days(date(2024, 4, 8), -2) == date(2024, 4, 3)


@given(day=COVERED)
def test_zero_working_days_from_a_day_is_that_day_worked_or_not(day: date) -> None:
    assert state_council_calendar().add_working_days(day, 0) == day


@given(day=COVERED, count=COUNTS.filter(bool))
def test_counting_lands_on_a_working_day_that_many_away(day: date, count: int) -> None:
    calendar = state_council_calendar()
    step = timedelta(days=1 if count > 0 else -1)
    walked, seen = day, 0
    while seen < abs(count):
        walked += step
        seen += calendar.is_working_day(walked)
    assert calendar.add_working_days(day, count) == walked


@given(day=COVERED, count=st.integers(1, 300))
def test_the_days_between_are_the_days_added(day: date, count: int) -> None:
    calendar = state_council_calendar()
    assert calendar.working_days_between(day, calendar.add_working_days(day, count)) == count


@given(start=COVERED, middle=COVERED, end=COVERED)
def test_spans_of_working_days_add_up_in_any_direction(start: date, middle: date, end: date) -> None:
    calendar = state_council_calendar()
    parts = calendar.working_days_between(start, middle) + calendar.working_days_between(middle, end)
    assert parts == calendar.working_days_between(start, end)


def test_a_day_past_the_last_notice_is_provisional_and_counts_monday_to_friday(calendar: WorkingCalendar) -> None:
    assert calendar.horizon == date(2026, 12, 31)
    assert not calendar.is_provisional(date(2026, 12, 31))
    assert calendar.is_provisional(date(2027, 1, 1))
    assert calendar.is_working_day(date(2027, 10, 1))  # a Friday; no notice has taken it out yet
    assert not calendar.is_working_day(date(2027, 10, 2))


def test_a_day_before_the_first_notice_is_provisional_too(calendar: WorkingCalendar) -> None:
    assert calendar.is_provisional(date(2021, 12, 31))


def test_a_typhoon_day_of_the_region_moves_a_date_to_the_next_working_day() -> None:
    typhoon = WorkingCalendar(read_notices(), overlay={date(2023, 9, 1): False})
    assert state_council_calendar().add_working_days(date(2023, 8, 31), 1) == date(2023, 9, 1)
    assert typhoon.add_working_days(date(2023, 8, 31), 1) == date(2023, 9, 4)


def test_a_region_may_work_a_day_that_the_notice_has_off() -> None:
    eager = WorkingCalendar(read_notices(), overlay={date(2024, 10, 7): True})
    assert eager.is_working_day(date(2024, 10, 7))


def test_changing_the_overlay_afterwards_changes_no_calendar() -> None:
    overlay = {date(2023, 9, 1): False}
    calendar = WorkingCalendar(read_notices(), overlay)
    overlay[date(2023, 9, 4)] = False
    assert calendar.is_working_day(date(2023, 9, 4))


def test_a_region_without_notices_is_refused() -> None:
    with pytest.raises(KeyError):
        read_notices("../cn")


@pytest.mark.parametrize(("day", "count"), [(date(1999, 12, 31), 1), (date(2100, 1, 1), -1), (date(2099, 12, 31), 1)])
def test_a_date_beyond_the_calendar_is_refused_rather_than_guessed(
    calendar: WorkingCalendar, day: date, count: int
) -> None:
    with pytest.raises(ValueError, match="outside 2000-01-01 to 2099-12-31"):
        calendar.add_working_days(day, count)
