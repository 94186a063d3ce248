"""Deadlines and their ladders, without a database: which rungs fire when, and each only once."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from contracts.names import DeadlineKind, Relation, RungKind
from contracts.task import DeadlineRungFired
from services.task.calendar import state_council_calendar
from services.task.commands.ladders import ladder_of
from services.task.ladders import Ladder
from services.task.models import Deadline
from services.task.schemas.clocks import Clocks, LateLadder, LateLadders
from tests.task.facts import instant

CALENDAR = state_council_calendar()
SUBORDINATE, REQUESTED = Relation.SUBORDINATE, Relation.REQUESTED
REPORT, ACKNOWLEDGE, RESUBMIT = DeadlineKind.REPORT, DeadlineKind.ACKNOWLEDGE, DeadlineKind.RESUBMIT


def ladder(kind: DeadlineKind = REPORT, relation: Relation = SUBORDINATE, **clocks: Any) -> Ladder:
    return ladder_of(Clocks(**clocks), kind, relation)


def a_deadline(
    kind: DeadlineKind = REPORT,
    relation: Relation = SUBORDINATE,
    *,
    due: date = date(2024, 4, 8),
    opens: date | None = date(2024, 3, 27),
    locks: date | None = None,
) -> Deadline:
    return Deadline(
        kind=kind,
        about_id=UUID(int=2),
        plan_id=UUID(int=1),
        plan="harbour",
        measure="1",
        unit="futian",
        period="2024-Q1",
        relation=relation,
        zone="Asia/Shanghai",
        opens=opens,
        due=due,
        locks=locks,
    )


def armed(deadline: Deadline, at: str = "2023-12-01", **clocks: Any) -> Deadline:
    deadline.arm(ladder(deadline.kind, deadline.relation, **clocks), CALENDAR, not_before=instant(at))
    return deadline


def fire(deadline: Deadline, at: str, **clocks: Any) -> list[DeadlineRungFired]:
    return deadline.fire(ladder(deadline.kind, deadline.relation, **clocks), CALENDAR, instant(at))


def days_until(deadline: Deadline, end: str) -> list[tuple[int, str]]:
    """Rung and day of everything that fires, each at its own instant, until nothing is due before `end`."""
    fired = []
    while deadline.next_at is not None and deadline.next_at <= instant(end):
        local = deadline.next_at.astimezone(instant(end).tzinfo)
        events = deadline.fire(ladder(deadline.kind, deadline.relation), CALENDAR, deadline.next_at)
        fired += [(event.rung, local.strftime("%m-%d %H:%M")) for event in events]
    return fired


def test_a_subordinate_units_report_is_reminded_of_and_then_escalated_again_and_again() -> None:
    assert days_until(armed(a_deadline()), "2024-05-08") == [
        (-5, "03-29 09:00"),
        (-3, "04-02 09:00"),
        (-1, "04-07 09:00"),  # a working Sunday, in exchange for the Qingming holiday
        (0, "04-08 09:00"),
        (1, "04-09 09:00"),
        (3, "04-11 09:00"),
        (7, "04-17 09:00"),
        (12, "04-24 09:00"),
        (17, "04-30 09:00"),
    ]


def test_a_requested_units_ladder_ends_at_the_office() -> None:
    deadline = armed(a_deadline(relation=REQUESTED))
    assert [rung for rung, _ in days_until(deadline, "2025-04-08")] == [-5, -3, -1, 0, 3]
    assert (deadline.next_rung, deadline.next_at) == (None, None)


@pytest.mark.parametrize(
    ("kind", "relation", "rungs"),
    [
        (ACKNOWLEDGE, SUBORDINATE, [0, 1, 3, 7]),
        (ACKNOWLEDGE, REQUESTED, [0, 3]),
        (RESUBMIT, SUBORDINATE, [-1, 0, 1, 3, 7]),
        (RESUBMIT, REQUESTED, [-1, 0, 3]),
    ],
)
def test_short_duties_have_few_reminders_and_no_repetition(
    kind: DeadlineKind, relation: Relation, rungs: list[int]
) -> None:
    assert [rung for rung, _ in days_until(armed(a_deadline(kind, relation)), "2025-04-08")] == rungs


@pytest.mark.parametrize(
    ("relation", "late"),
    [(SUBORDINATE, [(1, "04-09"), (3, "04-11"), (7, "04-17"), (12, "04-24")]), (REQUESTED, [(3, "04-11")])],
)
def test_a_ladder_ends_on_the_first_working_day_after_the_lock(relation: Relation, late: list[tuple[int, str]]) -> None:
    deadline = armed(a_deadline(relation=relation, locks=date(2024, 4, 28)), at="2024-04-09")
    fired = days_until(deadline, "2026-04-08")
    assert fired == [(rung, f"{day} 09:00") for rung, day in [*late, (16, "04-29")]]
    assert (deadline.next_rung, deadline.next_at) == (None, None)


def test_a_lock_on_the_eve_of_a_holiday_is_told_of_after_it() -> None:
    deadline = armed(a_deadline(locks=date(2024, 4, 30)), at="2024-04-25")
    assert days_until(deadline, "2026-04-08") == [(17, "04-30 09:00"), (18, "05-06 09:00")]


def test_of_a_lock_only_the_office_hears() -> None:
    deadline = armed(a_deadline(locks=date(2024, 4, 28)), at="2024-04-25")
    [event] = fire(deadline, "2024-04-29")
    assert (event.kind, [str(role) for role in event.audience]) == (RungKind.LOCKED, ["office"])


def test_where_the_due_day_is_the_last_day_nobody_is_told_to_be_late() -> None:
    deadline = armed(a_deadline(locks=date(2024, 4, 8)))
    assert [rung for rung, _ in days_until(deadline, "2026-04-08")] == [-5, -3, -1, 0, 1]


def test_after_downtime_past_the_lock_only_the_lock_counts() -> None:
    deadline = armed(a_deadline(locks=date(2024, 4, 28)), at="2024-04-18")
    events = fire(deadline, "2024-06-03")
    assert [(event.rung, event.kind, event.superseded) for event in events] == [
        (12, RungKind.OVERDUE, True),
        (16, RungKind.LOCKED, False),
    ]


def test_reminders_before_the_report_opens_are_left_out() -> None:
    deadline = armed(a_deadline(opens=date(2024, 4, 3)))
    assert [rung for rung, _ in days_until(deadline, "2024-04-08")] == [-1, 0]


def test_a_reminder_on_the_very_day_of_opening_goes_out() -> None:
    deadline = armed(a_deadline(opens=date(2024, 4, 2)))
    assert deadline.next_rung == -3


def test_what_had_passed_when_it_was_armed_is_never_announced() -> None:
    deadline = armed(a_deadline(), at="2024-04-08T09:01")
    assert (deadline.next_rung, deadline.next_at) == (1, instant("2024-04-09"))


def test_a_rung_of_the_very_minute_of_arming_goes_out() -> None:
    assert armed(a_deadline(), at="2024-04-08").next_rung == 0


def test_a_rung_says_what_it_is_about_and_who_is_to_hear() -> None:
    [event] = fire(armed(a_deadline(), at="2024-04-09"), "2024-04-09T10:30")
    assert (event.plan, event.measure, event.unit, event.period) == ("harbour", "1", "futian", "2024-Q1")
    assert (event.deadline, event.due, event.rung, event.kind) == (REPORT, date(2024, 4, 8), 1, RungKind.OVERDUE)
    assert (event.scheduled_for, event.fired_at) == (instant("2024-04-09"), instant("2024-04-09T10:30"))
    assert [str(role) for role in event.audience] == ["liaison", "unit_head"]


@pytest.mark.parametrize(
    ("relation", "audiences"),
    [
        (
            SUBORDINATE,
            {1: ["liaison", "unit_head"], 3: ["unit_head", "leader", "office"], 7: ["office", "office_head"]},
        ),
        (REQUESTED, {3: ["office"]}),
    ],
)
def test_escalations_reach_further_up_for_subordinate_units_only(
    relation: Relation, audiences: dict[int, list[str]]
) -> None:
    late = [rung for rung in ladder(relation=relation).rungs if rung.at > 0]
    assert {rung.at: [str(role) for role in rung.audience] for rung in late} == audiences


def test_the_repetition_goes_to_whom_the_last_rung_went() -> None:
    deadline = armed(a_deadline(), at="2024-04-18")
    [event] = fire(deadline, "2024-04-24")
    assert (event.rung, [str(role) for role in event.audience]) == (12, ["office", "office_head"])


def test_after_downtime_every_missed_rung_is_recorded_and_only_the_latest_counts() -> None:
    deadline = armed(a_deadline())
    events = fire(deadline, "2024-04-25T12:00")
    assert [(event.rung, event.superseded) for event in events] == [
        (-5, True), (-3, True), (-1, True), (0, True), (1, True), (3, True), (7, True), (12, False)
    ]  # fmt: skip
    assert {event.fired_at for event in events} == {instant("2024-04-25T12:00")}
    assert [event.scheduled_for for event in events] == sorted(event.scheduled_for for event in events)
    assert (deadline.next_rung, deadline.next_at) == (17, instant("2024-04-30"))


def test_firing_again_at_the_same_instant_fires_nothing() -> None:
    deadline = armed(a_deadline())
    fire(deadline, "2024-04-08")
    assert fire(deadline, "2024-04-08") == []
    assert deadline.next_rung == 1


def test_nothing_fires_before_its_time() -> None:
    deadline = armed(a_deadline())
    assert fire(deadline, "2024-03-29T08:59:59") == []
    assert deadline.next_rung == -5


def test_a_reminder_that_is_named_twice_goes_out_once() -> None:
    deadline = armed(a_deadline(), at="2024-04-07T12:00", report_reminders=(0, 0, -1, 0))
    assert [event.rung for event in fire(deadline, "2024-04-08", report_reminders=(0, 0, -1, 0))] == [0]


def test_a_plan_may_have_ladders_of_its_own() -> None:
    own = LateLadders(subordinate=LateLadder(rungs=({"at": 2, "audience": ["unit_head"]},)))
    rungs = ladder(report_reminders=(-2,), late=own).after(None)
    assert [rung.at for rung in rungs] == [-2, 2]


def test_a_retired_deadline_says_when_and_fires_no_more() -> None:
    deadline = armed(a_deadline())
    deadline.retire(instant("2024-04-01"))
    assert (deadline.next_rung, deadline.next_at, deadline.retired_at) == (None, None, instant("2024-04-01"))
