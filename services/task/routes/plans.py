"""Plans: draft, preview, publish, amend, read."""

import asyncio
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.task.commands.plans import amend_plan, publish_plan, put_draft, rehearse_amendment, resolve
from services.task.errors import PlanKeyMismatch
from services.task.permissions import PUT_PLAN, READ_PLAN
from services.task.queries.amendments import list_amendments
from services.task.queries.deadlines import list_deadlines
from services.task.queries.history import list_history
from services.task.queries.plans import (
    find_draft,
    find_plan,
    get_draft,
    get_measure,
    get_visible_plan,
    list_drafts,
    list_measures,
    list_visible_plans,
)
from services.task.routes.keys import MeasurePath, PlanPath
from services.task.schemas.amendments import AmendedOut, AmendIn, AmendmentOut, AmendmentPreview
from services.task.schemas.deadlines import DeadlineOut
from services.task.schemas.history import HistoryOut
from services.task.schemas.plan_file import PlanFile, read_plan
from services.task.schemas.plans import MeasureOut, PlanOut, PreviewOut, PublishIn
from shared.paging import instant
from shared.web.dependencies import Caller, IfMatch, Reader, Reading, Work, etag, whoever_may
from shared.web.idempotency import once_per_key
from shared.web.paging import Page, Paged
from shared.web.validation import document_rules

router = APIRouter(tags=["plans"])
PLAN_FILE_BODY = {
    "requestBody": {
        "required": True,
        "description": "a plan file, see contracts/plan-file.schema.json",
        "content": {kind: {"schema": {"type": "object"}} for kind in ("application/yaml", "application/json")},
    }
}


async def _sent_plan_file(
    plan: PlanPath, request: Request, _allowed: Annotated[None, whoever_may(PUT_PLAN)]
) -> PlanFile:
    """Read before the transaction begins and beside the event loop: a long YAML document takes seconds."""
    content = await request.body()
    with document_rules():
        file = await asyncio.to_thread(read_plan, content)
    if file.key != plan:
        raise PlanKeyMismatch(plan=plan, key=file.key)
    return file


SentPlanFile = Annotated[PlanFile, Depends(_sent_plan_file)]
"""Stands before `Caller` and `Work` in a route, which begin the transaction."""


@router.get("/plans")
async def list_all_plans(caller: Reader, view: Reading) -> Page[PlanOut]:
    """Published plans that the caller may see; the office also sees drafts."""
    shown = [PlanOut.from_plan(plan) for plan in await list_visible_plans(view.connection, caller)]
    if caller.may(PUT_PLAN):
        shown += [PlanOut.from_draft(d) for d in await list_drafts(view.connection) if caller.sees_plan(d.plan)]
    return Page(items=shown)


@router.put("/plans/{plan}", openapi_extra=PLAN_FILE_BODY)
async def put_plan(file: SentPlanFile, caller: Caller, work: Work, response: Response, expected: IfMatch) -> PlanOut:
    """Store a plan file, YAML or JSON, as the plan's draft. The same file again changes nothing.

    Of a plan in force it changes nothing either until `amend` puts it in force.
    """
    draft, is_new = await put_draft(work, caller, file, expected)
    response.status_code = 201 if is_new else 200
    response.headers["ETag"] = etag(draft.revision)
    return PlanOut.from_draft(draft)


@router.get("/plans/{plan}")
async def show_plan(plan: PlanPath, caller: Reader, view: Reading, response: Response) -> PlanOut:
    """The plan in force, or for the office its draft."""
    if caller.may(PUT_PLAN) and not await find_plan(view.connection, plan):
        draft = await get_draft(view.connection, plan, caller)
        response.headers["ETag"] = etag(draft.revision)
        return PlanOut.from_draft(draft)
    found = await get_visible_plan(view.connection, plan, caller)
    return PlanOut.from_plan(found, await find_draft(view.connection, plan) if caller.may(PUT_PLAN) else None)


@router.get("/plans/{plan}/file")
async def show_file(plan: PlanPath, caller: Reader, view: Reading) -> dict[str, Any]:
    """The plan file as it is in force, or for the office as drafted."""
    caller.must(READ_PLAN)
    if caller.may(PUT_PLAN) and not await find_plan(view.connection, plan):
        return (await get_draft(view.connection, plan, caller)).file
    return (await get_visible_plan(view.connection, plan, caller)).file


