"""What waits for the caller, over all plans, page by page."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Tuple, Uuid, and_, literal, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.names import Relation
from services.task.calendar import WorkingCalendar
from services.task.days import OFFICE_ZONE, day_of, start_of
from services.task.models import Assignment, AssignmentState, Measure, Plan, PlanState, Report, ReportState
from services.task.permissions import OFFICE, UNIT
from services.task.queries.plans import clocks_of
from shared.auth import Actor
from shared.db import table_of
from shared.db.columns import UtcDateTime
from shared.paging import Paging, instant, number

REPORT = table_of(Report)
ASSIGNMENT = table_of(Assignment)
MEASURE = table_of(Measure)
PLAN = table_of(Plan)
ACKNOWLEDGE, LATE, OWED, RESUBMIT, REVIEW = "acknowledge", "late", "owed", "resubmit", "review"
"""Where items come from; those of one day follow in this order."""
FIRST_YEAR, LAST_YEAR = 2002, 2098
"""Of any day on the list: a plan file's last year, and what may be added to it in working days."""


class Place(NamedTuple):
    """Where an item stands on the list, the most urgent first."""

    due: date
    source: str
    since: datetime
    """When a report was received; of other items the start of the day."""
    plan: UUID
    position: int
    """Of the measure in the plan."""
    id: UUID

    def as_key(self) -> list[Any]:
        day, received = self.due.isoformat(), self.since.isoformat()
        return [day, self.source, received, str(self.plan), self.position, str(self.id)]


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
    reason: str | None
    place: Place


@dataclass(frozen=True, slots=True)
class _Asked:
    """Who asks for which part of the list."""

    caller: Actor
    today: date
    after: Place | None
    fetch: int


async def list_todo(
    connection: AsyncConnection, calendar: WorkingCalendar, caller: Actor, now: datetime, paging: Paging
) -> list[Todo]:
    """Up to `paging.fetch` items, the most urgent first. Unit people: owed, returned, unacknowledged. Office: reviews,
    then late units. Raises UnknownCursor."""
    after = paging.key(_day, str, instant, UUID, _position, UUID)
    asked = _Asked(caller, day_of(now, OFFICE_ZONE), Place(*after) if after else None, paging.fetch)
    found: list[Todo] = []
    if caller.scope.units and not caller.roles.isdisjoint(UNIT):
        found += await _list_resubmissions(connection, asked)
        found += await _list_owed(connection, asked)
        found += await _list_unacknowledged(connection, asked)
    if not caller.roles.isdisjoint(OFFICE):
        found += await _list_reviews(connection, calendar, asked)
        found += await _list_late(connection, asked)
    return sorted(found, key=lambda todo: todo.place)[: paging.fetch]


async def _list_resubmissions(connection: AsyncConnection, asked: _Asked) -> list[Todo]:
    c = REPORT.c
    mine = c.unit.in_(asked.caller.scope.units)
    rows = await _reports(connection, asked, RESUBMIT, c.resubmit_due, mine, c.state == ReportState.RETURNED)
    return [_about_report(row, RESUBMIT, "resubmit", row.return_reason) for row in rows]


async def _list_owed(connection: AsyncConnection, asked: _Asked) -> list[Todo]:
    c = REPORT.c
    open_now = (c.state == ReportState.EXPECTED, c.opens <= asked.today, c.locks >= asked.today)
    rows = await _reports(connection, asked, OWED, c.due, c.unit.in_(asked.caller.scope.units), *open_now)
    return [_about_report(row, OWED, "report_overdue" if row.due < asked.today else "report") for row in rows]


async def _list_late(connection: AsyncConnection, asked: _Asked) -> list[Todo]:
    """Past due, never submitted and not locked. Requested units are asked, not called late (DOMAIN.md section 5)."""
    c = REPORT.c
    late = (c.state == ReportState.EXPECTED, c.due < asked.today, c.locks >= asked.today)
    rows = await _reports(connection, asked, LATE, c.due, *late)
    return [_about_report(row, LATE, "pending" if row.relation == Relation.REQUESTED else "late_unit") for row in rows]


async def _reports(
    connection: AsyncConnection, asked: _Asked, source: str, due: ColumnElement[date], *where: ColumnElement[bool]
) -> Sequence[Row[Any]]:
    order = tuple_(due, REPORT.c.plan_id, MEASURE.c.position, REPORT.c.id)
    return await _with_words(connection, asked, due, order, *where, *_beyond(asked.after, source, order))


async def _list_unacknowledged(connection: AsyncConnection, asked: _Asked) -> list[Todo]:
    c = ASSIGNMENT.c
    mine = c.unit.in_(asked.caller.scope.units)
    order = tuple_(c.acknowledge_due, c.plan_id, MEASURE.c.position, c.id)
    key = (c.id, c.plan_id, c.plan, c.measure, c.unit, c.unit_name)
    shown: tuple[Any, ...] = (*key, c.acknowledge_due.label("due"), MEASURE.c.title, MEASURE.c.position)
    query = (
        select(*shown)
        .join(MEASURE, and_(MEASURE.c.plan_id == c.plan_id, MEASURE.c.measure == c.measure))
        .join(PLAN, PLAN.c.id == c.plan_id)
        .where(PLAN.c.state == PlanState.PUBLISHED, c.state == AssignmentState.ISSUED, mine)
        .where(*_of_plans(asked, c.plan), *_beyond(asked.after, ACKNOWLEDGE, order))
        .order_by(*order.clauses)
        .limit(asked.fetch)
    )
    return [_to_acknowledge(row) for row in await connection.execute(query)]


