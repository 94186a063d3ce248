"""What an amendment starts from, and the amendments that were made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.task.days import day_of
from services.task.models import Assignment, Measure, Plan, PlanAmendment, Report
from services.task.report_dates import ReportDates
from shared.db import table_of
from shared.event_log import loaded

AMENDMENT = table_of(PlanAmendment)
ASSIGNMENT = table_of(Assignment)
MEASURE = table_of(Measure)
REPORT = table_of(Report)
WITHOUT_ITS_BODY = [column for column in REPORT.columns if column.name != "content"]
"""An amendment reads thousands of reports and looks into none."""
Pair = tuple[str, str]
"""Measure and unit."""


@dataclass(frozen=True, slots=True)
class InForce:
    """A plan in force with everything of it that an amendment may touch."""

    plan: Plan
    measures: Mapping[str, Mapping[str, Any]]
    """By key, those that ended included."""
    assignments: Mapping[Pair, Assignment]
    """Those that ended included."""
    reports: Mapping[UUID, Mapping[str, Report]]
    """By assignment and period: those that are not locked today; an amendment counts from today on at the earliest."""
    announced: Mapping[str, ReportDates]
    """The dates of each period as units were told them."""
    amendments: int

    def assigned(self) -> dict[Pair, Assignment]:
        return {pair: assignment for pair, assignment in self.assignments.items() if assignment.ended_on is None}


async def read_in_force(connection: AsyncConnection, plan: Plan, now: datetime, *, lock: bool = False) -> InForce:
    """Reports before assignments, as everybody locks them; each in the order of ids."""
    reports = await _open_reports(connection, plan, day_of(now, plan.zone), lock=lock)
    assignments = select(ASSIGNMENT).where(ASSIGNMENT.c.plan_id == plan.id).order_by(ASSIGNMENT.c.id)
    found = await connection.execute(assignments.with_for_update() if lock else assignments)
    held = [loaded(Assignment, row._mapping) for row in found]
    measures = await connection.execute(
        select(MEASURE).where(MEASURE.c.plan_id == plan.id).order_by(MEASURE.c.position)
    )
    return InForce(
        plan,
        {row.measure: dict(row._mapping) for row in measures},
        {(assignment.measure, assignment.unit): assignment for assignment in held},
        reports,
        await _announced(connection, plan),
        await count_amendments(connection, plan),
    )


async def _open_reports(
    connection: AsyncConnection, plan: Plan, today: date, *, lock: bool
) -> dict[UUID, dict[str, Report]]:
    query = select(*WITHOUT_ITS_BODY).where(REPORT.c.plan_id == plan.id, REPORT.c.locks >= today).order_by(REPORT.c.id)
    by_assignment: dict[UUID, dict[str, Report]] = {}
    for row in await connection.execute(query.with_for_update() if lock else query):
        report = loaded(Report, row._mapping)
        by_assignment.setdefault(report.assignment_id, {})[report.period] = report
    return by_assignment


async def _announced(connection: AsyncConnection, plan: Plan) -> dict[str, ReportDates]:
    c = REPORT.c
    dates = select(c.period, func.min(c.opens), func.min(c.due), func.min(c.locks)).where(c.plan_id == plan.id)
    return {period: ReportDates(*days) for period, *days in await connection.execute(dates.group_by(c.period))}


async def count_amendments(connection: AsyncConnection, plan: Plan) -> int:
    counted = select(func.count()).where(AMENDMENT.c.plan_id == plan.id)
    return int((await connection.execute(counted)).scalar_one())


async def list_amendments(connection: AsyncConnection, plan: Plan) -> Sequence[PlanAmendment]:
    """The first first."""
    query = select(AMENDMENT).where(AMENDMENT.c.plan_id == plan.id).order_by(AMENDMENT.c.number)
    return [PlanAmendment(**row._mapping) for row in await connection.execute(query)]
