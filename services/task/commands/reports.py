"""Submitting, returning and accepting reports."""

from datetime import date

from contracts.names import DeadlineKind, Relation, ReturnKind
from services.task.calendar import WorkingCalendar
from services.task.commands.deadlines import arm_deadlines
from services.task.commands.ladders import ladder_of
from services.task.days import day_of
from services.task.errors import PlanClosed, ReviewerOfSameUnit
from services.task.models import Deadline, Report, ReportContent
from services.task.permissions import OFFICE, RETURN_AS_EMPTY, REVIEW_REPORT, SUBMIT_REPORT
from services.task.queries.assignments import lock_assignment_by_id
from services.task.queries.directory import find_other_reviewer
from services.task.queries.plans import get_indicators, get_plan
from services.task.queries.reports import LockedReport, ReportKey, lock_report
from services.task.readings import check_readings
from services.task.schemas.clocks import Clocks
from shared.auth import Actor
from shared.event_log import UnitOfWork

RESUBMIT_WORKING_DAYS = 3
"""DOMAIN.md section 3: a return sets resubmit_due = max(due, return + 3 wd)."""


async def submit_report(
    work: UnitOfWork, caller: Actor, key: ReportKey, content: ReportContent, expected: int | None
) -> Report:
    """Record a unit's answer to an obligation. The same body again changes nothing.

    Raises ReportNotFound (also where the caller's scope does not reach), MayNot, PlanClosed, PreconditionRequired,
    PreconditionFailed, Invalid, ReportAlreadyAccepted, ReportExcused, PeriodNotOpen, PeriodLocked.
    """
    found = await lock_report(work, key, caller)
    caller.must(SUBMIT_REPORT, key.unit)
    report = found.report
    if report.already_says(content):
        return report
    _must_be_open(found)
    report.must_take_submissions(work.now)
    report.must_match(expected)
    if content.readings:
        check_readings(content.readings, await get_indicators(work.connection, key.plan))
    await work.record(report, report.submit(content, by=caller.account, at=work.now))
    if not found.acknowledged:
        await _acknowledge_by_report(work, report, caller)
    return report


async def return_report(
    work: UnitOfWork,
    calendar: WorkingCalendar,
    caller: Actor,
    key: ReportKey,
    reason: str,
    kind: ReturnKind,
    expected: int | None,
) -> Report:
    """Send the submitted version back with a reason and a date to resubmit by.

    Raises ReportNotFound, MayNot, PlanClosed, PreconditionFailed, NothingToReview, ReviewerIsAuthor, ReviewerOfSameUnit.
    """
    report, same_unit = await _lock_for_review(work, caller, key, expected)
    if kind is ReturnKind.EMPTY:
        caller.must(RETURN_AS_EMPTY)
    today = day_of(work.now, report.zone)
    resubmit_due = max(report.due, calendar.add_working_days(today, RESUBMIT_WORKING_DAYS))
    event = report.return_(
        reason, kind=kind, by=caller.account, at=work.now, resubmit_due=resubmit_due, same_unit=same_unit
    )
    await work.record(report, event)
    await _arm_resubmission(work, calendar, report, resubmit_due)
    return report


async def accept_report(work: UnitOfWork, caller: Actor, key: ReportKey, comment: str, expected: int | None) -> Report:
    """Accept the submitted version; from then on its figures count.

    Raises ReportNotFound, MayNot, PlanClosed, PreconditionFailed, NothingToReview, ReviewerIsAuthor, ReviewerOfSameUnit.
    """
    report, same_unit = await _lock_for_review(work, caller, key, expected)
    return await work.record(report, report.accept(comment, by=caller.account, at=work.now, same_unit=same_unit))


async def _lock_for_review(
    work: UnitOfWork, caller: Actor, key: ReportKey, expected: int | None
) -> tuple[Report, bool]:
    """The report that the caller may review, and whether only someone of its own unit can."""
    found = await lock_report(work, key, caller)
    caller.must(REVIEW_REPORT, key.unit)
    _must_be_open(found)
    if expected is not None:
        found.report.must_match(expected)
    if caller.unit != key.unit:
        return found.report, False
    if other := await find_other_reviewer(work.connection, key.unit, OFFICE):
        raise ReviewerOfSameUnit(other=other)
    return found.report, True


def _must_be_open(found: LockedReport) -> None:
    if not found.plan_is_open:
        raise PlanClosed(plan=found.report.plan)


async def _acknowledge_by_report(work: UnitOfWork, report: Report, caller: Actor) -> None:
    """Submitting implies acknowledgement."""
    assignment = await lock_assignment_by_id(work.connection, report.assignment_id)
    await work.record(assignment, assignment.acknowledge(by=caller.account, at=work.now, by_report=True))


async def _arm_resubmission(work: UnitOfWork, calendar: WorkingCalendar, report: Report, resubmit_due: date) -> None:
    assignment = await lock_assignment_by_id(work.connection, report.assignment_id)
    deadline = Deadline.of_report(report, DeadlineKind.RESUBMIT, Relation(assignment.relation), due=resubmit_due)
    plan = await get_plan(work.connection, report.plan)
    clocks = Clocks.model_validate(plan.file["clocks"])
    deadline.arm(ladder_of(clocks, deadline.kind, deadline.relation), calendar, not_before=work.now)
    await arm_deadlines(work.connection, [deadline])
