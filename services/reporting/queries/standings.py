"""How units stand: the one place where rows and dates become the words of `Standing`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Row,
    Select,
    Subquery,
    and_,
    case,
    func,
    literal,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from services.reporting.lights import Tally
from services.reporting.models import assignment_history, measure_history, obligation_history, report_history
from services.reporting.queries.moment import Moment
from services.reporting.queries.plans import Names, Period, SeenPlan, UnitNames
from services.reporting.standing import FACTS, FIGURES, Standing
from shared.errors import Text

assigned, owed, answered = assignment_history.c, obligation_history.c, report_history.c

KEYS = (assigned.measure, assigned.unit, assigned.unit_name)
SHOWN = (
    assigned.role,
    assigned.acknowledge_due,
    assigned.acknowledged_at,
    owed.opens,
    owed.due,
    answered.state,
    answered.revision,
    answered.first_submitted_at,
    answered.submitted_at,
    answered.on_time,
    answered.resubmit_due,
    answered.accepted_at,
    answered.same_unit_review,
)
"""What the words come from, and what a list shows of a report."""


@dataclass(slots=True)
class Standings:
    """Alike standings counted together, for each measure and for each unit."""

    by_measure: dict[str, list[Tally]] = field(default_factory=dict)
    by_unit: dict[str, list[Tally]] = field(default_factory=dict)
    names: dict[str, UnitNames] = field(default_factory=dict)
    """Of the units, as of that day."""


async def count_standings(connection: AsyncConnection, plan: SeenPlan, period: Period, names: Names) -> Standings:
    """The whole plan, by measure and by unit, in one statement."""
    standing = _standings(plan.plan, period, plan.moment, KEYS).cte("standing")
    rows = (await connection.execute(_counted(standing))).all()
    counted = Standings(names={row.key: names.of(row.key, row.name) for row in rows if row.of == "unit"})
    for row in rows:
        of_measure = row.of == "measure"
        example = counted.names[row.example].short if of_measure else Text(row.example, row.example)
        groups = counted.by_measure if of_measure else counted.by_unit
        groups.setdefault(row.key, []).append(Tally(Standing(*row[:5]), row.size, example))
    return counted


def _counted(standing: CTE) -> Any:
    """Both groupings read the same standings, which the database works out once."""
    facts = [standing.c[name] for name in FACTS]
    by_measure = select(
        *facts,
        literal("measure").label("of"),
        standing.c.measure.label("key"),
        func.min(standing.c.unit).label("example"),
        func.min(standing.c.unit_name).label("name"),
        func.count().label("size"),
    ).group_by(standing.c.measure, *facts)
    by_unit = select(
        *facts,
        literal("unit"),
        standing.c.unit,
        func.min(standing.c.measure),
        func.min(standing.c.unit_name),
        func.count(),
    ).group_by(standing.c.unit, *facts)
    return union_all(by_measure, by_unit)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which assignments of a plan to list: a figure of the board, a measure, a unit."""

    figure: str = "assignments"
    measure: str | None = None
    unit: str | None = None
    measures: frozenset[str] | None = None
    """Of an area."""


async def list_standings(
    connection: AsyncConnection,
    plan: SeenPlan,
    period: Period,
    wanted: Wanted,
    *,
    limit: int,
    after: Sequence[Any] | None = None,
    units: frozenset[str] | None = None,
) -> Sequence[Row[Any]]:
    """Assignments with their report of the period, in the plan's order; at most those of `units` where given."""
    standing = _standings(plan.plan, period, plan.moment, (*KEYS, *SHOWN)).subquery("standing")
    position = _position(plan.plan, plan.moment)
    c = standing.c
    in_order = (position.c.position, c.measure, c.unit)  # an ended measure may stand where another has come
    conditions: list[ColumnElement[bool]] = [c[fact].in_(words) for fact, words in FIGURES[wanted.figure].items()]
    conditions += [c[name] == key for name, key in (("measure", wanted.measure), ("unit", wanted.unit)) if key]
    if wanted.measures is not None:
        conditions.append(c.measure.in_(wanted.measures))
    if units is not None:
        conditions.append(c.unit.in_(units))
    if after:
        conditions.append(tuple_(*in_order) > tuple_(*(literal(key) for key in after)))
    listed = select(standing, position.c.position).join(position, position.c.measure == c.measure)
    return (await connection.execute(listed.where(*conditions).order_by(*in_order).limit(limit))).all()


def _position(plan: str, moment: Moment) -> Subquery:
    listed = measure_history.c
    known = (*moment.known(measure_history), listed.plan == plan)
    return select(listed.measure, listed.position).where(*known).subquery("position")


def _standings(plan: str, period: Period, moment: Moment, columns: Sequence[ColumnElement[Any]]) -> Select[Any]:
    """One row per assignment that was in force when the period began: the words of its standing, and these columns."""
    obligation = and_(*moment.known(obligation_history), owed.subject == assigned.subject, owed.part == period.period)
    in_force = or_(assigned.ended_on.is_(None), assigned.ended_on > period.starts)
    report = and_(
        *moment.known(report_history),
        answered.plan == plan,
        answered.period == period.period,
        answered.measure == assigned.measure,
        answered.unit == assigned.unit,
    )
    source = assignment_history.outerjoin(obligation_history, obligation).outerjoin(report_history, report)
    return (
        select(*_facts(moment), *columns)
        .select_from(source)
        .where(*moment.known(assignment_history), assigned.plan == plan, in_force)
    )


def _facts(moment: Moment) -> list[ColumnElement[Any]]:
    return [
        assigned.relation.label("relation"),
        _acknowledgement(moment).label("acknowledgement"),
        _progress(moment).label("progress"),
        case((answered.on_time.is_(True), "on_time"), (answered.on_time.is_(False), "late"), else_="none").label(
            "timeliness"
        ),
        case((answered.resubmission_late.is_(True), "late"), else_="none").label("resubmission"),
    ]


def _acknowledgement(moment: Moment) -> ColumnElement[str]:
    """Nobody waits for the receipt of what an amendment took away."""
    return case(
        (assigned.acknowledged_on_time.is_(True), "on_time"),
        (assigned.acknowledged_at.is_not(None), "late"),
        (and_(assigned.acknowledge_due < moment.day, assigned.ended_on.is_(None)), "overdue"),
        else_="pending",
    )


def _progress(moment: Moment) -> ColumnElement[str]:
    """Cooperating units report when asked; any other assignment without an obligation is excused for the period."""
    return case(
        (answered.state == "accepted", "accepted"),
        (answered.state == "submitted", "awaiting_review"),
        (and_(answered.state == "returned", answered.resubmit_due < moment.day), "resubmission_overdue"),
        (answered.state == "returned", "returned"),
        (and_(owed.subject.is_(None), assigned.role == "cooperating"), "not_asked"),
        (or_(owed.subject.is_(None), owed.excused.is_(True)), "excused"),
        (owed.due < moment.day, "overdue"),
        (owed.due == moment.day, "due_today"),
        (owed.opens <= moment.day, "open"),
        else_="scheduled",
    )
