"""Days and periods in words."""

from datetime import date

import pytest

from shared import dates


@pytest.mark.parametrize(
    ("period", "zh", "en"),
    [
        ("2024-03", "2024年3月", "March 2024"),
        ("2024-Q1", "2024年第一季度", "Q1 2024"),
        ("2024-H1", "2024年上半年", "the first half of 2024"),
        ("2024-H2", "2024年下半年", "the second half of 2024"),
        ("2024", "2024年", "2024"),
        ("2024-W07", "2024年第7周", "week 7 of 2024"),
    ],
)
def test_periods_are_named_as_people_name_them(period: str, zh: str, en: str) -> None:
    assert dates.period(period) == (zh, en)


def test_a_day_is_named_with_its_weekday_or_in_full() -> None:
    deadline_day = date(2024, 4, 8)
    assert dates.weekday(deadline_day) == ("周一", "Mon")
    assert dates.in_full(deadline_day) == ("2024年4月8日", "8 April 2024")
