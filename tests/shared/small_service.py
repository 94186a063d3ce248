"""A service as small as can be, on the real runtime and web edge: things with a maker, and routes that misbehave."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from fastapi import APIRouter, Response
from joserfc import jwt
from joserfc.jwk import RSAKey
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table, func, insert, select
from sqlmodel import SQLModel

from shared.auth import KnownAccount, KnownAccounts, Permission
from shared.auth.keys import known_keys_table
from shared.bus.embedded import EmbeddedBus
from shared.clock import clock_table
from shared.consumer import ConsumerTables
from shared.db import Database, table_of
from shared.errors import NotFound
from shared.event_log import EventLogTables
from shared.ids import new_id
from shared.runtime import Service
from shared.settings import ServiceSettings
from shared.web import (
    Caller,
    IfMatch,
    Page,
    Paged,
    Reader,
    Reading,
    Work,
    allow_body,
    create_web_app,
    etag,
    once_per_key,
)

MIB = 1024 * 1024
KEY = RSAKey.generate_key(2048, auto_kid=True)
MAKE_THING = Permission("make-thing", "制作物品", "make a thing", own_unit=frozenset({"liaison"}))


class SmallTable(SQLModel):
    metadata = MetaData()


class Account(KnownAccount, SmallTable, table=True):
    __tablename__ = "accounts"


ACCOUNTS = table_of(Account)
EVENT_LOG = EventLogTables(SmallTable.metadata)
CONSUMING = ConsumerTables(SmallTable.metadata)
CLOCK = clock_table(SmallTable.metadata)
known_keys_table(SmallTable.metadata)
THINGS = Table(
    "things",
    SmallTable.metadata,
    Column("name", String(200), primary_key=True),
    Column("maker", String(63), nullable=False),
    Column("parent", ForeignKey("things.name", deferrable=True, initially="DEFERRED")),
    Column("made", Integer, nullable=False, default=1),
)


class ThingIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=100)
    parent: str | None = None
    wanted: AwareDatetime | None = None


class ThingOut(BaseModel):
    name: str
    maker: str


router = APIRouter()


@router.post("/things", status_code=201)
@once_per_key
async def make_thing(body: ThingIn, caller: Caller, work: Work, response: Response) -> ThingOut:
    caller.must(MAKE_THING, caller.unit)
    row = {"name": f"{body.name}-{new_id()}", "maker": caller.account, "parent": body.parent}
    await work.connection.execute(insert(THINGS), row)
    response.headers["ETag"] = etag(1)
    return ThingOut(name=row["name"], maker=caller.account)


@router.get("/things")
async def list_things(caller: Reader, view: Reading, paging: Paged) -> Page[ThingOut]:
    statement = select(THINGS).where(THINGS.c.maker == caller.account).order_by(THINGS.c.name).limit(paging.fetch)
    if after := paging.key(str):
        statement = statement.where(THINGS.c.name > after[0])
    rows = (await view.connection.execute(statement)).all()
    return paging.page(rows, lambda row: ThingOut(name=row.name, maker=row.maker), lambda row: [row.name])


@router.get("/units/{unit}/things")
async def list_things_of(unit: str, caller: Reader, view: Reading) -> dict[str, str]:
    caller.must(MAKE_THING, unit)
    return {"unit": unit, "now": view.now.isoformat()}


@router.put("/things/{name}")
async def change_thing(name: str, body: ThingIn, caller: Caller, work: Work, expected: IfMatch) -> dict[str, Any]:
    if name == "nothing":
        raise NotFound
    return {"name": body.name, "by": work.cause.actor, "expected": expected}


@router.put("/things/{name}/first", status_code=201)
async def make_first_thing(name: str, caller: Caller, work: Work) -> None:
    await work.connection.execute(insert(THINGS), {"name": name, "maker": caller.account})


@router.post("/files")
@allow_body(3 * MIB)
async def put_file(caller: Caller, work: Work, body: list[str]) -> int:
    return len(body)


@router.get("/broken")
async def broken(caller: Reader) -> None:
    raise RuntimeError("the password is hunter2")


class Keys:
    async def find(self, kid: str) -> RSAKey | None:
        return KEY if kid == KEY.kid else None


def claims(account: UUID, **changed: Any) -> dict[str, Any]:
    now = int(time.time())
    usual = {"iss": "duban", "aud": "duban", "sub": str(account), "iat": now, "exp": now + 300}
    merged = {**usual, "preferred_username": "futian", "auth_epoch": 1, **changed}
    return {name: value for name, value in merged.items() if value is not None}


def token(account: UUID, **changed: Any) -> str:
    return jwt.encode({"alg": "RS256", "kid": KEY.kid}, claims(account, **changed), KEY, algorithms=["RS256"])


class Small:
    """The service, its address, and a client signed in as the liaison of Futian."""

    def __init__(self, service: Service, client: httpx.AsyncClient, account: UUID) -> None:
        self.service = service
        self.client = client
        self.account = account

    async def count(self, table: Table = THINGS) -> int:
        async with self.service.database.read() as connection:
            return int((await connection.execute(select(func.count()).select_from(table))).scalar_one())

    async def add_account(self, username: str, **changed: Any) -> UUID:
        account = new_id()
        row = {"subject": f"account/{account}", "part": "", "version": 1, "account": account, "username": username}
        usual = {"roles": ["liaison"], "unit": "futian", "districts": [], "plans": [], "auth_epoch": 1, "active": True}
        async with self.service.database.write() as connection:
            await connection.execute(insert(ACCOUNTS), {**row, **usual, **changed})
        return account


@asynccontextmanager
async def small_service(database_url: str, folder: Path, **settings: Any) -> AsyncIterator[Small]:
    service = Service.create(
        "small",
        ServiceSettings(data=folder, database_url=database_url, **settings),
        tables=EVENT_LOG,
        consuming=CONSUMING,
        clock=CLOCK,
        bus=EmbeddedBus(folder / "bus.db"),
        actors=KnownAccounts(ACCOUNTS),
    )
    app = create_web_app(service, [router], title="small", keys=Keys())
    await _create_tables(service.database)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test/api/small/v1") as client:
        small = Small(service, client, UUID(int=0))
        small.account = await small.add_account("futian")
        client.headers["Authorization"] = f"Bearer {token(small.account)}"
        yield small
    await service.database.close()


async def _create_tables(database: Database) -> None:
    async with database.write() as connection:
        await connection.run_sync(SmallTable.metadata.create_all)
