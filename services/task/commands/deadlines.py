"""Arming deadlines and firing their rungs."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.names import DeadlineKind
from services.task.calendar import WorkingCalendar
from services.task.commands.ladders import ladder_of
from services.task.models import Deadline
from services.task.queries.deadlines import lock_due_deadlines, open_duties
from services.task.queries.plans import clocks_of
from shared.db import table_of
from shared.db.bulk import in_parts, rows_in, update_rows
from shared.event_log import UnitOfWork
from shared.event_log.aggregate import changes

DEADLINE = table_of(Deadline)


async def arm_deadlines(connection: AsyncConnection, deadlines: Sequence[Deadline]) -> None:
    """Store armed deadlines. The event of their subject implies them, so they have none of their own until they fire."""
    columns = [column.name for column in DEADLINE.columns]
    for part in in_parts(deadlines):
        await connection.execute(insert(DEADLINE), [{name: getattr(d, name) for name in columns} for d in part])
        await asyncio.sleep(0)  # others get their turn, as in UnitOfWork.add_all


async def replace_deadline(work: UnitOfWork, deadline: Deadline) -> None:
    """Store a deadline in the place of earlier ones of its kind and subject, which this transaction has locked.

    Two returns may set the same date; its rungs must not fire twice.
    """
    former = (DEADLINE.c.about_id == deadline.about_id, DEADLINE.c.kind == deadline.kind)
    retired = {"next_rung": None, "next_at": None, "retired_at": work.now}
    await work.connection.execute(update(DEADLINE).where(*former, DEADLINE.c.next_at.is_not(None)).values(retired))
    await arm_deadlines(work.connection, [deadline])


async def retire_deadlines(work: UnitOfWork, subjects: Sequence[UUID], kind: DeadlineKind) -> None:
    """Nothing more fires for these subjects, which this transaction has locked; their own events say why."""
    kept = (DEADLINE.c.kind == kind, DEADLINE.c.next_at.is_not(None))
    armed = await rows_in(work.connection, DEADLINE, "about_id", subjects, *kept, lock=True)
    retired = {"next_rung": None, "next_at": None, "retired_at": work.now}
    await update_rows(work.connection, DEADLINE, [{"id": row["id"], **retired} for row in armed])


async def fire_due_rungs(work: UnitOfWork, calendar: WorkingCalendar, limit: int) -> int:
    """Fire what is due, at most `limit` deadlines; retire those whose duty is done. Returns how many were looked at."""
    due = await lock_due_deadlines(work.connection, work.now, limit)
    still_open = await open_duties(work.connection, due)
    clocks = await clocks_of(work.connection, {deadline.plan_id for deadline in due})
    for deadline in due:
        if deadline.id in still_open:
            ladder = ladder_of(clocks[deadline.plan_id], deadline.kind, deadline.relation)
            await work.record(deadline, deadline.fire(ladder, calendar, work.now))
        else:
            await _retire(work.connection, deadline, work.now)
    return len(due)


async def _retire(connection: AsyncConnection, deadline: Deadline, now: datetime) -> None:
    """No event: the event that ended the duty says it."""
    deadline.retire(now)
    await connection.execute(update(DEADLINE).where(DEADLINE.c.id == deadline.id).values(**changes(deadline)))
