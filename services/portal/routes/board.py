"""The board and the lists behind its figures."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from services.portal.board import shown_board
from services.portal.report import steps_of
from services.portal.visits import Signed, address_of, redirect

router = APIRouter()
Filter = Annotated[str, Query(max_length=512)]
FILTERS = ("period", "as_of", "state", "measure", "unit", "area", "cursor")


@router.get("/")
async def first_page(visit: Signed) -> Response:
    plans = (await visit.reporting.plans()).items
    return redirect(f"/plans/{plans[0].plan}") if plans else visit.show("no_plans.html")


@router.get("/plans")
async def choose_plan(_visit: Signed, plan: Filter) -> Response:
    """Where the form with the plan selector goes."""
    return redirect(address_of(f"/plans/{plan}", {}) if plan.replace("-", "").isalnum() else "/")


@router.get("/plans/{plan}")
async def show_board(visit: Signed, plan: str, period: Filter = "", as_of: Filter = "") -> Response:
    board = await visit.reporting.board(plan, _given(period=period, as_of=as_of))
    plans = (await visit.reporting.plans()).items
    return visit.show("board.html", plans=plans, as_of=as_of, **shown_board(board, as_of))


@router.get("/plans/{plan}/reports")
async def list_reports(visit: Signed, plan: str, state: Filter = "assignments") -> Response:
    query = {name: visit.request.query_params.get(name, "") for name in FILTERS}
    page = await visit.reporting.reports(plan, _given(**query))
    back = address_of(f"/plans/{plan}", {"period": query["period"], "as_of": query["as_of"]})
    return visit.show("reports.html", plan=plan, figure=state, query=query, page=page, back=back)


@router.get("/plans/{plan}/indicators/{indicator}")
async def show_indicator(visit: Signed, plan: str, indicator: str, period: Filter = "", as_of: Filter = "") -> Response:
    asked = _given(period=period, as_of=as_of)
    found = await visit.reporting.indicator(plan, indicator, asked)
    return visit.show("indicator.html", found=found, back=address_of(f"/plans/{plan}", asked))


@router.get("/plans/{plan}/measures/{measure}/units/{unit}/reports/{period}")
async def show_report(visit: Signed, plan: str, measure: str, unit: str, period: str) -> Response:
    report = await visit.task.report(plan, measure, unit, period)
    steps = steps_of(await visit.task.history(plan, measure, unit, period))
    back = address_of(f"/plans/{plan}", {"period": period})
    return visit.show("report.html", report=report, steps=steps, back=back)


def _given(**query: str) -> dict[str, str]:
    return {name: value for name, value in query.items() if value}
