"""The portal over real services, as a browser without JavaScript sees it."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import structlog

from services.portal.app import create_app
from services.portal.settings import PortalSettings
from tests.portal import city


@pytest.fixture(autouse=True)
def plain_logs() -> None:
    """Without this a logged traceback is drawn with all local variables, which takes seconds."""
    structlog.configure(processors=[structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer()])


@pytest.fixture(scope="session")
def made_city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return city.built_once(tmp_path_factory.mktemp("city"))


class Browser:
    """Keeps cookies, follows no redirect by itself, and fills in forms."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def open(self, path: str, language: str = "zh-CN") -> httpx.Response:
        return await self.client.get(path, headers={"Accept-Language": language})

    async def sign_in(self, username: str, password: str = city.PASSWORD, back: str = "/") -> httpx.Response:
        page = await self.open("/sign-in")
        form = {"username": username, "password": password, "form_token": hidden(page.text), "back": back}
        return await self.client.post("/sign-in", data=form)


def hidden(html: str) -> str:
    """The form's hidden word."""
    found = re.search(r'name="form_token" value="([^"]+)"', html)
    assert found, html
    return found[1]


@pytest.fixture
async def browser(made_city: Path, tmp_path: Path) -> AsyncIterator[Browser]:
    folder = city.copied(made_city, tmp_path / "city")
    async with city.services_in(folder, working=False) as apps:
        portal = create_app(PortalSettings(data=tmp_path), httpx.ASGITransport(city.one_address(apps)))
        transport = httpx.ASGITransport(portal)
        async with (
            portal.router.lifespan_context(portal),
            httpx.AsyncClient(transport=transport, base_url="http://city") as client,
        ):
            yield Browser(client)


@pytest.fixture
async def office(browser: Browser) -> Browser:
    await browser.sign_in("office")
    return browser


@pytest.fixture
async def futian(browser: Browser) -> Browser:
    await browser.sign_in("futian")
    return browser


@pytest.fixture
async def leader(browser: Browser) -> Browser:
    await browser.sign_in("leader")
    return browser
