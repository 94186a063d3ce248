"""The feed of events for machines and auditors."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Query

from services.task.permissions import must_read_feed
from services.task.queries.history import list_published
from services.task.schemas.history import FeedItem, FeedOut
from shared.events.cloudevents import to_structured
from shared.web.dependencies import Reader, Reading

router = APIRouter(tags=["events"])
MAX_POSITION = 2**63 - 1
"""What a 64-bit column can hold."""


@router.get("/events")
async def list_events(
    caller: Reader,
    view: Reading,
    after: Annotated[int, Query(ge=0, le=MAX_POSITION, description="position of the last event seen")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> FeedOut:
    """Events in the order in which they were put on the bus, as structured CloudEvents."""
    must_read_feed(caller)
    found = await list_published(view.connection, after, limit)
    items = [
        FeedItem(position=position, event=orjson.loads(to_structured(envelope)[1])) for position, envelope in found
    ]
    return FeedOut(items=items, next=items[-1].position if items else after)