@router.get("/plans/{plan}/preview")
async def preview(
    plan: PlanPath,
    caller: Reader,
    view: Reading,
    request: Request,
    response: Response,
    effective_from: Annotated[date | None, Query(description="of an amendment; default: as early as can be")] = None,
) -> PreviewOut:
    """What publishing the draft would issue, per unit; of a plan in force, what amending it by the draft would change."""
    caller.must(PUT_PLAN)
    draft = await get_draft(view.connection, plan, caller)
    response.headers["ETag"] = etag(draft.revision)
    in_force = await find_plan(view.connection, plan)
    issued, units = await resolve(view.connection, PlanFile.model_validate(draft.file), in_force)
    if in_force is None:
        return PreviewOut.from_issued(draft, issued, units)
    calendar = request.app.state.calendar
    rehearsed = await rehearse_amendment(view.connection, calendar, caller, in_force, draft, view.now, effective_from)
    return PreviewOut.from_issued(draft, issued, units, AmendmentPreview.of(rehearsed))


@router.post("/plans/{plan}/publish")
@once_per_key
async def publish(plan: PlanPath, body: PublishIn, caller: Caller, work: Work, request: Request) -> PlanOut:
    """Put the draft into force and issue every assignment and obligation, all or none."""
    calendar = request.app.state.calendar
    joins = {(join.measure, join.unit): join.first_period for join in body.joins}
    published = await publish_plan(work, calendar, caller, plan, body.first_period, joins, sample=body.sample)
    return PlanOut.from_plan(published)


@router.post("/plans/{plan}/amend")
@once_per_key
async def amend(
    plan: PlanPath, body: AmendIn, caller: Caller, work: Work, request: Request, expected: IfMatch
) -> AmendedOut:
    """Put the draft in force in the place of what is in force, from a date on, all or none.

    `If-Match` is the version of the draft that was looked at; a stale one is refused.
    """
    amendment = await amend_plan(work, request.app.state.calendar, caller, plan, body, expected)
    return AmendedOut.from_amendment(amendment)


@router.get("/plans/{plan}/amendments")
async def list_plan_amendments(plan: PlanPath, caller: Reader, view: Reading) -> Page[AmendmentOut]:
    """Every amendment with all that it changed in the plan, the first first."""
    caller.must(READ_PLAN)
    found = await list_amendments(view.connection, await get_visible_plan(view.connection, plan, caller))
    return Page(items=[AmendmentOut.from_record(record) for record in found])


@router.get("/plans/{plan}/measures")
async def list_plan_measures(plan: PlanPath, caller: Reader, view: Reading) -> Page[MeasureOut]:
    """Measures in the order of the plan, each with the number of its assignments; unit people see their own."""
    found = await list_measures(view.connection, await get_visible_plan(view.connection, plan, caller), caller)
    return Page(items=[MeasureOut.from_measure(measure) for measure in found])


@router.get("/plans/{plan}/measures/{measure}")
async def show_measure(plan: PlanPath, measure: MeasurePath, caller: Reader, view: Reading) -> MeasureOut:
    found = await get_measure(view.connection, await get_visible_plan(view.connection, plan, caller), measure, caller)
    return MeasureOut.from_measure(found)


@router.get("/plans/{plan}/deadlines")
async def list_plan_deadlines(plan: PlanPath, caller: Reader, view: Reading, paging: Paged) -> Page[DeadlineOut]:
    """What is watched, by the time of its next rung; unit people see their own unit's."""
    await get_visible_plan(view.connection, plan, caller)
    after = paging.key(instant, UUID)
    found = await list_deadlines(view.connection, plan, caller.scope, paging.fetch, after)
    return paging.page(
        found, DeadlineOut.from_deadline, lambda d: [d.next_at.isoformat() if d.next_at else "", str(d.id)]
    )


@router.get("/plans/{plan}/history")
async def plan_history(plan: PlanPath, caller: Reader, view: Reading) -> list[HistoryOut]:
    """The plan's events with their hash chain."""
    caller.must(READ_PLAN)
    found = await get_visible_plan(view.connection, plan, caller)
    return [HistoryOut.from_entry(entry) for entry in await list_history(view.connection, found.subject)]
