"""Signing in and out, sessions, and what every page carries."""

import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from services.portal.app import create_app
from services.portal.sessions import COOKIE, MAX_SECONDS, Session, Sessions, session_key
from services.portal.settings import PortalSettings
from services.portal.visits import local
from tests.portal.city import PLAN
from tests.portal.conftest import Browser, hidden

BOARD = f"/plans/{PLAN}"


@asynccontextmanager
async def portal_before(status: int, folder: Path) -> AsyncIterator[Browser]:
    """The portal before services that refuse everything with one status."""

    def refuse(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, json={"title": "暂时不可用", "detail": "请稍后重试。", "status": status})

    portal = create_app(PortalSettings(data=folder), httpx.MockTransport(refuse))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(portal), base_url="http://city") as client:
        yield Browser(client)


def signed_in_for(browser: Browser, folder: Path, seconds: float) -> Session:
    """A session whose access token is good for some seconds more."""
    session = Session("office", "access", "refresh", time.time() + seconds, time.time(), "word")
    browser.client.cookies.set(COOKIE, Sessions(session_key("", folder)).seal(session))
    return session


@pytest.mark.parametrize("path", ["/", BOARD, f"{BOARD}/reports", f"{BOARD}/indicators/sites"])
async def test_without_a_session_every_page_leads_to_signing_in(path: str, browser: Browser) -> None:
    answer = await browser.open(path)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in")


async def test_after_signing_in_one_is_where_one_wanted_to_go(browser: Browser) -> None:
    refused = await browser.open(f"{BOARD}?period=2024-Q1")
    back = httpx.QueryParams(httpx.URL(refused.headers["location"]).query)["back"]
    answer = await browser.sign_in("office", back=back)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{BOARD}?period=2024-Q1")


async def test_a_wrong_password_is_told_in_a_plain_sentence(browser: Browser) -> None:
    answer = await browser.sign_in("office", "wrong password")
    assert answer.status_code == 401
    assert 'role="alert"' in answer.text
    assert COOKIE not in answer.cookies


async def test_the_session_cookie_is_kept_from_scripts_and_other_sites(browser: Browser) -> None:
    cookie = (await browser.sign_in("office")).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


@pytest.mark.parametrize(("url", "secure"), [("https://duban.example", True), ("http://127.0.0.1:8080", False)])
async def test_where_users_come_by_tls_no_cookie_goes_without(url: str, secure: bool, tmp_path: Path) -> None:
    tokens = {"access_token": "access", "refresh_token": "refresh", "token_type": "Bearer", "expires_in": 300}
    portal = create_app(
        PortalSettings(data=tmp_path, url=url), httpx.MockTransport(lambda _: httpx.Response(200, json=tokens))
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(portal), base_url="http://city") as client:
        page = await client.get("/sign-in?lang=en")
        form = {"username": "office", "password": "any", "form_token": hidden(page.text)}
        word = {"Cookie": page.headers.get_list("set-cookie")[0].partition(";")[0]}  # over HTTP a client keeps it back
        signed = await client.post("/sign-in", data=form, headers=word)
    cookies = [*page.headers.get_list("set-cookie"), *signed.headers.get_list("set-cookie")[:1]]
    assert [cookie.partition("=")[0] for cookie in cookies] == ["duban_form", "duban_lang", COOKIE]
    assert ["; secure" in cookie.lower() for cookie in cookies] == [secure] * 3


async def test_the_cookie_does_not_show_the_tokens(browser: Browser) -> None:
    await browser.sign_in("office")
    assert "eyJ" not in browser.client.cookies[COOKIE]


async def test_a_form_from_another_site_signs_nobody_in(browser: Browser) -> None:
    await browser.open("/sign-in")
    form = {"username": "office", "password": "correct horse battery", "form_token": "guessed"}
    assert (await browser.client.post("/sign-in", data=form)).status_code == 403


async def test_signing_out_needs_the_sessions_own_word(office: Browser) -> None:
    assert (await office.client.post("/sign-out", data={"form_token": "guessed"})).status_code == 403
    page = await office.open(BOARD)
    answer = await office.client.post("/sign-out", data={"form_token": hidden(page.text)})
    assert answer.headers["location"] == "/sign-in"
    assert (await office.open(BOARD)).status_code == 303


