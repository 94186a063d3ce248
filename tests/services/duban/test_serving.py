"""Whose request it is: a server between people and the services, on ports of this machine."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI, Request

from services.duban.serving import OneAddress, make_server
from services.portal.app import create_app as create_portal
from services.portal.settings import PortalSettings
from shared.settings import ServiceSettings
from shared.testing.process import free_port
from shared.testing.settle import eventually
from tests.portal.conftest import hidden

VISITOR = "203.0.113.7"
"""An address of the documentation's network (RFC 5737), as a proxy would give it."""
FORWARDED = {"X-Forwarded-For": VISITOR}


class Embedded:
    """The portal before a directory that notes who asks for a token and refuses everybody."""

    def __init__(self, settings: PortalSettings) -> None:
        self.asked_by: list[str] = []
        directory = FastAPI()
        directory.post("/api/directory/v1/token", status_code=401)(self._refuse)
        self.apps = {"directory": directory, "portal": create_portal(settings)}
        self.server = make_server(OneAddress(self.apps), settings)

    async def _refuse(self, request: Request) -> dict[str, str]:
        assert request.client
        self.asked_by.append(request.client.host)
        return {"title": "登录失败", "detail": "用户名或密码不正确。"}

    async def stands(self) -> bool:
        return self.server.started


@asynccontextmanager
async def serving(folder: Path, **settings: str) -> AsyncIterator[tuple[Embedded, httpx.AsyncClient]]:
    port = free_port()
    embedded = Embedded(PortalSettings(data=folder, port=port, **settings))  # type: ignore[arg-type]
    running = asyncio.create_task(embedded.server.serve())
    await eventually(embedded.stands, "the server does not start")
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        yield embedded, client
    embedded.server.should_exit = True
    await running


async def try_to_sign_in(client: httpx.AsyncClient) -> int:
    page = await client.get("/sign-in")
    form = {"username": "office", "password": "wrong", "form_token": hidden(page.text)}
    return (await client.post("/sign-in", data=form, headers=FORWARDED)).status_code


async def test_directory_hears_of_each_visitor_by_way_of_proxy_and_portal(tmp_path: Path) -> None:
    async with serving(tmp_path) as (embedded, client):
        assert await try_to_sign_in(client) == 401
        await client.post("/api/directory/v1/token", headers=FORWARDED)
    assert embedded.asked_by == [VISITOR, VISITOR]


@pytest.mark.parametrize(
    ("trusted", "believed"),
    [("", False), ("10.0.0.0/8", False), ("192.0.2.1, 198.51.100.0/24", True), ("*", True)],
)
async def test_from_elsewhere_only_a_trusted_proxy_is_believed(trusted: str, believed: bool) -> None:
    heard: list[str] = []

    async def note(scope: dict[str, object], _receive: object, _send: object) -> None:
        heard.append(str(scope["client"][0]))  # type: ignore[index]

    config = make_server(note, ServiceSettings(trusted_proxies=trusted)).config  # type: ignore[arg-type]
    config.load()
    scope = {"type": "http", "client": ("198.51.100.9", 1), "headers": [(b"x-forwarded-for", VISITOR.encode())]}
    await config.loaded_app(scope, None, None)  # type: ignore[arg-type]
    assert heard == [VISITOR if believed else "198.51.100.9"]
