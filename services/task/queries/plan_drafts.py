"""Import drafts, and the names of units that a document is matched to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from services.task.models import ImportDraft, groups, units
from services.task.plan_import.errors import PlanDraftNotFound
from services.task.queries.plans import find_draft, find_plan
from shared.auth import Actor
from shared.db import table_of

IMPORT = table_of(ImportDraft)
Directory = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ListedDraft:
    """An import draft without its items."""

    id: UUID
    revision: int
    document: str
    sha256: str
    title: str | None
    counts: dict[str, int]
    plan: str | None
    created_by: str
    created_at: datetime
    updated_by: str
    updated_at: datetime


LISTED = tuple(IMPORT.c[name] for name in ListedDraft.__slots__)


async def get_import(connection: AsyncConnection, draft_id: UUID, caller: Actor, *, lock: bool = False) -> ImportDraft:
    """Raises PlanDraftNotFound, also where the caller may not see it."""
    query = select(IMPORT).where(IMPORT.c.id == draft_id, _is_visible(caller))
    row = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    if row is None:
        raise PlanDraftNotFound(id=draft_id)
    return ImportDraft(**row._mapping)


async def list_imports(
    connection: AsyncConnection, caller: Actor, limit: int, after: tuple[UUID] | None
) -> list[ListedDraft]:
    """Those that the caller may see, the newest first."""
    query = select(*LISTED).where(_is_visible(caller)).order_by(IMPORT.c.id.desc())  # ids sort by time
    if after:
        query = query.where(IMPORT.c.id < after[0])
    return [ListedDraft(*row) for row in await connection.execute(query.limit(limit))]


def _is_visible(caller: Actor) -> ColumnElement[bool]:
    """An account for some plans only sees its own imports and what became one of its plans."""
    if not caller.plans:
        return true()
    return (IMPORT.c.created_by == caller.account) | IMPORT.c.plan.in_(caller.plans)


async def directory_of(connection: AsyncConnection) -> Directory:
    """Units and groups as `UnitDirectory.from_mapping` takes them."""
    u, g = units.c, groups.c
    known = await connection.execute(select(u.unit, u.name, u.short_name, u.aliases).order_by(u.unit))
    grouped = await connection.execute(select(g.group, g.name, g.members).order_by(g.group))
    return {
        "units": [dict(zip(("key", "name", "short_name", "aliases"), row, strict=True)) for row in known],
        "groups": [dict(zip(("key", "name", "members"), row, strict=True)) for row in grouped],
    }


async def find_current_file(connection: AsyncConnection, plan: str) -> tuple[dict[str, Any] | None, bool]:
    """The plan file in force, else the drafted one; and whether it is in force."""
    if published := await find_plan(connection, plan):
        return published.file, True
    draft = await find_draft(connection, plan)
    return (draft.file if draft else None), False
