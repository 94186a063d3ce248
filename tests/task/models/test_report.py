"""The rule of reports, without a database: which action is taken in which state, and what it says."""

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from contracts.names import ReturnKind, SelfAssessment
from contracts.task import Reading, ReportAccepted, ReportReturned, ReportSubmitted
from services.task.errors import (
    NothingToReview,
    PeriodLocked,
    PeriodNotOpen,
    ReportAlreadyAccepted,
    ReportIsExcused,
    ReviewerIsAuthor,
)
from services.task.models import Report, ReportContent, ReportState, ShownState
from shared.errors import PreconditionFailed, PreconditionRequired
from shared.event_log import Aggregate
from tests.task.facts import instant

CONTENT = ReportContent(SelfAssessment.ON_TRACK, "已建成两个海外仓")
OTHER = ReportContent(SelfAssessment.AT_RISK, "已建成两个海外仓，第三个在建")
RESUBMIT_DUE = date(2024, 4, 12)

Action = Callable[[Report], Any]


def a_report(state: ReportState = ReportState.EXPECTED) -> Report:
    """Of 2024-Q1, brought into a state by its own transitions."""
    report = Report(
        plan_id=UUID(int=1),
        assignment_id=UUID(int=2),
        plan="harbour",
        measure="1",
        unit="futian",
        unit_name="福田区",
        period="2024-Q1",
        zone="Asia/Shanghai",
        opens=date(2024, 3, 27),
        due=date(2024, 4, 8),
        locks=date(2024, 4, 28),
    )
    if state is ReportState.EXCUSED:
        report.state = state  # no command excuses yet; publishing leaves such periods out
    elif state is not ReportState.EXPECTED:
        submit(report)
    if state is ReportState.RETURNED:
        send_back(report)
    if state is ReportState.ACCEPTED:
        accept(report)
    return report


def submit(report: Report, content: ReportContent = CONTENT, at: str = "2024-04-08") -> ReportSubmitted:
    return report.submit(content, by="futian", at=instant(at))


def send_back(
    report: Report,
    kind: ReturnKind = ReturnKind.CORRECT,
    at: str = "2024-04-09",
    by: str = "office",
    resubmit_due: date = RESUBMIT_DUE,
) -> ReportReturned:
    return report.return_("请补充数据", kind=kind, by=by, at=instant(at), resubmit_due=resubmit_due)


def accept(report: Report, by: str = "office") -> ReportAccepted:
    return report.accept("", by=by, at=instant("2024-04-10"))


TAKEN = [
    (ReportState.EXPECTED, submit, ReportState.SUBMITTED, ReportSubmitted),
    (ReportState.SUBMITTED, submit, ReportState.SUBMITTED, ReportSubmitted),
    (ReportState.SUBMITTED, send_back, ReportState.RETURNED, ReportReturned),
    (ReportState.SUBMITTED, accept, ReportState.ACCEPTED, ReportAccepted),
    (ReportState.RETURNED, submit, ReportState.SUBMITTED, ReportSubmitted),
]
REFUSED = [
    (ReportState.EXPECTED, send_back, NothingToReview),
    (ReportState.EXPECTED, accept, NothingToReview),
    (ReportState.RETURNED, send_back, NothingToReview),
    (ReportState.RETURNED, accept, NothingToReview),
    (ReportState.ACCEPTED, submit, ReportAlreadyAccepted),
    (ReportState.ACCEPTED, send_back, NothingToReview),
    (ReportState.ACCEPTED, accept, NothingToReview),
    (ReportState.EXCUSED, submit, ReportIsExcused),
    (ReportState.EXCUSED, send_back, NothingToReview),
    (ReportState.EXCUSED, accept, NothingToReview),
]


@pytest.mark.parametrize(("state", "action", "then", "event"), TAKEN)
def test_an_action_that_fits_the_state_says_its_event(
    state: ReportState, action: Action, then: ReportState, event: type
) -> None:
    report = a_report(state)
    assert isinstance(action(report), event)
    assert report.state is then


@pytest.mark.parametrize(("state", "action", "refusal"), REFUSED)
def test_an_action_that_does_not_fit_the_state_changes_nothing(
    state: ReportState, action: Action, refusal: type[Exception]
) -> None:
    report = a_report(state)
    before = report.model_dump()
    with pytest.raises(refusal):
        action(report)
    assert report.model_dump() == before


def test_every_state_and_action_is_in_one_of_the_tables() -> None:
    decided = [(row[0], row[1]) for row in (*TAKEN, *REFUSED)]
    assert sorted(decided, key=str) == sorted(
        ((state, action) for state in ReportState for action in (submit, send_back, accept)), key=str
    )


@pytest.mark.parametrize(
    ("at", "refusal"),
    [
        ("2024-03-26T23:59:59", PeriodNotOpen),
        ("2024-03-27T00:00", None),
        ("2024-04-28T23:59:59", None),
        ("2024-04-29T00:00", PeriodLocked),
    ],
)
def test_a_report_is_taken_from_the_first_moment_of_opens_to_the_last_of_locks(
    at: str, refusal: type[Exception] | None
) -> None:
    report = a_report()
    if refusal is None:
        submit(report, at=at)
        assert report.revision == 1
        return
    with pytest.raises(refusal):
        submit(report, at=at)


def test_a_returned_report_is_taken_after_the_lock_since_the_office_asked_for_it() -> None:
    report = a_report(ReportState.SUBMITTED)
    send_back(report, at="2024-04-26", resubmit_due=date(2024, 5, 6))
    assert submit(report, OTHER, at="2024-05-06").resubmission_late is False


