"""The board: totals and lights of a plan by area, measure and unit, and its indicators, now or at the end of a past day."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.names import UnitKind
from services.reporting.indicators import judge, target_text
from services.reporting.lights import ASSIGNMENTS, MEASURES, RULES_VERSION, UNITS, Explained, Tally, explain
from services.reporting.links import Links
from services.reporting.queries.indicators import list_contributions
from services.reporting.queries.plans import Measure, Period, SeenPlan, UnitNames, list_measures, unit_names
from services.reporting.queries.standings import Standings, count_standings
from services.reporting.schemas import (
    AreaRow,
    BoardOut,
    IndicatorRow,
    MeasureRow,
    PeriodOut,
    Totals,
    UnitRow,
)
from services.reporting.standing import figures_of

KINDS = {kind.value: place for place, kind in enumerate(UnitKind)}


@dataclass(frozen=True)
class Asked:
    """What an answer is about: a plan as the caller sees it, a period, and the caller's language."""

    plan: SeenPlan
    period: Period
    as_of: date | None
    language: str

    @cached_property
    def links(self) -> Links:
        return Links(self.plan.plan, self.period.period, self.as_of)

    def head(self) -> dict[str, Any]:
        row = self.plan.row
        return {
            "plan": row.plan,
            "title": row.title,
            "title_en": row.title_en,
            "sample": row.sample,
            "as_of": self.plan.moment.day,
            "period": self.period.period,
            "opens": self.period.opens,
            "due": self.period.due,
        }


async def get_board(connection: AsyncConnection, asked: Asked) -> BoardOut:
    """Totals are the whole plan's; rows are those that the caller may see."""
    plan = asked.plan
    names = await unit_names(connection, plan.moment)
    standings = await count_standings(connection, plan, asked.period, names)
    measures = [row for row in await list_measures(connection, plan) if row.is_part_of(asked.period)]
    totals = sum_up(tally for tallies in standings.by_unit.values() for tally in tallies)
    return BoardOut(
        **asked.head(),
        issuer=plan.row.issuer,
        periods=[PeriodOut(period=p.period, opens=p.opens, due=p.due) for p in plan.periods],
        rules=RULES_VERSION,
        totals=totals,
        links=asked.links.of_figures(totals.model_dump()),
        areas=_areas(asked, measures, standings),
        measures=[measure_row(asked, row, standings.by_measure.get(row.measure, [])) for row in measures],
        units=unit_rows(asked, standings),
        indicators=await list_indicators(connection, asked),
    )


async def list_indicators(connection: AsyncConnection, asked: Asked, measure: str | None = None) -> list[IndicatorRow]:
    """The plan's own indicators and those of the measures that the caller may see; of one measure where given."""
    readings = await list_contributions(connection, asked.plan)
    return [
        indicator_row(
            asked,
            indicator,
            judge(indicator, readings.get(indicator["indicator"], []), asked.period.period, asked.plan.moment.day),
        )
        for indicator in asked.plan.row.indicators
        if (measure is None or indicator["measure"] == measure)
        and (indicator["measure"] is None or asked.plan.shows_measure(indicator["measure"]))
    ]


def sum_up(tallies: Iterable[Tally]) -> Totals:
    counts: Counter[str] = Counter()
    for tally in tallies:
        for figure in figures_of(tally.standing):
            counts[figure] += tally.size
    return Totals(**counts)


def measure_row(asked: Asked, row: Measure, tallies: Sequence[Tally]) -> MeasureRow:
    return MeasureRow(
        measure=row.measure,
        title=row.title,
        title_en=row.title_en,
        area=row.area,
        strength=row.strength,
        href=asked.links.measure(row.measure),
        **_lit(asked, explain(tallies, UNITS), tallies, measure=row.measure),
    )


def unit_rows(asked: Asked, standings: Standings) -> list[UnitRow]:
    """Units by kind, in the order in which a plan's distribution list names them."""
    shown = [unit for unit in standings.by_unit if asked.plan.shows_unit(unit)]
    shown.sort(key=lambda unit: (KINDS.get(standings.names[unit].kind, len(KINDS)), unit))
    return [unit_row(asked, unit, standings.names[unit], standings.by_unit[unit]) for unit in shown]


def unit_row(asked: Asked, unit: str, names: UnitNames, tallies: Sequence[Tally]) -> UnitRow:
    return UnitRow(
        unit=unit,
        unit_name=names.full.zh,
        unit_name_en=names.full.en,
        kind=names.kind,
        href=asked.links.unit(unit),
        **_lit(asked, explain(tallies, MEASURES), tallies, unit=unit),
    )


def indicator_row(asked: Asked, indicator: Mapping[str, Any], standing: Any) -> IndicatorRow:
    same = ("indicator", "title", "title_en", "measure", "unit", "kind", "target")
    return IndicatorRow(
        **{name: indicator[name] for name in same},
        target_text=target_text(indicator),
        value=standing.value,
        state=standing.state,
        light=standing.light,
        cause=standing.cause.in_language(asked.language),
        readings=len(standing.counted),
        href=asked.links.indicator(indicator["indicator"]),
    )


def _areas(asked: Asked, measures: Sequence[Measure], standings: Standings) -> list[AreaRow]:
    by_area: dict[str, list[Tally]] = {}
    for row in measures:
        by_area.setdefault(row.area, []).extend(standings.by_measure.get(row.measure, []))
    return [
        AreaRow(
            area=area["number"],
            title=area["title"],
            title_en=area["title_en"],
            **_lit(asked, explain(by_area[area["number"]], ASSIGNMENTS), by_area[area["number"]], area=area["number"]),
        )
        for area in asked.plan.row.areas
        if area["number"] in by_area
    ]


def _lit(asked: Asked, explained: Explained, tallies: Iterable[Tally], **filters: str) -> dict[str, Any]:
    totals = sum_up(tallies)
    return {
        "light": explained.light,
        "cause": explained.cause.in_language(asked.language),
        "rule": explained.rule,
        "totals": totals,
        "links": asked.links.of_figures(totals.model_dump(), **filters),
    }