async def test_after_signing_out_a_copied_cookie_renews_nothing(office: Browser, tmp_path: Path) -> None:
    sessions = Sessions(session_key("", tmp_path))
    copied = sessions.open(office.client.cookies[COOKIE])
    assert copied
    page = await office.open(BOARD)
    await office.client.post("/sign-out", data={"form_token": hidden(page.text)})
    office.client.cookies.clear()
    office.client.cookies.set(COOKIE, sessions.seal(replace(copied, access_token="ended", expires_at=time.time())))
    answer = await office.open(BOARD)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/sign-in?back={quote(BOARD, safe='')}")


async def test_signing_out_that_did_not_end_the_session_says_so_and_keeps_the_cookie(tmp_path: Path) -> None:
    async with portal_before(503, tmp_path) as browser:
        session = signed_in_for(browser, tmp_path, 300)
        answer = await browser.client.post("/sign-out", data={"form_token": session.csrf})
    assert answer.status_code == 503
    assert COOKIE in browser.client.cookies


@pytest.mark.parametrize(("answered", "shown"), [(400, 303), (401, 303), (429, 429), (503, 503)])
async def test_only_an_ended_session_leads_to_signing_in_again(tmp_path: Path, answered: int, shown: int) -> None:
    async with portal_before(answered, tmp_path) as browser:
        signed_in_for(browser, tmp_path, 0)
        assert (await browser.open(BOARD)).status_code == shown


async def test_a_token_that_ends_soon_is_renewed_on_the_way(office: Browser, tmp_path: Path) -> None:
    sessions = Sessions(session_key("", tmp_path))
    before = sessions.open(office.client.cookies[COOKIE])
    assert before
    office.client.cookies.clear()
    stale = replace(before, access_token="ended", expires_at=time.time() + 5)
    office.client.cookies.set(COOKIE, sessions.seal(stale))
    answer = await office.open(BOARD)
    assert answer.status_code == 200
    renewed = sessions.open(answer.cookies[COOKIE])
    assert renewed
    assert renewed.refresh_token != before.refresh_token
    assert (renewed.csrf, renewed.signed_in_at) == (before.csrf, before.signed_in_at)


def test_a_cookie_that_was_changed_or_has_lived_its_day_opens_nothing(tmp_path: Path) -> None:
    key = session_key("", tmp_path)
    session = Session("office", "access", "refresh", 0.0, 1000.0, "word")
    sealed = Sessions(key, now=lambda: 1000.0).seal(session)
    assert Sessions(key, now=lambda: 1000.0 + MAX_SECONDS - 1).open(sealed) == session
    assert Sessions(key, now=lambda: 1000.0 + MAX_SECONDS).open(sealed) is None
    assert Sessions(key, now=lambda: 1000.0).open(sealed[:-2] + "xx") is None
    assert Sessions(key, now=lambda: 1000.0).open(None) is None


def test_the_key_in_the_data_folder_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    assert session_key("", tmp_path) == session_key("", tmp_path)
    assert (tmp_path / "portal.key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "address", ["https://elsewhere.example", "//elsewhere.example", "/\\elsewhere", "javascript:x", ""]
)
def test_signing_in_never_leads_to_another_site(address: str) -> None:
    assert local(address) == "/"


async def test_every_page_carries_a_strict_policy(office: Browser) -> None:
    for path in ("/sign-in", BOARD, "/nowhere", "/static/portal.css"):
        headers = (await office.open(path)).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "script-src" not in headers["content-security-policy"]
        assert (headers["x-content-type-options"], headers["x-frame-options"]) == ("nosniff", "DENY")


async def test_pages_load_nothing_from_outside_and_run_no_script(office: Browser) -> None:
    html = (await office.open(BOARD)).text
    assert not re.search(r'(?:src|href|action)="(?:https?:)?//', html)
    assert "<script" not in html
    assert " style=" not in html


async def test_the_language_is_chosen_once_and_kept(office: Browser) -> None:
    assert 'lang="zh-CN"' in (await office.open(BOARD)).text
    assert 'lang="en"' in (await office.open(f"{BOARD}?lang=en")).text
    assert 'lang="en"' in (await office.open(BOARD)).text


async def test_a_service_that_does_not_answer_is_told_in_a_plain_sentence(tmp_path: Path) -> None:
    def silent(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    portal = create_app(PortalSettings(data=tmp_path), httpx.MockTransport(silent))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(portal), base_url="http://city") as client:
        answer = await Browser(client).sign_in("office")
    assert answer.status_code == 503
    assert "暂时连不上服务" in answer.text


async def test_the_portal_is_alive_without_anything_behind_it(browser: Browser) -> None:
    assert (await browser.open("/livez")).json() == {"status": "alive"}
