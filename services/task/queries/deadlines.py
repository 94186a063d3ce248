"""Deadlines: what is due, whether its duty is still open, and what a plan has ahead."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.names import DeadlineKind
from services.task.models import Assignment, AssignmentState, Deadline, Plan, PlanState, Report, ReportState
from shared.auth import Scope
from shared.db import table_of
from shared.db.bulk import rows_in
from shared.event_log import loaded

DEADLINE = table_of(Deadline)
REPORT = table_of(Report)
ASSIGNMENT = table_of(Assignment)
PLAN = table_of(Plan)


async def lock_due_deadlines(connection: AsyncConnection, now: datetime, limit: int) -> list[Deadline]:
    """Deadlines with a rung due, after their subjects: always lock subject, then deadline."""
    c = DEADLINE.c
    due = select(c.id, c.about_id).where(c.next_at <= now).order_by(c.next_at, c.id).limit(limit)
    picked = (await connection.execute(due)).all()
    if not picked:
        return []
    await _lock_subjects(connection, sorted({row.about_id for row in picked}))
    ids = [row.id for row in picked]
    rows = await connection.execute(
        select(DEADLINE)
        .where(c.id.in_(ids), c.next_at <= now)
        .order_by(c.next_at, c.id)
        .with_for_update(skip_locked=True)
    )
    return [loaded(Deadline, row._mapping) for row in rows]


async def _lock_subjects(connection: AsyncConnection, ids: Sequence[UUID]) -> None:
    for table in (REPORT, ASSIGNMENT):  # the order in which a submission locks them
        await connection.execute(
            select(table.c.id).where(table.c.id.in_(ids)).order_by(table.c.id).with_for_update(read=True)
        )


async def open_duties(connection: AsyncConnection, deadlines: Sequence[Deadline]) -> set[UUID]:
    """Ids of the deadlines whose duty is not done yet and whose plan is in force."""
    about = {deadline.about_id for deadline in deadlines}
    reports = {row["id"]: row for row in await rows_in(connection, REPORT, "id", about)}
    assignments = {row["id"]: row for row in await rows_in(connection, ASSIGNMENT, "id", about)}
    closed = set((await connection.execute(select(PLAN.c.id).where(PLAN.c.state != PlanState.PUBLISHED))).scalars())

    def is_open(deadline: Deadline) -> bool:
        if deadline.plan_id in closed:
            return False
        if deadline.kind == DeadlineKind.ACKNOWLEDGE:
            return bool(assignments[deadline.about_id]["state"] == AssignmentState.ISSUED)
        report = reports[deadline.about_id]
        if deadline.kind == DeadlineKind.REPORT:
            return report["first_submitted_at"] is None and report["state"] == ReportState.EXPECTED
        return bool(report["state"] == ReportState.RETURNED and report["resubmit_due"] == deadline.due)

    return {deadline.id for deadline in deadlines if is_open(deadline)}


async def count_due(connection: AsyncConnection, now: datetime) -> int:
    return int((await connection.execute(select(func.count()).where(DEADLINE.c.next_at <= now))).scalar_one())


async def find_next_instant(connection: AsyncConnection, now: datetime) -> datetime | None:
    """The next instant after `now` at which a rung may fire."""
    instant: datetime | None = (
        await connection.execute(select(func.min(DEADLINE.c.next_at)).where(DEADLINE.c.next_at > now))
    ).scalar_one_or_none()
    return instant


async def list_deadlines(
    connection: AsyncConnection, plan: str, scope: Scope, limit: int, after: tuple[datetime, UUID] | None = None
) -> list[Deadline]:
    """A plan's armed deadlines by their next rung, those in `scope` only."""
    c = DEADLINE.c
    query = select(DEADLINE).where(c.plan == plan, c.next_at.is_not(None)).order_by(c.next_at, c.id).limit(limit)
    if not scope.everything:
        query = query.where(c.unit.in_(scope.units))
    if after:
        query = query.where((c.next_at > after[0]) | ((c.next_at == after[0]) & (c.id > after[1])))
    return [loaded(Deadline, row._mapping) for row in await connection.execute(query)]
