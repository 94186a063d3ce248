"""Assignments of a plan."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query

from contracts.names import MeasureKey, UnitKey
from services.task.commands.assignments import acknowledge_assignment
from services.task.permissions import READ_UNIT_ITEMS
from services.task.queries.assignments import (
    AssignmentFilter,
    AssignmentKey,
    ShownAssignment,
    get_assignment,
    list_assignments,
)
from services.task.queries.history import list_history
from services.task.queries.plans import get_visible_plan
from services.task.routes.keys import PlanPath, assignment_key
from services.task.schemas.assignments import AssignmentOut
from services.task.schemas.history import HistoryOut
from shared.web.dependencies import Caller, Reader, Reading, Work
from shared.web.idempotency import once_per_key
from shared.web.paging import Page, PagedLong

router = APIRouter(tags=["assignments"])
A = "/plans/{plan}/measures/{measure}/units/{unit}"
Key = Annotated[AssignmentKey, Depends(assignment_key)]


@router.get("/plans/{plan}/assignments")
async def list_of_plan(
    plan: PlanPath,
    caller: Reader,
    view: Reading,
    paging: PagedLong,
    unit: Annotated[UnitKey | None, Query()] = None,
    measure: Annotated[MeasureKey | None, Query()] = None,
    scope: Annotated[
        Literal["own", "measure"], Query(description="measure: also the other units of one's measures")
    ] = "own",
) -> Page[AssignmentOut]:
    """Assignments in the order of the plan; unit people see their own unit's."""
    await get_visible_plan(view.connection, plan, caller)
    wanted = AssignmentFilter(plan, unit, measure, partners=scope == "measure")
    found = await list_assignments(view.connection, wanted, caller.scope, paging)

    def is_partner(item: ShownAssignment) -> bool:
        return not caller.scope.includes(item.assignment.unit)

    return paging.page(
        found,
        lambda item: (AssignmentOut.from_partner if is_partner(item) else AssignmentOut.from_assignment)(item),
        lambda item: [int(is_partner(item)), item.position, str(item.assignment.id)],
    )


@router.get(A)
async def show_assignment(key: Key, caller: Reader, view: Reading) -> AssignmentOut:
    shown = await get_assignment(view.connection, key, caller)
    caller.must(READ_UNIT_ITEMS, key.unit)
    return AssignmentOut.from_assignment(shown)


@router.get(A + "/history")
async def assignment_history(key: Key, caller: Reader, view: Reading) -> list[HistoryOut]:
    """The assignment's events with their hash chain."""
    shown = await get_assignment(view.connection, key, caller)
    caller.must(READ_UNIT_ITEMS, key.unit)
    return [HistoryOut.from_entry(entry) for entry in await list_history(view.connection, shown.assignment.subject)]


@router.post(A + "/acknowledge")
@once_per_key
async def acknowledge(key: Key, caller: Caller, work: Work) -> AssignmentOut:
    """Confirm receipt of the assignment."""
    await acknowledge_assignment(work, caller, key)
    return AssignmentOut.from_assignment(await get_assignment(work.connection, key, caller))
