"""What task knows of units, groups and reviewers from directory's events."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.task.models import Account, groups, units
from shared.db import table_of

ACCOUNT = table_of(Account)


@dataclass(frozen=True, slots=True)
class KnownUnit:
    unit: str
    name: str
    relation: str


async def known_units(connection: AsyncConnection) -> dict[str, KnownUnit]:
    rows = await connection.execute(select(units.c.unit, units.c.name, units.c.relation))
    return {row.unit: KnownUnit(*row) for row in rows}


async def known_groups(connection: AsyncConnection) -> dict[str, list[str]]:
    rows = await connection.execute(select(groups.c.group, groups.c.members))
    return {row.group: row.members for row in rows}


async def find_other_reviewer(connection: AsyncConnection, plan: str, unit: str, roles: frozenset[str]) -> str | None:
    """An active reviewer of the plan who is not of this unit, if there is one."""
    c = ACCOUNT.c
    rows = await connection.execute(select(c.username, c.unit, c.roles, c.plans).where(c.active).order_by(c.username))
    others = (row for row in rows if row.unit != unit and (not row.plans or plan in row.plans))
    return next((row.username for row in others if not roles.isdisjoint(row.roles)), None)
