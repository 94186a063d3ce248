"""Plan import: upload an official text, check what was found in it, put it as a plan's draft."""

import asyncio
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse

from contracts.names import PlanKey
from services.task.commands.plan_drafts import (
    confirm_import,
    decide_items,
    find_difference,
    import_document,
    revert_import,
)
from services.task.permissions import IMPORT_PLAN
from services.task.plan_import import Draft
from services.task.plan_import.html_view import to_html
from services.task.queries.plan_drafts import Directory, directory_of, get_import, list_imports
from services.task.routes.documents import LONGEST_NAME, MOST_BODY, sent_document
from services.task.schemas.plan_drafts import (
    ConfirmedOut,
    ConfirmIn,
    DifferenceOut,
    OperationsIn,
    PlanDraftListed,
    PlanDraftOut,
)
from shared.web.dependencies import (
    Caller,
    CallersLanguage,
    IfMatch,
    Reader,
    Reading,
    Verified,
    Work,
    actor_in,
    etag,
    service_of,
)
from shared.web.edge import allow_body
from shared.web.idempotency import BODY_DIGEST, once_per_key
from shared.web.paging import Page, Paged
from shared.web.validation import document_rules

router = APIRouter(tags=["plan import"])
BINARY = {"type": "string", "format": "binary"}
UPLOAD_BODY = {
    "requestBody": {
        "required": True,
        "description": "the official text as .txt, .docx or .pdf, in the form field `file` or as the body itself; at most 20 MB",
        "content": {
            "multipart/form-data": {"schema": {"type": "object", "required": ["file"], "properties": {"file": BINARY}}},
            "application/octet-stream": {"schema": BINARY},
        },
    }
}
NOTHING_FROM_OUTSIDE = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True)
class FoundInDocument:
    draft: Draft
    sha256: str


async def _found(
    request: Request,
    _proof: Verified,
    name: Annotated[str | None, Query(max_length=LONGEST_NAME, description="file name of a body sent as it is")] = None,
) -> FoundInDocument:
    """Read before the transaction begins, in a process of its own; nobody's document is taken who may not import."""
    directory = await _directory_for(request)
    async with sent_document(request, name) as document:
        sha256 = await asyncio.to_thread(document.sha256)
        request.scope[BODY_DIGEST] = f"{sha256} {document.name}".encode()
        draft = await request.app.state.drafting.draft(document.file.fileno(), document.name, directory)
    return FoundInDocument(draft, sha256)


async def _directory_for(request: Request) -> Directory:
    async with service_of(request).read() as view:
        (await actor_in(request, view.connection)).must(IMPORT_PLAN)
        return await directory_of(view.connection)


@router.post("/plan-drafts", status_code=201, openapi_extra=UPLOAD_BODY)
@once_per_key
@allow_body(MOST_BODY)
async def import_plan(
    found: Annotated[FoundInDocument, Depends(_found)], caller: Caller, work: Work, response: Response
) -> PlanDraftOut:
    """Upload an official text. The draft says what is certain, what was inferred, and what somebody has to decide."""
    imported = await import_document(work, caller, found.draft, found.sha256)
    response.headers["ETag"] = etag(imported.revision)
    return PlanDraftOut.from_import(imported)


@router.get("/plan-drafts")
async def list_plan_drafts(caller: Reader, view: Reading, paging: Paged) -> Page[PlanDraftListed]:
    """Imported documents, the newest first."""
    caller.must(IMPORT_PLAN)
    found = await list_imports(view.connection, caller, paging.fetch, paging.key(UUID))
    return paging.page(found, PlanDraftListed.from_listed, lambda listed: [str(listed.id)])


@router.get("/plan-drafts/{draft}")
async def show_plan_draft(draft: UUID, caller: Reader, view: Reading, response: Response) -> PlanDraftOut:
    """The draft as it stands, with the text that its spans refer to."""
    caller.must(IMPORT_PLAN)
    found = await get_import(view.connection, draft, caller)
    response.headers["ETag"] = etag(found.revision)
    return PlanDraftOut.from_import(found)


@router.get("/plan-drafts/{draft}/html", response_class=HTMLResponse)
async def show_plan_draft_page(draft: UUID, caller: Reader, view: Reading) -> HTMLResponse:
    """The text with coloured spans beside what was found; a page without scripts."""
    caller.must(IMPORT_PLAN)
    found = await get_import(view.connection, draft, caller)
    return HTMLResponse(to_html(found.draft), headers={**NOTHING_FROM_OUTSIDE, "ETag": etag(found.revision)})


@router.patch("/plan-drafts/{draft}")
async def change_plan_draft(
    draft: UUID, body: OperationsIn, caller: Caller, work: Work, response: Response, expected: IfMatch
) -> PlanDraftOut:
    """Edit, confirm, reject or restore items, all operations or none."""
    changed = await decide_items(work, caller, draft, body.operations, expected)
    response.headers["ETag"] = etag(changed.revision)
    return PlanDraftOut.from_import(changed)


@router.post("/plan-drafts/{draft}/confirm")
@once_per_key
async def confirm_plan_draft(
    draft: UUID,
    body: ConfirmIn,
    caller: Caller,
    work: Work,
    response: Response,
    expected: IfMatch,
    language: CallersLanguage,
) -> ConfirmedOut:
    """Confirm all items, or put the plan's draft, or both. Refused while an item is unresolved.

    A plan in force stays as it is: the answer says what the draft would change, for `amend` to put in force.
    """
    with document_rules():
        confirmed, difference = await confirm_import(work, caller, draft, body, expected)
    response.headers["ETag"] = etag(confirmed.revision)
    return ConfirmedOut.of(confirmed, difference, language)


@router.get("/plan-drafts/{draft}/difference")
async def show_difference(
    draft: UUID,
    caller: Reader,
    view: Reading,
    plan: Annotated[
        PlanKey | None, Query(description="the plan to compare with; by default the one made from it")
    ] = None,
) -> DifferenceOut:
    """What the imported text would change in the plan in force, else in its draft."""
    caller.must(IMPORT_PLAN)
    found = await get_import(view.connection, draft, caller)
    compared, changes, in_force = await find_difference(view.connection, caller, found, plan)
    return DifferenceOut.of(compared, changes, in_force=in_force)


@router.post("/plan-drafts/{draft}/revert")
@once_per_key
async def revert_plan_draft(
    draft: UUID, caller: Caller, work: Work, response: Response, expected: IfMatch
) -> PlanDraftOut:
    """Back to the draft as it was imported."""
    reverted = await revert_import(work, caller, draft, expected)
    response.headers["ETag"] = etag(reverted.revision)
    return PlanDraftOut.from_import(reverted)