async def _list_reviews(connection: AsyncConnection, calendar: WorkingCalendar, asked: _Asked) -> list[Todo]:
    """Each due by its plan's own clock for a review; plans with the same clock are read together."""
    c = REPORT.c
    waiting = select(c.plan_id).where(c.state == ReportState.SUBMITTED, *_of_plans(asked, c.plan)).distinct()
    clocks = await clocks_of(connection, set((await connection.execute(waiting)).scalars()))
    plans: defaultdict[int, list[UUID]] = defaultdict(list)
    for plan, clock in clocks.items():
        plans[clock.review].append(plan)
    found: list[Todo] = []
    for working_days, of in plans.items():
        found += await _list_reviews_within(connection, _ReviewClock(calendar, working_days), asked, of)
    return found


@dataclass(frozen=True, slots=True)
class _ReviewClock:
    calendar: WorkingCalendar
    working_days: int

    def due(self, received: datetime) -> date:
        return self.calendar.add_working_days(day_of(received, OFFICE_ZONE), self.working_days)

    def received_from(self, due: date) -> datetime:
        """What was received from this instant on is due on that day or later."""
        return start_of(self.calendar.add_working_days(due, -self.working_days), OFFICE_ZONE)


async def _list_reviews_within(
    connection: AsyncConnection, clock: _ReviewClock, asked: _Asked, plans: Iterable[UUID]
) -> list[Todo]:
    """In the order in which they were received, which is that of their due days."""
    c = REPORT.c
    waiting = (c.state == ReportState.SUBMITTED, c.plan_id.in_(plans))
    order = tuple_(c.submitted_at, c.plan_id, MEASURE.c.position, c.id)
    rows = await _with_words(connection, asked, c.due, order, *waiting, *_received_beyond(asked.after, clock, order))
    return [_review(row, clock.due(row.submitted_at)) for row in rows]


async def _with_words(
    connection: AsyncConnection, asked: _Asked, due: ColumnElement[date], order: Tuple, *where: Any
) -> Sequence[Row[Any]]:
    """Reports of plans in force with the words that a person knows them by."""
    c = REPORT.c
    key = (c.id, c.plan_id, c.plan, c.measure, c.unit, c.unit_name, c.period)
    words = (MEASURE.c.title, MEASURE.c.position, ASSIGNMENT.c.relation)
    query = (
        select(*key, due.label("due"), c.submitted_at, c.return_reason, *words)
        .join(ASSIGNMENT, ASSIGNMENT.c.id == c.assignment_id)
        .join(MEASURE, and_(MEASURE.c.plan_id == c.plan_id, MEASURE.c.measure == c.measure))
        .join(PLAN, PLAN.c.id == c.plan_id)
        .where(PLAN.c.state == PlanState.PUBLISHED, *_of_plans(asked, c.plan), *where)
        .order_by(*order.clauses)
        .limit(asked.fetch)
    )
    return (await connection.execute(query)).all()


def _of_plans(asked: _Asked, plan: ColumnElement[str]) -> list[ColumnElement[bool]]:
    return [plan.in_(asked.caller.plans)] if asked.caller.plans else []


# --- where a page begins --------------------------------------------------------------------------


def _day(part: Any) -> date:
    """Raises ValueError for a day that no calendar knows."""
    day = date.fromisoformat(part)
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(f"{day} is on no list")
    return day


def _position(part: Any) -> int:
    return number(part, bits=32)


def _beyond(after: Place | None, source: str, order: Tuple) -> list[ColumnElement[bool]]:
    """What of a source stands after a place. `order` is by day, plan, measure and id."""
    if after is None:
        return []
    due = next(iter(order.clauses))
    if source == after.source:
        return [order > _values(literal(after.due), after)]
    return [due >= after.due if source > after.source else due > after.due]


def _received_beyond(after: Place | None, clock: _ReviewClock, order: Tuple) -> list[ColumnElement[bool]]:
    """The same of reviews, whose day follows from when they were received."""
    if after is None:
        return []
    received = REPORT.c.submitted_at
    due_then, due_later = (clock.received_from(day) for day in (after.due, after.due + timedelta(days=1)))
    if after.source != REVIEW:
        return [received >= (due_then if after.source < REVIEW else due_later)]
    same_day = and_(received >= due_then, order > _values(literal(after.since, UtcDateTime), after))
    return [or_(received >= due_later, same_day)]


def _values(first: ColumnElement[Any], after: Place) -> Tuple:
    return tuple_(first, literal(after.plan, Uuid), literal(after.position), literal(after.id, Uuid))


# --- rows as things to do -------------------------------------------------------------------------


def _about_report(row: Row[Any], source: str, kind: str, reason: str | None = None) -> Todo:
    return _todo(row, kind, f"reports/{row.period}", _place(row, source, row.due), row.period, reason)


def _review(row: Row[Any], due: date) -> Todo:
    place = _place(row, REVIEW, due, row.submitted_at)
    return _todo(row, "review", f"reports/{row.period}", place, row.period)


def _to_acknowledge(row: Row[Any]) -> Todo:
    return _todo(row, "acknowledge", "acknowledge", _place(row, ACKNOWLEDGE, row.due))


def _place(row: Row[Any], source: str, due: date, since: datetime | None = None) -> Place:
    return Place(due, source, since or start_of(due, OFFICE_ZONE), row.plan_id, row.position, row.id)


def _todo(
    row: Row[Any], kind: str, at: str, place: Place, period: str | None = None, reason: str | None = None
) -> Todo:
    href = f"/api/task/v1/plans/{row.plan}/measures/{row.measure}/units/{row.unit}/{at}"
    key = (row.plan, row.measure, row.unit, row.unit_name)
    return Todo(kind, *key, period, row.title, place.due, href, reason, place)
