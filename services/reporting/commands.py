"""What can be asked of reporting: rebuilding what it knows."""

from sqlalchemy import update

from services.reporting.errors import ProjectionNotFound
from services.reporting.models import REBUILDABLE, UNDER_WAY, RebuildState, rebuilds
from services.reporting.permissions import REBUILD
from shared.auth import Actor
from shared.clock import system_now
from shared.db.bulk import insert_missing
from shared.event_log.work import UnitOfWork


async def ask_for_rebuild(work: UnitOfWork, caller: Actor, projection: str) -> None:
    """Note that it is wanted; a worker does it. One that is under way is the one that is wanted.

    Raises MayNot or ProjectionNotFound.
    """
    caller.must(REBUILD)
    if projection not in REBUILDABLE:
        raise ProjectionNotFound(name=projection, known=", ".join(REBUILDABLE))
    asked = {"state": RebuildState.ASKED.value, "asked_by": caller.account, "asked_at": system_now()}
    nothing_yet = {"events": 0, "total": 0} | dict.fromkeys(
        ("owner", "lease_until", "generation", "rows", "hash", "replaced_hash", "problem", "ended_at")
    )
    of_this = rebuilds.c.projection == projection
    await work.connection.execute(
        update(rebuilds).where(of_this, rebuilds.c.state.not_in(UNDER_WAY)).values({**asked, **nothing_yet})
    )
    await insert_missing(work.connection, rebuilds, [{"projection": projection, **asked, **nothing_yet}])
