"""Reports and what waits around them."""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.names import Relation
from services.task.errors import ReportNotFound
from services.task.models import Assignment, AssignmentState, Plan, PlanState, Report, ReportState, ShownState
from shared.auth import Actor, Scope
from shared.db import table_of
from shared.db.prepared import Prepared
from shared.event_log import UnitOfWork, loaded

REPORT = table_of(Report)
PLAN = table_of(Plan)
ASSIGNMENT = table_of(Assignment)


@dataclass(frozen=True, slots=True)
class ReportKey:
    """Natural key of a report."""

    plan: str
    measure: str
    unit: str
    period: str

    def as_facts(self) -> dict[str, Any]:
        return {"plan": self.plan, "measure": self.measure, "unit": self.unit, "period": self.period}


@dataclass(frozen=True, slots=True)
class LockedReport:
    """A report that this transaction may change, and what of its surroundings decides whether it may."""

    report: Report
    relation: Relation
    acknowledged: bool
    plan_is_open: bool


async def lock_report(work: UnitOfWork, key: ReportKey, caller: Actor) -> LockedReport:
    """The report, locked, with its plan held open against bulk changes.

    Raises ReportNotFound, also where the caller does not reach it.
    """
    columns = await _locking().find_row(work.connection, key.as_facts())
    if columns is None or not caller.reaches(key.plan, key.unit):
        raise ReportNotFound(**key.as_facts())
    plan_state, assignment_state = columns.pop("plan_state"), columns.pop("assignment_state")
    relation = Relation(columns.pop("relation"))
    return LockedReport(
        report=loaded(Report, columns),
        relation=relation,
        acknowledged=assignment_state != AssignmentState.ISSUED,
        plan_is_open=plan_state == PlanState.PUBLISHED,
    )


@lru_cache(maxsize=1)
def _locking() -> Prepared:
    """One round trip: the plan FOR SHARE, then the report FOR UPDATE (DESIGN.md section 6, "Write")."""
    plan = (
        select(PLAN.c.id, PLAN.c.state).where(PLAN.c.plan == bindparam("plan")).with_for_update(read=True).cte("plan")
    )
    states = plan.c.state.label("plan_state"), ASSIGNMENT.c.state.label("assignment_state")
    return Prepared(
        select(REPORT, *states, ASSIGNMENT.c.relation)
        .join(plan, plan.c.id == REPORT.c.plan_id)
        .join(ASSIGNMENT, ASSIGNMENT.c.id == REPORT.c.assignment_id)
        .where(*_is_key())
        .with_for_update(of=REPORT)
    )


def _is_key() -> list[Any]:
    return [REPORT.c[name] == bindparam(name) for name in ("plan", "measure", "unit", "period")]


async def get_report(connection: AsyncConnection, key: ReportKey, caller: Actor) -> Report:
    """Raises ReportNotFound, also where the caller does not reach it."""
    row = (await connection.execute(select(REPORT).where(*_is_key()), key.as_facts())).one_or_none()
    if row is None or not caller.reaches(key.plan, key.unit):
        raise ReportNotFound(**key.as_facts())
    return loaded(Report, row._mapping)


@dataclass(frozen=True, slots=True)
class ObligationFilter:
    """What of a plan's obligations is asked for; None leaves a filter out."""

    plan: str
    unit: str | None = None
    measure: str | None = None
    period: str | None = None
    state: ShownState | None = None


async def list_reports(
    connection: AsyncConnection,
    wanted: ObligationFilter,
    scope: Scope,
    today: date,
    limit: int,
    after: tuple[date, UUID] | None = None,
) -> list[Report]:
    """Reports in the order of their due days, those in `scope` only; `after` is due day and id of the last one seen."""
    query = select(REPORT).where(REPORT.c.plan == wanted.plan).order_by(REPORT.c.due, REPORT.c.id).limit(limit)
    for name in ("unit", "measure", "period"):
        if (value := getattr(wanted, name)) is not None:
            query = query.where(REPORT.c[name] == value)
    if wanted.state is not None:
        query = query.where(*_is_shown_as(wanted.state, today))
    if not scope.everything:
        query = query.where(REPORT.c.unit.in_(scope.units))
    if after:
        query = query.where(or_(REPORT.c.due > after[0], and_(REPORT.c.due == after[0], REPORT.c.id > after[1])))
    return [loaded(Report, row._mapping) for row in await connection.execute(query)]


def _is_shown_as(state: ShownState, today: date) -> list[Any]:
    """`Report.shown_state` as a condition; a report is locked from the day after `locks`."""
    by_day = {
        ShownState.SCHEDULED: [REPORT.c.opens > today],
        ShownState.OPEN: [REPORT.c.opens <= today, REPORT.c.locks >= today],
        ShownState.LOCKED: [REPORT.c.opens <= today, REPORT.c.locks < today],
    }
    if state in by_day:
        return [REPORT.c.state == ReportState.EXPECTED, *by_day[state]]
    return [REPORT.c.state == ReportState(state.value)]
