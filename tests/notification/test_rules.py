"""What an event brings up, for whom, how urgently and until when."""

from datetime import UTC, date, timedelta
from typing import Any

import pytest

from contracts.names import AssignmentRole, DeadlineKind, Relation, Role, RungKind
from services.notification.days import end_of
from services.notification.models import Urgency
from services.notification.moot import (
    ACCEPTED,
    ACKNOWLEDGED,
    EXCUSED,
    EXPECTED,
    ISSUED,
    RETURNED,
    SUBMITTED,
    SUPERSEDED,
    Duty,
    is_moot,
)
from services.notification.rules import tell
from shared.events import Recorded
from tests.notification.events import MONDAY, PLAN, Story, at

Row = dict[str, Any]


def rows(event: Recorded[Any]) -> list[Row]:
    return [dict(row) for rule in tell.rules[type(event.data)] for row in rule(event)]


def audience(row: Row) -> tuple[str, str | None]:
    return row["role"], row["unit"]


def test_an_assignment_is_handed_to_the_liaison_of_its_unit_in_the_daily_mail(story: Story) -> None:
    [notice] = rows(story.issued())
    assert audience(notice) == (Role.LIAISON, "futian")
    assert notice["urgency"] is Urgency.DAILY
    assert notice["facts"]["due"] == "2024-04-10"
    assert notice["facts"]["first_due"] == "2024-04-08"


def test_a_liaison_hears_what_an_amendment_takes_away_and_what_is_still_owed(story: Story) -> None:
    [notice] = rows(story.superseded())
    assert (audience(notice), notice["urgency"]) == ((Role.LIAISON, "futian"), Urgency.DAILY)
    assert (notice["facts"]["excused"], notice["facts"]["owed"]) == (["2024-Q2"], ["2024-Q1"])
    assert notice["expires"] == MONDAY + timedelta(days=14)


def test_a_liaison_hears_of_another_part_in_a_measure(story: Story) -> None:
    [notice] = rows(story.amended(AssignmentRole.COOPERATING, added=["2025-Q1"]))
    assert audience(notice) == (Role.LIAISON, "futian")
    facts = notice["facts"]
    assert (facts["role_before"], facts["role"], facts["added"]) == ("lead", "cooperating", ["2025-Q1"])


def test_a_mark_of_the_text_is_no_news(story: Story) -> None:
    assert rows(story.amended(AssignmentRole.LEAD)) == []


def test_what_is_published_before_eight_does_not_name_a_report_that_was_due_the_day_before(story: Story) -> None:
    story.now = at("2024-04-09", 7).astimezone(UTC)  # still the 8th there, when 2024-Q1 was due
    [notice] = rows(story.issued())
    assert (notice["facts"]["first_period"], notice["facts"]["first_due"]) == (None, None)


def test_a_submitted_report_is_for_the_office_wherever_it_is_hosted(story: Story) -> None:
    [notice] = rows(story.submitted())
    assert audience(notice) == (Role.OFFICE, None)
    assert notice["duty"] == f"{PLAN}/17/futian/2024-Q1"


def test_a_returned_report_goes_at_once_with_the_reason_and_the_date_to_resubmit(story: Story) -> None:
    [notice] = rows(story.returned("请补充数据"))
    assert audience(notice) == (Role.LIAISON, "futian")
    assert notice["urgency"] is Urgency.AT_ONCE
    assert notice["facts"]["reason"] == "请补充数据"
    assert notice["facts"]["due"] == "2024-04-11"


def test_a_return_is_worth_sending_until_the_day_to_resubmit_has_ended(story: Story) -> None:
    [notice] = rows(story.returned(resubmit_due=date(2024, 4, 11)))
    assert notice["expires"] == end_of(date(2024, 4, 11))


def test_acceptance_is_told_in_the_inbox_only(story: Story) -> None:
    [notice] = rows(story.accepted())
    assert notice["urgency"] is Urgency.INBOX_ONLY


def test_a_reminder_waits_for_the_daily_mail_and_is_void_after_the_due_day(story: Story) -> None:
    [notice] = rows(story.rung(-3, Role.LIAISON))
    assert (notice["template"], notice["urgency"]) == ("report_reminder", Urgency.DAILY)
    assert notice["expires"] == end_of(date(2024, 4, 8))


