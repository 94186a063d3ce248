"""The feed of events for machines and auditors."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Query

from services.task.permissions import READ_FEED
from services.task.queries.history import list_published
from services.task.schemas.history import FeedItem, FeedOut
from shared.events.cloudevents import to_structured
from shared.web.dependencies import Reader, Reading

router = APIRouter(tags=["events"])


@router.get("/events")
async def list_events(
    caller: Reader,
    view: Reading,
    after: Annotated[int, Query(ge=0, description="position of the last event seen")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> FeedOut:
    """Events in the order in which they were put on the bus, as structured CloudEvents."""
    caller.must(READ_FEED)
    found = await list_published(view.connection, after, limit)
    items = [
        FeedItem(position=position, event=orjson.loads(to_structured(envelope)[1])) for position, envelope in found
    ]
    return FeedOut(items=items, next=items[-1].position if items else after)
