"""Reports of a unit on a measure, and their reviews."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from contracts.names import MeasureKey, PeriodKey, UnitKey
from services.task.commands.reports import accept_report, return_report, submit_report
from services.task.days import day_of
from services.task.models import ShownState
from services.task.permissions import READ_UNIT_ITEMS
from services.task.queries.history import list_history
from services.task.queries.plans import get_visible_plan
from services.task.queries.reports import ObligationFilter, ReportKey, get_report, list_reports
from services.task.routes.keys import PlanPath, report_key
from services.task.schemas.history import HistoryOut
from services.task.schemas.reports import AcceptIn, ObligationOut, ReportIn, ReportOut, ReportVersion, ReturnIn
from shared.web.dependencies import Caller, IfMatch, Reader, Reading, Work, etag
from shared.web.idempotency import once_per_key
from shared.web.lean import LeanRoute
from shared.web.paging import Page, Paged

router = APIRouter(tags=["reports"], route_class=LeanRoute)
R = "/plans/{plan}/measures/{measure}/units/{unit}/reports/{period}"
Key = Annotated[ReportKey, Depends(report_key)]
UnitFilter = Annotated[UnitKey | None, Query()]
MeasureFilter = Annotated[MeasureKey | None, Query()]
PeriodFilter = Annotated[PeriodKey | None, Query()]
StateFilter = Annotated[ShownState | None, Query()]


@router.put(R)
async def put_report(
    key: Key, body: ReportIn, caller: Caller, work: Work, response: Response, expected: IfMatch
) -> ReportOut:
    """Submit a unit's report for a period, or a further version of it. The same body again changes nothing."""
    report = await submit_report(work, caller, key, body.content(), expected)
    response.status_code = 201 if report.revision == 1 and work.recorded else 200
    response.headers["ETag"] = etag(report.revision)
    return ReportOut.from_report(report, work.now)


@router.get(R)
async def show_report(key: Key, caller: Reader, view: Reading, response: Response) -> ReportOut:
    """The report as it stands; version 0 before the first submission."""
    report = await get_report(view.connection, key, caller)
    caller.must(READ_UNIT_ITEMS, key.unit)
    response.headers["ETag"] = etag(report.revision)
    return ReportOut.from_report(report, view.now)


@router.get(R + "/versions")
async def list_versions(key: Key, caller: Reader, view: Reading) -> list[ReportVersion]:
    """Every submitted body, the first first, from the audit trail."""
    report = await get_report(view.connection, key, caller)
    caller.must(READ_UNIT_ITEMS, key.unit)
    history = await list_history(view.connection, report.subject)
    return [ReportVersion.from_entry(entry) for entry in history if entry.type == "report.submitted"]


@router.get(R + "/history")
async def report_history(key: Key, caller: Reader, view: Reading) -> list[HistoryOut]:
    """The report's events with their hash chain."""
    report = await get_report(view.connection, key, caller)
    caller.must(READ_UNIT_ITEMS, key.unit)
    return [HistoryOut.from_entry(entry) for entry in await list_history(view.connection, report.subject)]


@router.post(R + "/return")
@once_per_key
async def send_back(
    key: Key, body: ReturnIn, caller: Caller, work: Work, request: Request, response: Response, expected: IfMatch
) -> ReportOut:
    """Return the submitted version with a reason; the answer says by when to resubmit."""
    calendar = request.app.state.calendar
    report = await return_report(work, calendar, caller, key, body.reason, body.kind, expected)
    response.headers["ETag"] = etag(report.revision)
    return ReportOut.from_report(report, work.now)


@router.post(R + "/accept")
@once_per_key
async def accept(
    key: Key, caller: Caller, work: Work, response: Response, expected: IfMatch, body: AcceptIn | None = None
) -> ReportOut:
    """Accept the submitted version; from then on its figures count."""
    report = await accept_report(work, caller, key, body.comment if body else "", expected)
    response.headers["ETag"] = etag(report.revision)
    return ReportOut.from_report(report, work.now)


@router.get("/plans/{plan}/obligations")
async def list_obligations(
    plan: PlanPath,
    caller: Reader,
    view: Reading,
    paging: Paged,
    unit: UnitFilter = None,
    measure: MeasureFilter = None,
    period: PeriodFilter = None,
    state: StateFilter = None,
) -> Page[ObligationOut]:
    """What units owe, by due day; unit people see their own unit's."""
    today = day_of(view.now, (await get_visible_plan(view.connection, plan, caller)).zone)
    after = paging.key(date.fromisoformat, UUID)
    wanted = ObligationFilter(plan, unit, measure, period, state)
    found = await list_reports(view.connection, wanted, caller.scope, today, paging.fetch, after)
    return paging.page(
        found, lambda r: ObligationOut.from_report(r, view.now), lambda r: [r.due.isoformat(), str(r.id)]
    )
