"""Assignments."""

from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.task.errors import AssignmentNotFound
from services.task.models import Assignment, Measure, Report
from shared.auth import Actor, Scope
from shared.db import table_of
from shared.event_log import loaded
from shared.paging import Paging, number

ASSIGNMENT = table_of(Assignment)
REPORT = table_of(Report)
MEASURE = table_of(Measure)
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
    position: int
    """Of the measure in the plan."""

    @property
    def state(self) -> str:
        """`in_progress` from the first submission on; what an amendment took away is shown as such."""
        stays = self.started and self.assignment.ended_on is None
        return "in_progress" if stays else str(self.assignment.state)


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


class Place(NamedTuple):
    """Where an assignment stands on a list: those of other units come last, each in the order of the plan."""

    partner: int
    position: int
    id: UUID


@dataclass(frozen=True, slots=True)
class AssignmentFilter:
    """What of a plan's assignments is asked for; None leaves a filter out."""

    plan: str
    unit: str | None = None
    measure: str | None = None
    partners: bool = False
    """Also the other units of the measures that are found."""


async def list_assignments(
    connection: AsyncConnection, wanted: AssignmentFilter, scope: Scope, paging: Paging
) -> list[ShownAssignment]:
    """Up to `paging.fetch` in the order of the plan's measures, those in `scope` before their partners' ones.

    Raises UnknownCursor.
    """
    c = ASSIGNMENT.c
    after = Place(*key) if (key := paging.key(number, _position, UUID)) else Place(0, 0, UUID(int=0))
    own = and_(c.plan == wanted.plan, *_is_wanted(wanted, scope))
    found = [] if after.partner else await _shown(connection, own, _beyond(after), limit=paging.fetch)
    if scope.everything or not wanted.partners or len(found) == paging.fetch:
        return found
    measures = select(c.measure).where(own).correlate(None)
    of_others = and_(c.plan == wanted.plan, c.measure.in_(measures), c.unit.not_in(scope.units))
    begin = after if after.partner else Place(1, 0, UUID(int=0))
    return [*found, *await _shown(connection, of_others, _beyond(begin), limit=paging.fetch - len(found))]


def _position(part: Any) -> int:
    return number(part, bits=32)


def _is_wanted(wanted: AssignmentFilter, scope: Scope) -> list[ColumnElement[bool]]:
    c = ASSIGNMENT.c
    named = {c.unit: wanted.unit, c.measure: wanted.measure}
    where = [column == value for column, value in named.items() if value is not None]
    return where if scope.everything else [*where, c.unit.in_(scope.units)]


def _beyond(after: Place) -> ColumnElement[bool]:
    position = MEASURE.c.position
    return or_(position > after.position, and_(position == after.position, ASSIGNMENT.c.id > after.id))


async def _shown(connection: AsyncConnection, *where: Any, limit: int | None = None) -> list[ShownAssignment]:
    of_measure = (MEASURE.c.title.label("m_title"), MEASURE.c.position.label("m_position"))
    query = (
        select(ASSIGNMENT, STARTED.label("started"), *of_measure)
        .join(MEASURE, and_(MEASURE.c.plan_id == ASSIGNMENT.c.plan_id, MEASURE.c.measure == ASSIGNMENT.c.measure))
        .where(*where)
        .order_by(MEASURE.c.position, ASSIGNMENT.c.id)
        .limit(limit)
    )
    shown = []
    for row in await connection.execute(query):
        columns = dict(row._mapping)
        started, title, position = (columns.pop(name) for name in ("started", "m_title", "m_position"))
        shown.append(ShownAssignment(loaded(Assignment, columns), bool(started), title, position))
    return shown


def _is(key: AssignmentKey) -> list[Any]:
    return [ASSIGNMENT.c[name] == value for name, value in key.as_facts().items()]
