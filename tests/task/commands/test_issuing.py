"""What publishing brings forth, without a database: assignments, obligations, deadlines and events in order."""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from contracts.names import DeadlineKind, Relation
from contracts.task import MeasurePublished, PlanPublished
from services.task.calendar import state_council_calendar
from services.task.commands.issuing import Issue, Starts, issue_plan
from services.task.expansion import expand
from services.task.periods import Period
from services.task.queries.directory import KnownUnit
from services.task.schemas.plan_file import PlanFile
from tests.task.facts import DISTRICTS, PLAN, UNITS, Document, instant, plan_file

GROUPS = {"districts": list(DISTRICTS)}
KNOWN = {key: KnownUnit(key, name, relation) for key, (name, _, relation) in UNITS.items()}
PERIODS = ["2023-Q4", "2024-Q1", "2024-Q2", "2024-Q3", "2024-Q4"]


def issue(
    document: Document | None = None,
    *,
    first: str = "2023-Q4",
    joins: Mapping[tuple[str, str], str] | None = None,
    at: str = "2023-12-01",
    sample: bool = False,
) -> Issue:
    file = PlanFile.model_validate(document or plan_file())
    starts = Starts(Period.parse(first), {key: Period.parse(period) for key, period in (joins or {}).items()})
    issued = expand(file, GROUPS, KNOWN)
    return issue_plan(file, issued, KNOWN, starts, state_council_calendar(), at=instant(at), sample=sample)


def excusing(*members: str) -> Document:
    document = plan_file()
    document["areas"][0]["measures"][0]["units"][1]["excused"] = dict.fromkeys(members, "没有保税仓库")
    return document


def test_a_measure_goes_to_each_unit_and_each_member_of_its_group() -> None:
    issued = [(assignment.measure, assignment.unit) for assignment, _ in issue().assignments]
    assert issued == [
        ("1", "commerce"),
        ("1", "futian"),
        ("1", "luohu"),
        ("1", "nanshan"),
        ("2", "customs"),
        ("2", "commerce"),
        ("3", "futian"),
    ]


def test_each_assignment_owes_one_report_per_period() -> None:
    found = issue()
    owed = Counter(report.assignment_id for report in found.reports)
    assert owed == {assignment.id: len(PERIODS) for assignment, _ in found.assignments}
    assert [report.period for report in found.reports[:5]] == PERIODS


def test_each_assignment_and_report_has_its_deadline() -> None:
    kinds = Counter(deadline.kind for deadline in issue().deadlines)
    assert kinds == {DeadlineKind.ACKNOWLEDGE: 7, DeadlineKind.REPORT: 35}


def test_the_first_quarter_of_2024_is_due_on_monday_the_8th_of_april() -> None:
    [report] = [r for r in issue().reports if (r.measure, r.unit, r.period) == ("3", "futian", "2024-Q1")]
    assert (report.opens, report.due, report.locks) == (date(2024, 3, 27), date(2024, 4, 8), date(2024, 4, 28))


def test_the_opening_is_never_later_than_the_day_after_the_period() -> None:
    document = plan_file(
        reporting={
            "cycle": "quarterly",
            "due": {"working_days_after_period_end": 10},
            "opens_working_days_before_due": 2,
        }
    )
    [report] = [r for r in issue(document).reports if (r.measure, r.unit, r.period) == ("3", "futian", "2024-Q1")]
    assert report.opens == date(2024, 4, 1)


def test_events_come_in_the_order_plan_measures_assignments() -> None:
    found = issue()
    assert [type(event) for event in found.plan_events] == [PlanPublished, *[MeasurePublished] * 3]
    assert [event.measure for event in found.plan_events[1:]] == ["1", "2", "3"]  # type: ignore[attr-defined]
    assert [event.position for event in found.plan_events[1:]] == [1, 2, 3]  # type: ignore[attr-defined]


def test_the_plans_event_says_what_a_reader_needs() -> None:
    published = issue().plan_events[0]
    assert isinstance(published, PlanPublished)
    assert (published.plan, published.cycle, published.first_period) == (PLAN, "quarterly", "2023-Q4")
    assert published.assignments == 7
    assert [period.period for period in published.periods] == PERIODS
    assert published.groups == {"districts": list(DISTRICTS)}
    assert [area.number for area in published.areas] == ["一", "二"]
    targets = {indicator.indicator: indicator.target for indicator in published.indicators}
    assert (targets["exports"].comparator, targets["exports"].value) == (">=", "3000")
    assert (targets["warehouses"].low, targets["warehouses"].high) == ("5", "10")


