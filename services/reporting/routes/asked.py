"""What every address below a plan has in common: the plan, the period, the day, the language."""

from datetime import date
from typing import Annotated

from fastapi import Depends, Path, Query

from contracts.names import PeriodKey, PlanKey
from services.reporting.queries.board import Asked
from services.reporting.queries.plans import get_plan
from shared.web import CallersLanguage, Reader, Reading


async def _asked(
    view: Reading,
    caller: Reader,
    language: CallersLanguage,
    plan: Annotated[PlanKey, Path()],
    period: Annotated[PeriodKey | None, Query(description="Default: the period opened last")] = None,
    as_of: Annotated[date | None, Query(description="The end of this day, as it was known then; default: now")] = None,
) -> Asked:
    seen = await get_plan(view.connection, caller, plan, view.now, as_of)
    return Asked(seen, seen.period(period), as_of, language)


AskedFor = Annotated[Asked, Depends(_asked, scope="function")]
"""Raises PlanNotFound, PeriodNotFound or DayNotKnown."""
