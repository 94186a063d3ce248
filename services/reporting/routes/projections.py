"""Rebuilding what reporting knows."""

from fastapi import APIRouter, Request

from services.reporting.errors import ProjectionNotFound
from services.reporting.permissions import REBUILD
from services.reporting.projections import board, directory
from services.reporting.rebuild import rebuild
from services.reporting.schemas import RebuildOut
from shared.web import Reader, Reading, service_of

router = APIRouter(tags=["operation"])
REBUILDABLE = {projection.name: projection for projection in (board, directory)}


@router.post("/projections/{name}/rebuild")
async def rebuild_projection(request: Request, name: str, caller: Reader, view: Reading) -> RebuildOut:
    """Fold every event anew beside the live rows and put the result in their place.

    Answers when it is done. Cut off, it goes on at the next request where it stood.
    """
    caller.must(REBUILD)
    if name not in REBUILDABLE:
        raise ProjectionNotFound(name=name, known=", ".join(REBUILDABLE))
    await view.connection.rollback()  # PostgreSQL ends a session that idles in a transaction for 30 s
    rebuilt = await rebuild(service_of(request), REBUILDABLE[name])
    return RebuildOut(
        projection=name,
        generation=rebuilt.generation,
        events=rebuilt.events,
        rows=rebuilt.rows,
        hash=rebuilt.hash,
        replaced_hash=rebuilt.replaced_hash,
        same=rebuilt.hash == rebuilt.replaced_hash,
    )
