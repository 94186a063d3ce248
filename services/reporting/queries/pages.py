"""The pages behind a board: a measure, a unit, an indicator, rates, and the overview of all plans."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncConnection

from services.reporting.errors import IndicatorNotFound, UnitNotFound
from services.reporting.indicators import judge
from services.reporting.lights import UNITS, Tally, explain
from services.reporting.queries.assignments import assignment_row, list_rows, tallies
from services.reporting.queries.board import (
    Asked,
    indicator_row,
    list_indicators,
    measure_row,
    sum_up,
    unit_row,
    unit_rows,
)
from services.reporting.queries.indicators import list_contributions
from services.reporting.queries.plans import Names, SeenPlan, get_measure, list_measures, list_plans, unit_names
from services.reporting.queries.standings import Wanted, count_standings
from services.reporting.schemas import (
    ContributionOut,
    IndicatorOut,
    MeasureOut,
    OverviewOut,
    PlanOverview,
    Rate,
    Rates,
    RatesOut,
    Totals,
    UnitOut,
    UnitsOut,
)
from shared.auth import Actor

NAMELESS = Names({})
"""Where only counts are asked for."""


async def get_measure_page(connection: AsyncConnection, asked: Asked, measure: str) -> MeasureOut:
    """Raises MeasureNotFound."""
    found = await get_measure(connection, asked.plan, measure)
    names = await unit_names(connection, asked.plan.moment)
    rows = await list_rows(connection, asked, Wanted(measure=measure))
    return MeasureOut(
        **asked.head(),
        measure=measure_row(asked, found, tallies(rows, names, by="unit")),
        units=[assignment_row(asked, row, names) for row in rows],
        indicators=await list_indicators(connection, asked, measure),
    )


async def list_unit_rows(connection: AsyncConnection, asked: Asked) -> UnitsOut:
    names = await unit_names(connection, asked.plan.moment)
    standings = await count_standings(connection, asked.plan, asked.period, names)
    return UnitsOut(**asked.head(), items=unit_rows(asked, standings))


async def get_unit_page(connection: AsyncConnection, asked: Asked, unit: str) -> UnitOut:
    """Raises UnitNotFound, also where it is not the caller's unit."""
    names = await unit_names(connection, asked.plan.moment)
    rows = await list_rows(connection, asked, Wanted(unit=unit))
    if not rows:
        raise UnitNotFound(plan=asked.plan.plan, unit=unit)
    return UnitOut(
        **asked.head(),
        unit=unit_row(asked, unit, names.of(unit, rows[0].unit_name), tallies(rows, names, by="measure")),
        measures=[assignment_row(asked, row, names) for row in rows],
    )


async def get_indicator_page(connection: AsyncConnection, asked: Asked, key: str) -> IndicatorOut:
    """Raises IndicatorNotFound. Unit people see their own contributions."""
    indicator = next((each for each in asked.plan.row.indicators if each["indicator"] == key), None)
    if indicator is None or not (indicator["measure"] is None or asked.plan.shows_measure(indicator["measure"])):
        raise IndicatorNotFound(plan=asked.plan.plan, indicator=key)
    names = await unit_names(connection, asked.plan.moment)
    readings = (await list_contributions(connection, asked.plan)).get(key, [])
    standing = judge(indicator, readings, asked.period.period, asked.plan.moment.day)
    return IndicatorOut(
        **asked.head(),
        indicator=indicator_row(asked, indicator, standing),
        contributions=[
            ContributionOut(
                **given._asdict(),
                unit_name=names.of(given.unit, given.unit).full.in_language(asked.language),
                href=asked.links.report(given.measure, given.unit, given.period),
            )
            for given in standing.counted
            if asked.plan.shows_unit(given.unit)
        ],
    )


async def get_rates(connection: AsyncConnection, asked: Asked) -> RatesOut:
    standings = await count_standings(connection, asked.plan, asked.period, NAMELESS)
    every = [tally for group in standings.by_unit.values() for tally in group]
    return RatesOut(
        **asked.head(),
        all=_rates(every),
        subordinate=_rates(tally for tally in every if tally.standing.relation == "subordinate"),
        requested=_rates(tally for tally in every if tally.standing.relation == "requested"),
    )


async def get_overview(connection: AsyncConnection, caller: Actor, now: datetime, language: str) -> OverviewOut:
    plans = [await _overview_of(connection, plan, language) for plan in await list_plans(connection, caller, now)]
    sums: Counter[str] = Counter()
    for plan in plans:
        sums.update(plan.totals.model_dump())
    return OverviewOut(totals=Totals(**sums), plans=plans)


async def _overview_of(connection: AsyncConnection, plan: SeenPlan, language: str) -> PlanOverview:
    asked = Asked(plan, plan.period(None), None, language)
    standings = await count_standings(connection, plan, asked.period, NAMELESS)
    shown = [row for row in await list_measures(connection, plan) if row.is_part_of(asked.period)]
    lights = Counter(explain(standings.by_measure.get(row.measure, []), UNITS).light for row in shown)
    return PlanOverview(
        **asked.head(),
        totals=sum_up(tally for group in standings.by_unit.values() for tally in group),
        lights=dict(lights),
        href=asked.links.board(),
    )


def _rates(tallies_: Iterable[Tally]) -> Rates:
    totals = sum_up(tallies_)
    return Rates(
        expected=totals.expected,
        submitted=_rate(totals.submitted, totals.expected),
        on_time=_rate(totals.on_time, totals.expected),
        accepted=_rate(totals.accepted, totals.submitted),
        returned=_rate(totals.returned, totals.submitted),
        overdue=_rate(totals.late + totals.requested_pending, totals.expected),
    )


def _rate(numerator: int, denominator: int) -> Rate:
    exact = Decimal(numerator) / denominator if denominator else None
    rate = None if exact is None else f"{exact.quantize(Decimal('0.0001')):f}"
    return Rate(numerator=numerator, denominator=denominator, rate=rate)