def test_a_submitted_report_takes_no_further_version_after_the_lock() -> None:
    report = a_report(ReportState.SUBMITTED)
    with pytest.raises(PeriodLocked):
        submit(report, OTHER, at="2024-04-29")


@pytest.mark.parametrize(("at", "on_time"), [("2024-04-08T23:59:59", True), ("2024-04-09T00:00", False)])
def test_due_on_a_day_means_before_the_next_day_begins(at: str, on_time: bool) -> None:
    assert submit(a_report(), at=at).on_time is on_time


def test_a_returned_report_keeps_the_first_submission_for_timeliness() -> None:
    report = a_report(ReportState.RETURNED)
    event = submit(report, OTHER, at="2024-04-12")
    assert (event.on_time, event.resubmission_late, event.revision) == (True, False, 2)
    assert event.first_submitted_at == instant("2024-04-08")


@pytest.mark.parametrize(("at", "late"), [("2024-04-12T23:59:59", False), ("2024-04-13T00:00", True)])
def test_a_resubmission_after_its_day_is_late_of_its_own(at: str, late: bool) -> None:
    assert submit(a_report(ReportState.RETURNED), at=at).resubmission_late is late


def test_a_version_that_nobody_asked_for_is_no_resubmission() -> None:
    report = a_report(ReportState.SUBMITTED)
    assert submit(report, OTHER).resubmission_late is None


def test_a_return_as_empty_voids_the_submission() -> None:
    report = a_report(ReportState.SUBMITTED)
    send_back(report, ReturnKind.EMPTY)
    assert (report.first_submitted_at, report.on_time) == (None, None)
    event = submit(report, OTHER, at="2024-04-10")
    assert event.on_time is False
    assert event.first_submitted_at == instant("2024-04-10")


def test_a_return_as_empty_before_the_due_day_leaves_time_to_be_punctual() -> None:
    report = a_report()
    submit(report, at="2024-04-01")
    send_back(report, ReturnKind.EMPTY, at="2024-04-02")
    assert submit(report, OTHER, at="2024-04-08").on_time is True


def test_a_return_counts_and_keeps_its_reason_and_day() -> None:
    report = a_report(ReportState.SUBMITTED)
    event = send_back(report)
    assert (report.returns, report.return_reason, report.resubmit_due) == (1, "请补充数据", RESUBMIT_DUE)
    assert (event.revision, event.kind, event.resubmit_due) == (1, ReturnKind.CORRECT, RESUBMIT_DUE)


@pytest.mark.parametrize("review", [send_back, accept])
def test_the_author_of_a_version_never_reviews_it(review: Callable[..., Any]) -> None:
    report = a_report(ReportState.SUBMITTED)
    with pytest.raises(ReviewerIsAuthor):
        review(report, by="futian")
    assert report.state is ReportState.SUBMITTED


def test_acceptance_at_the_first_pass_is_told_from_one_after_a_return() -> None:
    assert accept(a_report(ReportState.SUBMITTED)).first_pass is True
    redone = a_report(ReportState.RETURNED)
    submit(redone, OTHER)
    assert accept(redone).first_pass is False


@pytest.mark.parametrize("state", [ReportState.SUBMITTED, ReportState.ACCEPTED])
def test_the_last_submitted_body_is_recognised(state: ReportState) -> None:
    report = a_report(state)
    assert report.already_says(CONTENT)
    assert not report.already_says(OTHER)


def test_after_a_return_the_same_body_is_a_new_answer() -> None:
    assert not a_report(ReportState.RETURNED).already_says(CONTENT)


def test_a_number_written_otherwise_is_another_body() -> None:
    said = ReportContent(SelfAssessment.ON_TRACK, "完成", readings=(Reading(indicator="exports", value="12.50"),))
    report = a_report()
    submit(report, said)
    assert report.content is not None
    assert report.content["readings"][0]["value"] == "12.50"
    shorter = ReportContent(SelfAssessment.ON_TRACK, "完成", readings=(Reading(indicator="exports", value="12.5"),))
    assert not report.already_says(shorter)


@pytest.mark.parametrize(
    ("state", "expected", "refusal"),
    [
        (ReportState.EXPECTED, None, None),
        (ReportState.EXPECTED, 0, None),
        (ReportState.EXPECTED, 1, PreconditionFailed),
        (ReportState.SUBMITTED, None, PreconditionRequired),
        (ReportState.SUBMITTED, 0, PreconditionFailed),
        (ReportState.SUBMITTED, 1, None),
        (ReportState.RETURNED, None, PreconditionRequired),
        (ReportState.RETURNED, 1, None),
    ],
)
def test_a_change_needs_the_version_that_was_seen(
    state: ReportState, expected: int | None, refusal: type[Exception] | None
) -> None:
    report = a_report(state)
    if refusal is None:
        report.must_match(expected)
        return
    with pytest.raises(refusal):
        report.must_match(expected)


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        ("2024-03-26", ShownState.SCHEDULED),
        ("2024-03-27", ShownState.OPEN),
        ("2024-04-28", ShownState.OPEN),
        ("2024-04-29", ShownState.LOCKED),
    ],
)
def test_what_nobody_submitted_is_shown_by_the_day(at: str, shown: ShownState) -> None:
    assert a_report().shown_state(instant(at)) is shown


@pytest.mark.parametrize("state", [state for state in ReportState if state is not ReportState.EXPECTED])
def test_every_other_state_is_shown_as_it_is_on_any_day(state: ReportState) -> None:
    assert a_report(state).shown_state(instant("2025-01-01")).value == state.value


def test_events_of_a_plan_share_its_partition() -> None:
    report: Aggregate = a_report()
    assert report.partition_key == str(UUID(int=1))