def test_what_is_late_goes_at_once_to_each_of_its_audience(story: Story) -> None:
    late = rows(story.rung(3, Role.UNIT_HEAD, Role.OFFICE))
    assert [audience(notice) for notice in late] == [(Role.UNIT_HEAD, "futian"), (Role.OFFICE, None)]
    assert {notice["urgency"] for notice in late} == {Urgency.AT_ONCE}
    assert {notice["template"] for notice in late} == {"report_overdue"}


def test_what_is_late_stays_worth_sending_until_the_next_rung(story: Story) -> None:
    [notice] = rows(story.rung(1, Role.UNIT_HEAD))
    assert notice["expires"] == MONDAY + timedelta(days=7)


@pytest.mark.parametrize("relation", list(Relation))
def test_what_locked_without_a_report_is_told_in_the_offices_daily_mail(story: Story, relation: Relation) -> None:
    [notice] = rows(story.rung(16, Role.OFFICE, relation=relation, kind=RungKind.LOCKED))
    assert audience(notice) == (Role.OFFICE, None)
    assert (notice["template"], notice["urgency"]) == ("report_locked", Urgency.DAILY)
    assert notice["expires"] == MONDAY + timedelta(days=14)


def test_nothing_goes_to_a_leader_by_itself_the_office_head_decides(story: Story) -> None:
    late = rows(story.rung(3, Role.UNIT_HEAD, Role.LEADER, Role.OFFICE))
    assert [notice["role"] for notice in late] == [Role.UNIT_HEAD, Role.OFFICE_HEAD, Role.OFFICE]
    assert [notice["facts"]["for_leader"] for notice in late] == [False, True, False]


def test_an_office_head_who_is_named_beside_the_leader_hears_once(story: Story) -> None:
    late = rows(story.rung(7, Role.LEADER, Role.OFFICE_HEAD))
    assert [notice["role"] for notice in late] == [Role.OFFICE_HEAD]


@pytest.mark.parametrize("deadline", list(DeadlineKind))
def test_a_unit_that_may_only_be_asked_is_awaited_never_late(story: Story, deadline: DeadlineKind) -> None:
    [notice] = rows(story.rung(3, Role.OFFICE, deadline=deadline, relation=Relation.REQUESTED, unit="customs"))
    assert notice["template"] == f"{deadline}_awaited"


def test_a_superseded_rung_says_nothing(story: Story) -> None:
    assert rows(story.rung(1, Role.LIAISON, superseded=True)) == []


def test_the_same_event_gives_the_same_notice_ids(story: Story) -> None:
    event = story.rung(3, Role.UNIT_HEAD, Role.OFFICE)
    assert [row["id"] for row in rows(event)] == [row["id"] for row in rows(event)]
    assert len({row["id"] for row in rows(event)}) == 2


@pytest.mark.parametrize(
    ("template", "duty", "moot"),
    [
        ("acknowledge_reminder", Duty(ISSUED, 0), False),
        ("acknowledge_reminder", Duty(ACKNOWLEDGED, 0), True),
        ("acknowledge_overdue", Duty(SUPERSEDED, 0), True),
        ("report_reminder", Duty(SUBMITTED, 1), True),
        ("report_reminder", Duty(EXCUSED, 0), True),
        ("report_reminder", Duty(EXPECTED, 0), False),
        ("assignment_superseded", Duty(SUPERSEDED, 0), False),
        ("report_overdue", Duty(RETURNED, 1), True),
        ("report_locked", Duty(SUBMITTED, 1), False),
        ("resubmit_reminder", Duty(RETURNED, 1), False),
        ("resubmit_reminder", Duty(SUBMITTED, 2), True),
        ("report_submitted", Duty(SUBMITTED, 1), False),
        ("report_submitted", Duty(SUBMITTED, 2), True),
        ("report_submitted", Duty(ACCEPTED, 1), True),
        ("report_returned", Duty(ACCEPTED, 2), False),
        ("assignment_issued", Duty(ACKNOWLEDGED, 0), False),
    ],
)
def test_a_notice_is_moot_once_what_it_asks_for_is_done(template: str, duty: Duty, moot: bool) -> None:
    assert is_moot(template, {"revision": 1}, duty) is moot


def test_what_is_not_known_to_be_done_is_asked_for() -> None:
    assert is_moot("report_reminder", {}, None) is False
