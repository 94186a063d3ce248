"""Rebuilding what reporting knows."""

from fastapi import APIRouter, Request, Response

from services.reporting.commands import ask_for_rebuild
from services.reporting.permissions import REBUILD
from services.reporting.queries.rebuilds import get_rebuild
from services.reporting.schemas import RebuildOut
from shared.web import Caller, CallersLanguage, Reader, Reading, Work, service_of

router = APIRouter(tags=["operation"])


@router.post("/projections/{name}/rebuild", status_code=202)
async def rebuild_projection(
    request: Request, response: Response, name: str, caller: Caller, work: Work, language: CallersLanguage
) -> RebuildOut:
    """Have every event folded anew beside the live rows and the result put in their place.

    Answers at once; GET the same address to see how far it is. Asked for again meanwhile, it is still the same one.
    """
    await ask_for_rebuild(work, caller, name)
    work.after_commit += [worker.wake for worker in service_of(request).workers]
    response.headers["Location"] = request.url.path
    return RebuildOut.from_row(await get_rebuild(work.connection, name), language)


@router.get("/projections/{name}/rebuild")
async def get_projection_rebuild(name: str, caller: Reader, view: Reading, language: CallersLanguage) -> RebuildOut:
    """How far the rebuild is that was asked for last, and what came of it."""
    caller.must(REBUILD)
    return RebuildOut.from_row(await get_rebuild(view.connection, name), language)
