"""Unit groups: names that plans use for several units."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from contracts.names import GroupKey
from services.directory.commands import units as commands
from services.directory.queries import get_group, list_groups
from services.directory.schemas.units import GroupIn, GroupOut, group_facts
from shared.web import SIGNED_IN, Caller, IfMatch, Page, Paged, Reading, Work, etag

router = APIRouter(tags=["units"])


@router.get("/unit-groups", dependencies=[SIGNED_IN])
async def list_unit_groups(view: Reading, paging: Paged) -> Page[GroupOut]:
    """Groups by key."""
    groups = await list_groups(view.connection, paging)
    return paging.page(groups, GroupOut.of, lambda group: [group.key])


@router.get("/unit-groups/{group}", dependencies=[SIGNED_IN])
async def get_unit_group(view: Reading, response: Response, group: Annotated[str, Path(max_length=120)]) -> GroupOut:
    """A group by its key or name."""
    found = await get_group(view.connection, group)
    response.headers["ETag"] = etag(found.version)
    return GroupOut.of(found)


@router.put("/unit-groups/{group}")
async def put_unit_group(
    group: GroupKey, body: GroupIn, caller: Caller, work: Work, response: Response, expected: IfMatch
) -> GroupOut:
    """Define a group or change its members. The same body again changes nothing."""
    put = await commands.put_group(work, caller, group, group_facts(body), expected)
    response.status_code = 201 if work.recorded and put.version == 1 else 200
    response.headers["ETag"] = etag(put.version)
    return GroupOut.of(put)
