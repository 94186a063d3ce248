"""A real directory on either database, entered by its first administrator."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from contracts.names import Role
from services.directory.app import create_app, prepare
from services.directory.models import Account, Duties
from services.directory.queries import get_account
from services.directory.settings import DirectorySettings
from services.directory.signing import TokenIssuer
from shared.bus.embedded import EmbeddedBus
from shared.clock import system_now
from shared.db.migrations import upgrade
from shared.runtime import Service

ADMIN_PASSWORD = "correct horse battery"
PLAIN_ROLES = (Role.OFFICE, Role.OFFICE_HEAD, Role.LEADER, Role.AUDITOR, Role.LIAISON, Role.UNIT_HEAD)
UNITS = """
units:
  - {key: lg, name: 领导小组, kind: group, relation: subordinate}
  - {key: lg-office, name: 领导小组办公室, kind: office, relation: subordinate, parent: lg}
  - {key: futian, name: 深圳市福田区人民政府, short_name: 福田区, kind: district, relation: subordinate, aliases: [福田]}
  - {key: luohu, name: 深圳市罗湖区人民政府, short_name: 罗湖区, kind: district, relation: subordinate}
  - {key: customs, name: 深圳海关, kind: vertical, relation: requested, credit_code: 91440300MA5EXAMPU1}
groups:
  - {key: districts, name: 各区, members: [futian, luohu]}
"""


class SystemClock:
    """System time that a test may move."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return system_now() + self.ahead


class Directory:
    """The running directory and a client that is nobody yet."""

    def __init__(self, app: FastAPI, client: httpx.AsyncClient) -> None:
        self.app = app
        self.client = client
        self.clock = SystemClock()
        self.service: Service = app.state.service
        app.state.sign_in._now = self.clock

    async def sign_in(self, username: str, password: str) -> httpx.Response:
        form = {"grant_type": "password", "username": username, "password": password}
        return await self.client.post("/token", data=form)

    async def refresh(self, token: str) -> httpx.Response:
        return await self.client.post("/token", data={"grant_type": "refresh_token", "refresh_token": token})

    async def become(self, username: str) -> None:
        """Send a token of this account from now on; issued without a password, which only slows tests down."""
        async with self.service.read() as view:
            account = await get_account(view.connection, username)
        token = await TokenIssuer(self.app.state.settings, self.app.state.signing_keys).issue(account)
        self.client.headers["Authorization"] = f"Bearer {token}"

    async def put_units(self) -> httpx.Response:
        return await self.client.put("/units", content=UNITS.encode())

    async def create_account(self, username: str, *roles: str, **more: Any) -> httpx.Response:
        body = {"username": username, "roles": list(roles), "password": f"password of {username}", **more}
        return await self.client.post("/accounts", json=body)


@asynccontextmanager
async def running_directory(database_url: str, folder: Path) -> AsyncIterator[Directory]:
    """A directory on a database that is migrated and prepared here unless it already was."""
    settings = DirectorySettings(data=folder, database_url=database_url, admin_password=ADMIN_PASSWORD)
    app = create_app(settings, EmbeddedBus(folder / "bus.db"))
    service: Service = app.state.service
    async with AsyncExitStack() as stack:
        stack.push_async_callback(service.database.close)
        await service.bus.start()
        stack.push_async_callback(service.bus.stop)
        await upgrade(service.database, "services.directory")
        await prepare(app)
        transport = httpx.ASGITransport(app)
        client = httpx.AsyncClient(transport=transport, base_url="http://test/api/directory/v1")
        yield Directory(app, await stack.enter_async_context(client))


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with keys and the first administrator; copying it is faster than making them for each test."""
    folder = tmp_path_factory.mktemp("directory")

    async def prepare_once() -> None:
        async with running_directory(f"sqlite:///{folder / 'prepared.db'}", folder):
            pass

    asyncio.run(prepare_once())
    return folder / "prepared.db"


@pytest.fixture(scope="session")
def peopled(tmp_path_factory: pytest.TempPathFactory, prepared: Path) -> Path:
    """The same with units and one account for each role, named by it."""
    folder = tmp_path_factory.mktemp("peopled")
    shutil.copy(prepared, folder / "peopled.db")

    async def people() -> None:
        async with running_directory(f"sqlite:///{folder / 'peopled.db'}", folder) as directory:
            await directory.become("admin")
            assert (await directory.put_units()).status_code == 200
            async with directory.service.write() as work:
                for role in PLAIN_ROLES:
                    await work.add(*Account.register(role.replace("_", "-"), Duties((role,), "futian")))

    asyncio.run(people())
    return folder / "peopled.db"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def either(request: pytest.FixtureRequest, tmp_path: Path, prepared: Path) -> AsyncIterator[Directory]:
    server = None if request.param == "sqlite" else request.getfixturevalue("postgres_server")
    url = server.create_database() if server else f"sqlite:///{shutil.copy(prepared, tmp_path)}"
    async with running_directory(url, tmp_path) as directory:
        yield directory
    if server:
        server.drop_database(url)


@pytest.fixture
async def directory(tmp_path: Path, prepared: Path) -> AsyncIterator[Directory]:
    async with running_directory(f"sqlite:///{shutil.copy(prepared, tmp_path)}", tmp_path) as directory:
        yield directory


@pytest.fixture
async def admin(tmp_path: Path, peopled: Path) -> AsyncIterator[Directory]:
    """Signed in as the administrator, with units."""
    async with running_directory(f"sqlite:///{shutil.copy(peopled, tmp_path)}", tmp_path) as directory:
        await directory.become("admin")
        yield directory
