"""The board of a plan and the pages behind its figures."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from contracts.names import MeasureKey, UnitKey
from services.reporting.lights import RULES, RULES_VERSION
from services.reporting.queries.assignments import assignment_row, light_row, list_rows
from services.reporting.queries.board import Asked, get_board, list_indicators
from services.reporting.queries.pages import (
    get_indicator_page,
    get_measure_page,
    get_overview,
    get_rates,
    get_unit_page,
    list_unit_rows,
)
from services.reporting.queries.plans import list_measures, list_plans, unit_names
from services.reporting.queries.standings import Wanted
from services.reporting.routes.asked import AskedFor
from services.reporting.schemas import (
    AssignmentRow,
    BoardOut,
    FigureName,
    IndicatorOut,
    IndicatorsOut,
    LightRow,
    MeasureOut,
    OverviewOut,
    PlanOut,
    PlansOut,
    RatesOut,
    RuleOut,
    RulesOut,
    UnitOut,
    UnitsOut,
)
from shared.paging import number
from shared.web import CallersLanguage, Page, Paged, Reader, Reading

router = APIRouter(tags=["board"])
MeasureFilter = Annotated[MeasureKey | None, Query()]
UnitFilter = Annotated[UnitKey | None, Query()]


@router.get("/overview")
async def overview(caller: Reader, view: Reading, language: CallersLanguage) -> OverviewOut:
    """The period opened last of every plan that the caller may see."""
    return await get_overview(view.connection, caller, view.now, language)


@router.get("/plans")
async def plans(caller: Reader, view: Reading) -> PlansOut:
    """The plans that the caller may see, the newest first."""
    seen = await list_plans(view.connection, caller, view.now)
    return PlansOut(items=[PlanOut.model_validate(dict(plan.row._mapping)) for plan in seen])


@router.get("/plans/{plan}/board")
async def board(asked: AskedFor, view: Reading) -> BoardOut:
    """Totals and lights by area, measure and unit, and indicators. Every figure links to the reports behind it."""
    return await get_board(view.connection, asked)


@router.get("/plans/{plan}/measures/{measure}")
async def measure(asked: AskedFor, view: Reading, measure: Annotated[MeasureKey, Path()]) -> MeasureOut:
    """A measure and how each of its units stands; other units' reports are not shown to unit people."""
    return await get_measure_page(view.connection, asked, measure)


@router.get("/plans/{plan}/units")
async def units(asked: AskedFor, view: Reading) -> UnitsOut:
    """The units of the plan that the caller may see."""
    return await list_unit_rows(view.connection, asked)


@router.get("/plans/{plan}/units/{unit}")
async def unit(asked: AskedFor, view: Reading, unit: Annotated[UnitKey, Path()]) -> UnitOut:
    """A unit and how it stands with each of its measures."""
    return await get_unit_page(view.connection, asked, unit)


@router.get("/plans/{plan}/indicators")
async def indicators(asked: AskedFor, view: Reading) -> IndicatorsOut:
    """Indicators against their targets as written."""
    return IndicatorsOut(**asked.head(), items=await list_indicators(view.connection, asked))


@router.get("/plans/{plan}/indicators/{indicator}")
async def indicator(asked: AskedFor, view: Reading, indicator: str) -> IndicatorOut:
    """An indicator and the accepted readings that its value is made of."""
    return await get_indicator_page(view.connection, asked, indicator)


@router.get("/plans/{plan}/rates")
async def rates(asked: AskedFor, view: Reading) -> RatesOut:
    """应报, 已报, 按时, 通过, 退回, 逾期, each with numerator and denominator."""
    return await get_rates(view.connection, asked)


@router.get("/plans/{plan}/reports")
async def reports(
    asked: AskedFor,
    view: Reading,
    paging: Paged,
    state: Annotated[FigureName, Query(description="A figure of the board")] = "assignments",
    measure: MeasureFilter = None,
    unit: UnitFilter = None,
    area: Annotated[str | None, Query(max_length=20)] = None,
) -> Page[AssignmentRow]:
    """What a figure counts: assignments with their report of the period, each leading to the report in task."""
    wanted = Wanted(state, measure, unit, await _of_area(view, asked, area))
    rows = await list_rows(view.connection, asked, wanted, paging.fetch, paging.key(number, str, str))
    names = await unit_names(view.connection, asked.plan.moment)
    return paging.page(
        rows, lambda row: assignment_row(asked, row, names), lambda row: [row.position, row.measure, row.unit]
    )


@router.get("/plans/{plan}/lights")
async def lights(
    asked: AskedFor, view: Reading, paging: Paged, measure: MeasureFilter = None, unit: UnitFilter = None
) -> Page[LightRow]:
    """The light of each assignment with the rule, its inputs and the day."""
    rows = await list_rows(
        view.connection, asked, Wanted(measure=measure, unit=unit), paging.fetch, paging.key(number, str, str)
    )
    names = await unit_names(view.connection, asked.plan.moment)
    return paging.page(
        rows, lambda row: light_row(asked, row, names), lambda row: [row.position, row.measure, row.unit]
    )


@router.get("/rules")
async def rules(_caller: Reader) -> RulesOut:
    """The rules of the procedure light, in the order in which they are tried."""
    return RulesOut(version=RULES_VERSION, rules=[_shown(rule) for rule in RULES])


def _shown(rule: Any) -> RuleOut:
    when = {fact: sorted(words) for fact, words in rule.when.items()}
    return RuleOut(code=rule.code, light=rule.light, says=rule.says.zh, says_en=rule.says.en, when=when)


async def _of_area(view: Reading, asked: Asked, area: str | None) -> frozenset[str] | None:
    if area is None:
        return None
    return frozenset(row.measure for row in await list_measures(view.connection, asked.plan) if row.area == area)
