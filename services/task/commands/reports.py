"""Submitting, returning and accepting reports."""

from contracts.names import DeadlineKind, ReturnKind
from services.task.calendar import WorkingCalendar
from services.task.commands.deadlines import replace_deadline
from services.task.commands.ladders import ladder_of
from services.task.days import day_of
from services.task.errors import PlanClosed, ReviewerOfSameUnit
from services.task.models import Deadline, Report, ReportContent
from services.task.permissions import OFFICE, RETURN_AS_EMPTY, REVIEW_REPORT, SUBMIT_REPORT
from services.task.queries.assignments import lock_assignment_by_id
from services.task.queries.directory import find_other_reviewer
from services.task.queries.plans import clocks_of, get_indicators
from services.task.queries.reports import LockedReport, ReportKey, lock_report
from services.task.readings import check_readings
from shared.auth import Actor, Permission
from shared.event_log import UnitOfWork


async def submit_report(
    work: UnitOfWork, caller: Actor, key: ReportKey, content: ReportContent, expected: int | None
) -> Report:
    """Record a unit's answer to an obligation. The same body again changes nothing.

    Raises ReportNotFound (also where the caller's scope does not reach), MayNot, PlanClosed, PreconditionRequired,
    PreconditionFailed, Invalid, ReportAlreadyAccepted, ReportIsExcused, PeriodNotOpen, PeriodLocked.
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
    """Send the submitted version back with a reason and a date to resubmit by, never before the report is due.

    Raises ReportNotFound, MayNot, PlanClosed, PreconditionFailed, NothingToReview, ReviewerIsAuthor, ReviewerOfSameUnit.
    """
    permission = RETURN_AS_EMPTY if kind is ReturnKind.EMPTY else REVIEW_REPORT
    found, same_unit = await _lock_for_review(work, caller, permission, key, expected)
    report = found.report
    clocks = (await clocks_of(work.connection, {report.plan_id}))[report.plan_id]
    resubmit_due = max(report.due, calendar.add_working_days(day_of(work.now, report.zone), clocks.resubmit))
    event = report.return_(
        reason, kind=kind, by=caller.account, at=work.now, resubmit_due=resubmit_due, same_unit=same_unit
    )
    await work.record(report, event)
    deadline = Deadline.of_report(report, DeadlineKind.RESUBMIT, found.relation, due=resubmit_due)
    deadline.arm(ladder_of(clocks, deadline.kind, deadline.relation), calendar, not_before=work.now)
    await replace_deadline(work, deadline)
    return report


async def accept_report(work: UnitOfWork, caller: Actor, key: ReportKey, comment: str, expected: int | None) -> Report:
    """Accept the submitted version; from then on its figures count.

    Raises ReportNotFound, MayNot, PlanClosed, PreconditionFailed, NothingToReview, ReviewerIsAuthor, ReviewerOfSameUnit.
    """
    found, same_unit = await _lock_for_review(work, caller, REVIEW_REPORT, key, expected)
    report = found.report
    return await work.record(report, report.accept(comment, by=caller.account, at=work.now, same_unit=same_unit))


async def _lock_for_review(
    work: UnitOfWork, caller: Actor, permission: Permission, key: ReportKey, expected: int | None
) -> tuple[LockedReport, bool]:
    """The report that the caller may review, and whether only someone of its own unit can."""
    found = await lock_report(work, key, caller)
    caller.must(permission, key.unit)
    _must_be_open(found)
    if expected is not None:
        found.report.must_match(expected)
    if caller.unit != key.unit:
        return found, False
    if other := await find_other_reviewer(work.connection, key.plan, key.unit, OFFICE):
        raise ReviewerOfSameUnit(other=other)
    return found, True


def _must_be_open(found: LockedReport) -> None:
    if not found.plan_is_open:
        raise PlanClosed(plan=found.report.plan)


async def _acknowledge_by_report(work: UnitOfWork, report: Report, caller: Actor) -> None:
    """Submitting implies acknowledgement, unless it or an amendment came in while this transaction waited for the lock."""
    assignment = await lock_assignment_by_id(work.connection, report.assignment_id)
    if assignment.acknowledged_at is None and assignment.ended_on is None:
        await work.record(assignment, assignment.acknowledge(by=caller.account, at=work.now, by_report=True))
