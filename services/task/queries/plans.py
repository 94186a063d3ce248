"""Plans, their drafts, measures and indicators."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, false, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from services.task.errors import MeasureNotFound, PlanNotFound
from services.task.models import Assignment, Measure, Plan, PlanDraft
from services.task.permissions import READ_PLAN, SEE_PLAN
from services.task.schemas.clocks import Clocks
from shared.auth import Actor
from shared.db import table_of
from shared.db.bulk import rows_in
from shared.event_log import loaded

PLAN = table_of(Plan)
DRAFT = table_of(PlanDraft)
MEASURE = table_of(Measure)
ASSIGNMENT = table_of(Assignment)
DRAFTED = (DRAFT.c.plan, DRAFT.c.revision, DRAFT.c.title, DRAFT.c.file, DRAFT.c.plan_version)


@dataclass(frozen=True, slots=True)
class Draft:
    """A plan file that is to be published, or to amend the plan in force."""

    plan: str
    revision: int
    title: str
    file: dict[str, Any]
    plan_version: int = 0
    """Version of the plan in force that it was compared with; 0 where none was in force."""


async def find_plan(connection: AsyncConnection, plan: str, *, lock: bool = False) -> Plan | None:
    query = select(PLAN).where(PLAN.c.plan == plan)
    row = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    return loaded(Plan, row._mapping) if row else None


async def get_visible_plan(connection: AsyncConnection, plan: str, caller: Actor) -> Plan:
    """The published plan, where the caller takes part in it or reads all. Raises PlanNotFound."""
    row = (await connection.execute(select(PLAN).where(PLAN.c.plan == plan, _is_visible(caller)))).one_or_none()
    if row is None or not caller.sees_plan(plan):
        raise PlanNotFound(plan=plan)
    return loaded(Plan, row._mapping)


async def list_visible_plans(connection: AsyncConnection, caller: Actor) -> list[Plan]:
    """The published plans that the caller takes part in or reads all of, the newest first."""
    query = select(PLAN).where(_is_visible(caller)).order_by(PLAN.c.published_at.desc(), PLAN.c.plan)
    plans = [loaded(Plan, row._mapping) for row in await connection.execute(query)]
    return [plan for plan in plans if caller.sees_plan(plan.plan)]


def _is_visible(caller: Actor) -> ColumnElement[bool]:
    """Whether a row of plans is one that the caller's roles show: all of them, or those that its units take part in."""
    if caller.may(READ_PLAN):
        return true()
    if not caller.may(SEE_PLAN):
        return false()
    return exists().where(ASSIGNMENT.c.plan_id == PLAN.c.id, ASSIGNMENT.c.unit.in_(caller.scope.units))


async def find_draft(connection: AsyncConnection, plan: str, *, lock: bool = False) -> Draft | None:
    query = select(*DRAFTED).where(DRAFT.c.plan == plan)
    row = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    return Draft(*row) if row else None


async def get_draft(connection: AsyncConnection, plan: str, caller: Actor, *, lock: bool = False) -> Draft:
    """The draft. Raises PlanNotFound, also where the caller's account is for other plans."""
    found = await find_draft(connection, plan, lock=lock)
    if found is None or not caller.sees_plan(plan):
        raise PlanNotFound(plan=plan)
    return found


async def list_drafts(connection: AsyncConnection) -> list[Draft]:
    """Drafts of plans that are not in force yet."""
    in_force = exists().where(PLAN.c.plan == DRAFT.c.plan)
    rows = await connection.execute(select(*DRAFTED).where(~in_force).order_by(DRAFT.c.plan))
    return [Draft(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class MeasureOfPlan:
    measure: str
    position: int
    area: str
    title: str
    title_en: str
    strength: str
    ended_on: date | None
    assignments: int


async def list_measures(connection: AsyncConnection, plan: Plan, caller: Actor) -> list[MeasureOfPlan]:
    """Measures in the order of the plan, each with how many units it is assigned to; unit people see their own.

    One that an amendment ended stands where it stood.
    """
    of_measure = (ASSIGNMENT.c.plan_id == MEASURE.c.plan_id, ASSIGNMENT.c.measure == MEASURE.c.measure)
    assigned = select(func.count()).where(*of_measure, ASSIGNMENT.c.ended_on.is_(None)).scalar_subquery()
    c = MEASURE.c
    shown = (c.measure, c.position, c.area, c.title, c.title_en, c.strength, c.ended_on)
    query = select(*shown, assigned).where(c.plan_id == plan.id)
    if not caller.may(READ_PLAN):
        query = query.where(exists().where(*of_measure, ASSIGNMENT.c.unit.in_(caller.scope.units)))
    return [MeasureOfPlan(*row) for row in await connection.execute(query.order_by(c.position, c.measure))]


async def get_measure(connection: AsyncConnection, plan: Plan, measure: str, caller: Actor) -> MeasureOfPlan:
    """Raises MeasureNotFound, also where the caller's units take no part in it."""
    for found in await list_measures(connection, plan, caller):
        if found.measure == measure:
            return found
    raise MeasureNotFound(plan=plan.plan, measure=measure)


async def clocks_of(connection: AsyncConnection, plans: Collection[UUID]) -> dict[UUID, Clocks]:
    """The clocks of published plans, by plan id."""
    rows = await rows_in(connection, PLAN, "id", plans)
    return {row["id"]: Clocks.model_validate(row["file"]["clocks"]) for row in rows}


async def get_indicators(connection: AsyncConnection, plan: str) -> dict[str, dict[str, Any]]:
    """The plan's indicators by key, as its file defines them."""
    file = (await connection.execute(select(PLAN.c.file).where(PLAN.c.plan == plan))).scalar_one()
    return {indicator["key"]: indicator for indicator in file.get("indicators", [])}
