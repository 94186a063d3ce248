"""Answers kept for repeated requests, and when they are forgotten."""

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.event_log.tables import EventLogTables

KEPT = timedelta(days=7)


async def forget_old_answers(connection: AsyncConnection, tables: EventLogTables, now: datetime) -> int:
    """Delete answers that nobody will ask for again. Returns how many."""
    gone = await connection.execute(delete(tables.answers).where(tables.answers.c.created_at < now - KEPT))
    return gone.rowcount
