"""An aggregate's events with its chain, and the feed of all events by gapless position."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.task.models import EVENT_LOG
from shared.event_log.stored import stored_envelope
from shared.events.envelope import Envelope


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One event of an aggregate; `prev` and `hash` are hexadecimal."""

    version: int
    type: str
    time: datetime
    actor: str
    data: dict[str, Any]
    prev: str
    hash: str


async def list_history(connection: AsyncConnection, subject: str) -> list[HistoryEntry]:
    """Every event of the aggregate, the first first."""
    log = EVENT_LOG.log
    rows = await connection.execute(select(log).where(log.c.subject == subject).order_by(log.c.aggregate_version))
    return [_entry(row) for row in rows]


def _entry(row: Any) -> HistoryEntry:
    envelope = stored_envelope(row)
    data = orjson.loads(row.payload)
    return HistoryEntry(row.aggregate_version, row.type, row.time, envelope.actor, data, row.prev.hex(), row.hash.hex())


async def list_published(connection: AsyncConnection, after: int, limit: int) -> list[tuple[int, Envelope]]:
    """Events in the order in which they were put on the bus, those after a position."""
    log, published = EVENT_LOG.log, EVENT_LOG.published
    query = (
        select(log, published.c.position)
        .join(published, published.c.event_id == log.c.event_id)
        .where(published.c.position > after)
        .order_by(published.c.position)
        .limit(limit)
    )
    return [(row.position, stored_envelope(row)) for row in await connection.execute(query)]
