"""Rebuilds: what was asked for, and what waits for a worker."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.reporting.errors import RebuildNotFound
from services.reporting.models import UNDER_WAY, RebuildState, rebuilds


async def get_rebuild(connection: AsyncConnection, projection: str) -> Row[Any]:
    """The one that was asked for last. Raises RebuildNotFound where none ever was."""
    found = await connection.execute(select(rebuilds).where(rebuilds.c.projection == projection))
    row = found.first()
    if row is None:
        raise RebuildNotFound(name=projection)
    return row


async def find_claimable(connection: AsyncConnection, owner: str, now: datetime, *, alone: bool) -> str | None:
    """The projection whose rebuild this owner may take."""
    r = rebuilds.c
    waiting = select(r.projection).where(claimable(owner, now, alone=alone)).order_by(r.asked_at).limit(1)
    projection: str | None = (await connection.execute(waiting)).scalar()
    return projection


def claimable(owner: str, now: datetime, *, alone: bool) -> ColumnElement[bool]:
    """Nobody has it, its owner was not heard of for a whole lease, or it is the caller's own; `alone` nobody else is."""
    r = rebuilds.c
    left = or_(r.lease_until < now, r.owner == owner)
    running = r.state == RebuildState.RUNNING.value
    return or_(r.state == RebuildState.ASKED.value, running if alone else and_(running, left))


async def count_under_way(connection: AsyncConnection) -> int:
    query = select(func.count()).select_from(rebuilds).where(rebuilds.c.state.in_(UNDER_WAY))
    return (await connection.execute(query)).scalar_one()
