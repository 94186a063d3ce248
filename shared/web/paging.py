"""The part of a list that a request asks for."""

from typing import Annotated

from fastapi import Depends, Query

from shared.paging import Page, Paging, UnknownCursor

__all__ = ["Cursor", "Page", "Paged", "Paging", "UnknownCursor"]

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
MAX_CURSOR_LENGTH = 512


Cursor = Annotated[str | None, Query(max_length=MAX_CURSOR_LENGTH, description="`next` of the page before")]


async def _paging(limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT, cursor: Cursor = None) -> Paging:
    return Paging.from_cursor(limit, cursor)


async def _long_paging(limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = MAX_LIMIT, cursor: Cursor = None) -> Paging:
    return Paging.from_cursor(limit, cursor)


Paged = Annotated[Paging, Depends(_paging)]
PagedLong = Annotated[Paging, Depends(_long_paging)]
"""For lists that people mostly want whole: as much as a page may hold, unless less is asked for."""
