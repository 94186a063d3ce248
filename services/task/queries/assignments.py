"""Assignments."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.task.errors import AssignmentNotFound
from services.task.models import Assignment, AssignmentState, Measure, Plan, PlanState, Report
from shared.auth import Actor, Scope
from shared.db import table_of
from shared.event_log import loaded

ASSIGNMENT = table_of(Assignment)
REPORT = table_of(Report)
MEASURE = table_of(Measure)
PLAN = table_of(Plan)
STARTED: ColumnElement[bool] = exists().where(REPORT.c.assignment_id == ASSIGNMENT.c.id, REPORT.c.revision > 0)


@dataclass(frozen=True, slots=True)
class AssignmentKey:
    """Natural key of an assignment."""

    plan: str
    measure: str
    unit: str

    def as_facts(self) -> dict[str, Any]:
        return {"plan": self.plan, "measure": self.measure, "unit": self.unit}


@dataclass(frozen=True, slots=True)
class ShownAssignment:
    """An assignment as the API shows it."""

    assignment: Assignment
    started: bool
    measure_title: str

    @property
    def state(self) -> str:
        return "in_progress" if self.started else str(self.assignment.state)


async def lock_assignment(connection: AsyncConnection, key: AssignmentKey, caller: Actor) -> Assignment:
    """Raises AssignmentNotFound, also where the caller does not reach it."""
    row = (await connection.execute(select(ASSIGNMENT).where(*_is(key)).with_for_update())).one_or_none()
    if row is None or not caller.reaches(key.plan, key.unit):
        raise AssignmentNotFound(**key.as_facts())
    return loaded(Assignment, row._mapping)


async def lock_assignment_by_id(connection: AsyncConnection, id_: UUID) -> Assignment:
    row = (await connection.execute(select(ASSIGNMENT).where(ASSIGNMENT.c.id == id_).with_for_update())).one()
    return loaded(Assignment, row._mapping)


async def get_assignment(connection: AsyncConnection, key: AssignmentKey, caller: Actor) -> ShownAssignment:
    """Raises AssignmentNotFound, also where the caller does not reach it."""
    shown = await _shown(connection, *_is(key)) if caller.reaches(key.plan, key.unit) else []
    if not shown:
        raise AssignmentNotFound(**key.as_facts())
    return shown[0]


async def list_assignments(
    connection: AsyncConnection, plan: str, scope: Scope, *, unit: str | None = None, measure: str | None = None
) -> list[ShownAssignment]:
    """Assignments of a plan in the order of its measures, those in `scope` only."""
    where = [ASSIGNMENT.c.plan == plan]
    if unit is not None:
        where.append(ASSIGNMENT.c.unit == unit)
    if measure is not None:
        where.append(ASSIGNMENT.c.measure == measure)
    if not scope.everything:
        where.append(ASSIGNMENT.c.unit.in_(scope.units))
    return await _shown(connection, *where)


async def list_measure_units(connection: AsyncConnection, plan: str, measures: frozenset[str]) -> list[ShownAssignment]:
    """Every unit's state in these measures, for those who take part in them."""
    return await _shown(connection, ASSIGNMENT.c.plan == plan, ASSIGNMENT.c.measure.in_(measures))


async def list_unacknowledged(
    connection: AsyncConnection, units: frozenset[str] | None = None
) -> list[ShownAssignment]:
    """Assignments that wait for their unit's acknowledgement; None: of all units."""
    where = [ASSIGNMENT.c.state == AssignmentState.ISSUED, PLAN.c.state == PlanState.PUBLISHED]
    if units is not None:
        where.append(ASSIGNMENT.c.unit.in_(units))
    return await _shown(connection, *where)


async def _shown(connection: AsyncConnection, *where: Any) -> list[ShownAssignment]:
    query = (
        select(ASSIGNMENT, STARTED.label("started"), MEASURE.c.title.label("m_title"))
        .join(MEASURE, and_(MEASURE.c.plan_id == ASSIGNMENT.c.plan_id, MEASURE.c.measure == ASSIGNMENT.c.measure))
        .join(PLAN, PLAN.c.id == ASSIGNMENT.c.plan_id)
        .where(*where)
        .order_by(ASSIGNMENT.c.plan, MEASURE.c.position, ASSIGNMENT.c.id)
    )
    shown = []
    for row in await connection.execute(query):
        columns = dict(row._mapping)
        started, title = columns.pop("started"), columns.pop("m_title")
        shown.append(ShownAssignment(loaded(Assignment, columns), bool(started), title))
    return shown


def _is(key: AssignmentKey) -> list[Any]:
    return [ASSIGNMENT.c[name] == value for name, value in key.as_facts().items()]
