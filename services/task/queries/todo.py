"""What waits for the caller, over all plans."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.names import Relation
from services.task.calendar import WorkingCalendar
from services.task.days import day_of
from services.task.models import ReportState
from services.task.permissions import OFFICE, UNIT
from services.task.queries.assignments import ShownAssignment, list_unacknowledged
from services.task.queries.plans import clocks_of
from services.task.queries.reports import ReportOfMeasure, list_late, list_owed, list_to_review
from shared.auth import Actor

TODO_ZONE = "Asia/Shanghai"


@dataclass(frozen=True, slots=True)
class Todo:
    """One thing to do, by when, and the address to do it at."""

    kind: str
    plan: str
    measure: str
    unit: str
    unit_name: str
    period: str | None
    title: str
    due: date
    href: str
    reason: str | None = None


async def list_todo(connection: AsyncConnection, calendar: WorkingCalendar, caller: Actor, now: datetime) -> list[Todo]:
    """The most urgent first. Unit people: owed, returned, unacknowledged. Office: reviews, then late units."""
    today = day_of(now, TODO_ZONE)
    found: list[Todo] = []
    if caller.scope.units and not caller.roles.isdisjoint(UNIT):
        found += [_owed(owed, today) for owed in await list_owed(connection, caller.scope.units, today)]
        found += [_to_acknowledge(shown) for shown in await list_unacknowledged(connection, caller.scope.units)]
    if not caller.roles.isdisjoint(OFFICE):
        found += await _reviews(connection, calendar)
        found += [_late(late) for late in await list_late(connection, today)]
    mine = (todo for todo in found if caller.sees_plan(todo.plan))
    return sorted(mine, key=lambda todo: (todo.due, todo.plan, todo.kind))


def _owed(owed: ReportOfMeasure, today: date) -> Todo:
    report = owed.report
    returned = report.state is ReportState.RETURNED
    due = report.resubmit_due if returned and report.resubmit_due else report.due
    kind = "resubmit" if returned else ("report_overdue" if due < today else "report")
    return _about_report(kind, owed, due, report.return_reason if returned else None)


async def _reviews(connection: AsyncConnection, calendar: WorkingCalendar) -> list[Todo]:
    """Each due by its plan's own clock for a review."""
    waiting = await list_to_review(connection)
    clocks = await clocks_of(connection, {submitted.report.plan_id for submitted in waiting})
    return [_review(calendar, submitted, clocks[submitted.report.plan_id].review) for submitted in waiting]


def _review(calendar: WorkingCalendar, submitted: ReportOfMeasure, working_days: int) -> Todo:
    received = submitted.report.submitted_at
    assert received is not None
    due = calendar.add_working_days(day_of(received, submitted.report.zone), working_days)
    return _about_report("review", submitted, due)


def _late(late: ReportOfMeasure) -> Todo:
    """Requested units are asked, not called late (DOMAIN.md section 5)."""
    return _about_report("pending" if late.relation == Relation.REQUESTED else "late_unit", late, late.report.due)


def _about_report(kind: str, about: ReportOfMeasure, due: date, reason: str | None = None) -> Todo:
    r = about.report
    href = f"/api/task/v1/plans/{r.plan}/measures/{r.measure}/units/{r.unit}/reports/{r.period}"
    return Todo(kind, r.plan, r.measure, r.unit, r.unit_name, r.period, about.measure_title, due, href, reason)


def _to_acknowledge(shown: ShownAssignment) -> Todo:
    a = shown.assignment
    href = f"/api/task/v1/plans/{a.plan}/measures/{a.measure}/units/{a.unit}/acknowledge"
    return Todo(
        "acknowledge", a.plan, a.measure, a.unit, a.unit_name, None, shown.measure_title, a.acknowledge_due, href
    )
