"""What accepted reports say of a plan's indicators."""

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.reporting.indicators import Contribution
from services.reporting.models import reading_history
from services.reporting.queries.plans import SeenPlan


async def list_contributions(connection: AsyncConnection, plan: SeenPlan) -> Mapping[str, list[Contribution]]:
    """Accepted readings by indicator. Unreviewed ones never count."""
    r = reading_history.c
    found = await connection.execute(
        select(r.indicator, r.measure, r.unit, r.period, r.value)
        .where(*plan.moment.known(reading_history), r.plan == plan.plan, r.accepted.is_(True), r.value.is_not(None))
        .order_by(r.indicator, r.period, r.unit, r.measure)
    )
    given: dict[str, list[Contribution]] = {}
    for row in found:
        given.setdefault(row.indicator, []).append(Contribution(row.measure, row.unit, row.period, row.value))
    return given
