"""Plans, their measures and periods, as one caller may see them at a moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.reporting.errors import DayNotKnown, MeasureNotFound, PeriodNotFound, PlanNotFound
from services.reporting.models import (
    BOARD,
    CONSUMING,
    DIRECTORY,
    assignment_history,
    measure_history,
    plan_history,
    unit_history,
)
from services.reporting.queries.moment import Moment
from shared.auth import Actor
from shared.consumer.projection import live_generation
from shared.errors import Text


@dataclass(frozen=True, slots=True)
class Period:
    period: str
    starts: date
    opens: date
    due: date


class Measure(NamedTuple):
    measure: str
    area: str
    title: str
    title_en: str
    strength: str
    ended_on: date | None

    def is_part_of(self, period: Period) -> bool:
        """Whether it was in force when the period began: what an amendment ended straddles the day."""
        return self.ended_on is None or period.starts < self.ended_on


@dataclass(frozen=True, slots=True)
class SeenPlan:
    """A plan at a moment, and what the caller may see of it. `measures` and `units` None: everything."""

    row: Row[Any]
    moment: Moment
    measures: frozenset[str] | None
    units: frozenset[str] | None

    @property
    def plan(self) -> str:
        return str(self.row.plan)

    @property
    def periods(self) -> list[Period]:
        """Those that are reported on, in order."""
        every = [
            Period(period["period"], *(date.fromisoformat(period[day]) for day in ("starts", "opens", "due")))
            for period in self.row.periods
        ]
        keys = [period.period for period in every]
        return every[keys.index(self.row.first_period) :] if self.row.first_period in keys else every

    def period(self, key: str | None) -> Period:
        """The period asked for, or the one that opened last; before any opened, the first. Raises PeriodNotFound."""
        if key is None:
            opened = [period for period in self.periods if period.opens <= self.moment.day]
            return opened[-1] if opened else self.periods[0]
        for period in self.periods:
            if period.period == key:
                return period
        raise PeriodNotFound(plan=self.plan, period=key, periods=", ".join(period.period for period in self.periods))

    def shows_measure(self, measure: str) -> bool:
        return self.measures is None or measure in self.measures

    def shows_unit(self, unit: str) -> bool:
        return self.units is None or unit in self.units


async def list_plans(connection: AsyncConnection, caller: Actor, now: datetime) -> list[SeenPlan]:
    """The plans that the caller may see, as they are now."""
    generation = await live_generation(connection, CONSUMING, BOARD)
    found = await connection.execute(
        select(plan_history)
        .where(plan_history.c.generation == generation, plan_history.c.until.is_(None))
        .order_by(plan_history.c.starts.desc(), plan_history.c.plan)
    )
    seen = [await _see(connection, caller, row, Moment.of(generation, now, row.zone, None)) for row in found.all()]
    return [plan for plan in seen if plan]


async def get_plan(
    connection: AsyncConnection, caller: Actor, plan: str, now: datetime, as_of: date | None = None
) -> SeenPlan:
    """Raises PlanNotFound, also where the caller has no part in it, and DayNotKnown."""
    generation = await live_generation(connection, CONSUMING, BOARD)
    mine = (plan_history.c.generation == generation, plan_history.c.plan == plan)
    rows = (await connection.execute(select(plan_history).where(*mine).order_by(plan_history.c.version))).all()
    if not rows:
        raise PlanNotFound(plan=plan)
    moment = Moment.of(generation, now, rows[-1].zone, as_of)
    seen = await _see(connection, caller, _known_row(rows, moment), moment)
    if seen is None:
        raise PlanNotFound(plan=plan)
    _refuse_unknown_day(rows, moment, now)
    return seen


def _known_row(rows: Sequence[Row[Any]], moment: Moment) -> Row[Any]:
    known = [row for row in rows if moment.known_before is None or row.since < moment.known_before]
    return known[-1] if known else rows[0]


def _refuse_unknown_day(rows: Sequence[Row[Any]], moment: Moment, now: datetime) -> None:
    zone = ZoneInfo(rows[-1].zone)
    first, last = rows[0].since.astimezone(zone).date(), now.astimezone(zone).date()
    if not first <= moment.day <= last:
        raise DayNotKnown(first=first, last=last)


async def _see(connection: AsyncConnection, caller: Actor, row: Row[Any], moment: Moment) -> SeenPlan | None:
    if not caller.sees_plan(row.plan):
        return None
    if caller.scope.everything:
        return SeenPlan(row, moment, None, None)
    measures = (
        await _measures_of(connection, row.plan, caller.scope.units, moment) if caller.scope.units else frozenset()
    )
    return SeenPlan(row, moment, measures, caller.scope.units) if measures else None


async def _measures_of(connection: AsyncConnection, plan: str, units: frozenset[str], moment: Moment) -> frozenset[str]:
    a = assignment_history.c
    taking_part = (
        select(a.measure).where(*moment.known(assignment_history), a.plan == plan, a.unit.in_(units)).distinct()
    )
    return frozenset((await connection.execute(taking_part)).scalars())


async def list_measures(connection: AsyncConnection, plan: SeenPlan) -> list[Measure]:
    """The measures that the caller may see, in the plan's order."""
    m = measure_history.c
    found = await connection.execute(
        select(*(m[name] for name in Measure._fields))
        .where(*plan.moment.known(measure_history), m.plan == plan.plan)
        .order_by(m.position, m.measure)
    )
    return [Measure(*row) for row in found if plan.shows_measure(row.measure)]


async def get_measure(connection: AsyncConnection, plan: SeenPlan, measure: str) -> Measure:
    """Raises MeasureNotFound, also where the caller takes no part in it."""
    for each in await list_measures(connection, plan):
        if each.measure == measure:
            return each
    raise MeasureNotFound(plan=plan.plan, measure=measure)


class UnitNames(NamedTuple):
    """What a unit was called, in full and as a sentence calls it, and what kind of unit it was."""

    full: Text
    short: Text
    kind: str = ""


class Names:
    """The names of a day. A unit that directory has not told of yet is called what its assignment calls it."""

    def __init__(self, known: Mapping[str, UnitNames]) -> None:
        self._known = known

    def of(self, unit: str, assigned_as: str) -> UnitNames:
        return self._known.get(unit) or UnitNames(Text(assigned_as, assigned_as), Text(assigned_as, assigned_as))


async def unit_names(connection: AsyncConnection, moment: Moment) -> Names:
    """What units were called at that moment."""
    generation = await live_generation(connection, CONSUMING, DIRECTORY)
    then = Moment(generation, moment.day, moment.known_before)
    u = unit_history.c
    found = await connection.execute(
        select(u.unit, u.name, u.name_en, u.short_name, u.kind).where(*then.known(unit_history))
    )
    return Names({unit: _names(zh, en, short, kind) for unit, zh, en, short, kind in found})


def _names(zh: str, en: str, short: str, kind: str) -> UnitNames:
    return UnitNames(Text(zh, en or zh), Text(short or zh, en or zh), kind)
