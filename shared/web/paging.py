"""The part of a list that a request asks for."""

from typing import Annotated

from fastapi import Depends, Query

from shared.paging import Page, Paging, UnknownCursor

__all__ = ["Page", "Paged", "Paging", "UnknownCursor"]

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
MAX_CURSOR_LENGTH = 512


async def _paging(
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(max_length=MAX_CURSOR_LENGTH, description="`next` of the page before")] = None,
) -> Paging:
    return Paging.from_cursor(limit, cursor)


Paged = Annotated[Paging, Depends(_paging)]
