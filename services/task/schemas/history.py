"""Events as the API shows them."""

from typing import Any, Self

from pydantic import BaseModel

from services.task.queries.history import HistoryEntry
from services.task.schemas.times import Instant


class HistoryOut(BaseModel):
    """One event of an aggregate. `hash` = SHA-256(prev ‖ SHA-256(attributes) ‖ SHA-256(data)), all in hexadecimal."""

    version: int
    type: str
    time: Instant
    actor: str
    data: dict[str, Any]
    prev: str
    hash: str

    @classmethod
    def from_entry(cls, entry: HistoryEntry) -> Self:
        return cls(**{name: getattr(entry, name) for name in cls.model_fields})


class FeedItem(BaseModel):
    """A structured CloudEvent with its gapless position in the feed."""

    position: int
    event: dict[str, Any]


class FeedOut(BaseModel):
    """`next` is what to pass as `after`; it stays the same at the end of the feed."""

    items: list[FeedItem]
    next: int
