"""Keyset paging: a cursor holds the sort key of the last item, so that pages stay right while rows come and go."""

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Generic, Self, TypeVar

import orjson
from pydantic import BaseModel

from shared.errors import AppError, Text

T = TypeVar("T")
R = TypeVar("R")


class UnknownCursor(AppError):
    code, status = "unknown-cursor", 400
    title = Text("分页标记无效", "Unknown cursor")
    detail = Text(
        "cursor 只能使用上一页返回的 next，请从第一页重新开始。",
        "A cursor is the `next` of the page before; start again from the first page.",
    )


class Page(BaseModel, Generic[T]):
    """A list, and the cursor of what follows; null at the end."""

    items: list[T]
    next: str | None = None


class Paging:
    """Which part of a list is asked for. `after` is the sort key of the last item seen, as the query gave it."""

    __slots__ = ("after", "limit")

    def __init__(self, limit: int, after: list[Any] | None = None) -> None:
        self.limit = limit
        self.after = after

    @classmethod
    def from_cursor(cls, limit: int, cursor: str | None) -> Self:
        """Raises UnknownCursor."""
        return cls(limit, None if cursor is None else _sort_key(cursor))

    def key(self, *read: Callable[[Any], Any]) -> tuple[Any, ...] | None:
        """`after`, each part read by its function; None on the first page. Raises UnknownCursor where it does not fit."""
        if self.after is None:
            return None
        try:
            return tuple(function(part) for function, part in zip(read, self.after, strict=True))
        except (ValueError, TypeError, AttributeError, OverflowError) as misfit:  # whatever a parser says to nonsense
            raise UnknownCursor from misfit

    @property
    def fetch(self) -> int:
        """How many rows to select: one more than wanted tells whether there is a next page."""
        return self.limit + 1

    def page(self, rows: Sequence[R], item: Callable[[R], T], key: Callable[[R], list[Any]]) -> Page[T]:
        """The page made of up to `fetch` rows; `key` gives what `after` will be for the next one."""
        shown = rows[: self.limit]
        more = len(rows) > self.limit
        return Page(items=[item(row) for row in shown], next=cursor_of(key(shown[-1])) if more else None)


def instant(part: Any) -> datetime:
    """Reads a part of a key that is an instant. Raises ValueError where it has no offset, OverflowError outside the years."""
    read = datetime.fromisoformat(part)
    if read.tzinfo is None:
        raise ValueError(f"{part} has no offset")
    return read.astimezone(UTC)


def number(part: Any, bits: int = 64) -> int:
    """Reads a part of a key that is a whole number. Raises ValueError where no column of so many bits could hold it."""
    read = int(part)
    if not -(2 ** (bits - 1)) <= read < 2 ** (bits - 1):
        raise ValueError(f"{read} needs more than {bits} bits")
    return read


def cursor_of(key: list[Any]) -> str:
    """What a client sends back to go on after this key."""
    return base64.urlsafe_b64encode(orjson.dumps(key)).rstrip(b"=").decode()


def _sort_key(cursor: str) -> list[Any]:
    try:
        key = orjson.loads(base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError) as broken:
        raise UnknownCursor from broken
    if not isinstance(key, list) or not key or not all(isinstance(part, str | int | float | None) for part in key):
        raise UnknownCursor
    return key
