"""Units: read by everybody with an account, put by administrators."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from contracts.names import Relation, UnitKey, UnitKind
from services.directory.commands import units as commands
from services.directory.permissions import MANAGE_UNITS
from services.directory.queries import get_unit, list_units
from services.directory.schemas.units import UnitIn, UnitOut, UnitsPut, unit_facts
from services.directory.schemas.units_file import UnitsFile, read_units
from shared.web import SIGNED_IN, Caller, IfMatch, Page, Paged, Reading, Work, allow_body, etag, whoever_may
from shared.web.validation import document_rules

router = APIRouter(tags=["units"])
MIB = 1024 * 1024


async def _sent_units_file(request: Request, _allowed: Annotated[None, whoever_may(MANAGE_UNITS)]) -> UnitsFile:
    """Received before the transaction begins and read beside the event loop: a long YAML document takes seconds."""
    content = await request.body()
    with document_rules():
        return await asyncio.to_thread(read_units, content)


SentUnitsFile = Annotated[UnitsFile, Depends(_sent_units_file)]
"""Stands before `Caller` and `Work` in a route, which begin the transaction."""


@router.get("/units", dependencies=[SIGNED_IN])
async def list_all(
    view: Reading, paging: Paged, kind: UnitKind | None = None, relation: Relation | None = None
) -> Page[UnitOut]:
    """Units by key."""
    units = await list_units(view.connection, paging, kind, relation)
    return paging.page(units, UnitOut.of, lambda unit: [unit.key])


@router.put("/units")
@allow_body(8 * MIB)
async def put_file(file: SentUnitsFile, caller: Caller, work: Work) -> UnitsPut:
    """Put a units file (YAML or JSON): every unit and group in it. The same file again changes nothing."""
    result = await commands.put_units(work, caller, file)
    return UnitsPut(registered=result.registered, changed=result.changed, unchanged=result.unchanged)


@router.get("/units/{unit}", dependencies=[SIGNED_IN])
async def get_one(view: Reading, response: Response, unit: Annotated[str, Path(max_length=120)]) -> UnitOut:
    """A unit by its key, or by any name, alias or credit code that it goes by."""
    found = await get_unit(view.connection, unit)
    response.headers["ETag"] = etag(found.version)
    return UnitOut.of(found)


@router.put("/units/{unit}")
async def put_one(
    unit: UnitKey, body: UnitIn, caller: Caller, work: Work, response: Response, expected: IfMatch
) -> UnitOut:
    """Register a unit under a permanent key, or change what is said of it. The same body again changes nothing."""
    put = await commands.put_unit(work, caller, unit, unit_facts(body), expected)
    response.status_code = 201 if work.recorded and put.version == 1 else 200
    response.headers["ETag"] = etag(put.version)
    return UnitOut.of(put)
