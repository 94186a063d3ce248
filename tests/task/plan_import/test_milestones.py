import pytest

from services.task.plan_import.milestones import find_milestones
from services.task.plan_import.spans import Span


@pytest.mark.parametrize(
    ("text", "due", "precision"),
    [
        ("2025年6月底前建成平台", "2025-06-30", "month"),
        ("2024年2月底前完成", "2024-02-29", "month"),
        ("2020年底前纳入平台", "2020-12-31", "year"),
        ("到2025年建成枢纽", "2025-12-31", "year"),
        ("2025年3月15日前报送", "2025-03-15", "day"),
        ("到2025年上半年完成", "2025-06-30", "half"),
        ("到2025年第三季度前完成", "2025-09-30", "quarter"),
    ],
)
def test_a_printed_date_is_due_on_the_last_day_that_it_covers(text: str, due: str, precision: str) -> None:
    (milestone,) = find_milestones(text, Span(0, len(text)))
    assert (milestone.due.isoformat(), milestone.precision) == (due, precision)


@pytest.mark.parametrize("text", ["2021年建成基站3万座", "2025年2月30日前"])
def test_a_year_in_passing_or_a_day_that_does_not_exist_is_no_milestone(text: str) -> None:
    assert not list(find_milestones(text, Span(0, len(text))))