def test_an_assignments_event_lists_what_the_unit_will_owe() -> None:
    assignment, event = issue().assignments[4]
    assert (event.measure, event.unit, event.unit_name, event.measure_title) == (
        "2",
        "customs",
        "深圳海关",
        "提升通关效率",
    )
    assert (event.relation, event.role, event.lead_inferred) == (Relation.REQUESTED, "lead", False)
    assert [owed.period for owed in event.obligations] == PERIODS
    assert (event.obligations[1].due, event.acknowledge_due) == (date(2024, 4, 8), date(2023, 12, 5))
    assert assignment.unit_name == "深圳海关"


def test_an_inferred_lead_is_told_as_such() -> None:
    inferred = {(a.measure, a.unit) for a, event in issue().assignments if event.lead_inferred}
    assert inferred == {("3", "futian")}


def test_an_excused_member_gets_nothing_but_stays_in_the_expansion() -> None:
    found = issue(excusing("luohu", "nanshan"))
    assert [a.unit for a, _ in found.assignments if a.measure == "1"] == ["commerce", "futian"]
    assert {report.unit for report in found.reports if report.measure == "1"} == {"commerce", "futian"}
    assert found.plan.expansion == {"districts": list(DISTRICTS)}
    assert isinstance(found.plan_events[0], PlanPublished)
    assert found.plan_events[0].assignments == 5


def test_a_unit_that_joins_later_owes_from_its_own_first_period() -> None:
    found = issue(joins={("1", "luohu"): "2024-Q2"})
    assert [r.period for r in found.reports if (r.measure, r.unit) == ("1", "luohu")] == PERIODS[2:]
    assert [r.period for r in found.reports if (r.measure, r.unit) == ("1", "futian")] == PERIODS
    [event] = [event for a, event in found.assignments if (a.measure, a.unit) == ("1", "luohu")]
    assert [obligation.period for obligation in event.obligations] == PERIODS[2:]


def test_a_unit_that_joins_later_acknowledges_by_its_first_due_day() -> None:
    found = issue(joins={("1", "luohu"): "2024-Q2"})
    due = {(a.measure, a.unit): a.acknowledge_due for a, _ in found.assignments}
    [first] = [r.due for r in found.reports if (r.measure, r.unit, r.period) == ("1", "luohu", "2024-Q2")]
    assert due["1", "luohu"] == first > due["1", "futian"]


def test_periods_before_the_first_are_not_owed() -> None:
    assert {report.period for report in issue(first="2024-Q3").reports} == {"2024-Q3", "2024-Q4"}


def test_the_last_period_is_the_one_that_the_plan_ends_in() -> None:
    periods = {report.period for report in issue(plan_file(ends="2024-08-15")).reports}
    assert max(periods) == "2024-Q3"


@pytest.mark.parametrize(
    ("cycle", "first", "count"), [("weekly", "2024-W52", 2), ("monthly", "2024-11", 2), ("yearly", "2024", 1)]
)
def test_other_cycles_count_their_own_periods(cycle: str, first: str, count: int) -> None:
    found = issue(plan_file(reporting={"cycle": cycle}), first=first)
    assert len(found.reports) == count * 7


def test_ladders_follow_the_units_relation() -> None:
    relations: dict[str, set[Any]] = {}
    for deadline in issue().deadlines:
        relations.setdefault(deadline.unit, set()).add(deadline.relation)
    assert relations["customs"] == {Relation.REQUESTED}
    assert relations["futian"] == {Relation.SUBORDINATE}


def test_timers_are_armed_from_the_publication_on() -> None:
    at = "2024-04-08T12:00"
    instants = {d.period: d.next_at for d in issue(at=at).deadlines if (d.measure, d.unit) == ("3", "futian")}
    assert instants["2024-Q1"] == instant("2024-04-09")  # the reminder of 09:00 has passed, the escalation has not
    assert instants.pop("2023-Q4") is None  # locked since January: nothing can come any more, so nothing is announced
    assert all(next_at and next_at >= instant(at) for next_at in instants.values())


def test_a_sample_is_marked_everywhere() -> None:
    found = issue(sample=True)
    assert found.plan.sample
    assert {event.sample for _, event in found.assignments} == {True}
    assert isinstance(found.plan_events[0], PlanPublished)
    assert found.plan_events[0].sample
