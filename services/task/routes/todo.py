"""The first screen of everybody who has something to do."""

from fastapi import APIRouter, Request

from services.task.days import OFFICE_ZONE, day_of
from services.task.queries.todo import Todo, list_todo
from services.task.schemas.reports import TodoItem
from shared.web.dependencies import Reader, Reading
from shared.web.paging import Page, PagedLong

router = APIRouter(tags=["todo"])


@router.get("/todo")
async def todo(caller: Reader, view: Reading, request: Request, paging: PagedLong) -> Page[TodoItem]:
    """What waits for the caller over all plans, the most urgent first; `working_days_left` is negative when late."""
    calendar = request.app.state.calendar
    today = day_of(view.now, OFFICE_ZONE)
    found = await list_todo(view.connection, calendar, caller, view.now, paging)

    def shown(item: Todo) -> TodoItem:
        return TodoItem.from_todo(item, calendar.working_days_between(today, item.due))

    return paging.page(found, shown, lambda item: item.place.as_key())
