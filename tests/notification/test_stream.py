"""An open inbox page: what it hears, for how long, and how it ends."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import httpx
import orjson
import pytest

from services.duban import serving as serving_module
from services.duban.serving import make_server
from services.notification import stream
from services.notification.channels.inbox import Doorbell, NoRoom
from services.notification.stream import InboxStream
from shared.testing.settle import PATIENCE_SECONDS
from tests.notification.desk import Desk, app_of, sign_in
from tests.notification.events import account_id

Read = tuple[str, Any]


def listen(desk: Desk, username: str = "futian", since: datetime | None = None) -> AsyncIterator[bytes]:
    made = InboxStream(desk.service, desk.worker.doorbell, desk.worker.wording, account_id(username), "zh-CN", since)
    made._from = desk.clock.system
    return aiter(made)


async def hear(page: AsyncIterator[bytes]) -> list[Read]:
    """The next message's events; a sign of life has none."""
    message = await asyncio.wait_for(anext(page), PATIENCE_SECONDS)
    found = []
    for block in message.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        if fields:
            found.append((fields["event"], orjson.loads(fields["data"])))
    return found


async def test_a_page_first_hears_how_much_is_unread(desk: Desk) -> None:
    await desk.hear(desk.story.returned())
    await desk.deliver()
    desk.clock.pass_system(minutes=1)
    page = listen(desk)
    assert await hear(page) == [("unread", {"unread": 1})]
    assert await hear(page) == []


async def test_a_page_hears_of_a_new_notice_as_it_comes(desk: Desk) -> None:
    page = listen(desk)
    await hear(page)
    await hear(page)
    await desk.hear(desk.story.returned())
    await desk.worker.deliver_once()
    [(event, item)] = await hear(page)
    assert (event, item["template"], item["due"]) == ("notice", "report_returned", "2024-04-11")


async def test_a_page_hears_of_each_notice_once(desk: Desk) -> None:
    page = listen(desk)
    await hear(page)
    await hear(page)
    for measure in ("15", "16"):
        await desk.hear(desk.story.accepted(measure))
        await desk.worker.deliver_once()
        [(_, item)] = await hear(page)
        assert item["measure"] == measure


async def test_a_page_hears_of_everything_that_comes_at_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "MOST_AT_ONCE", 2)
    page = listen(desk)
    await hear(page)
    await hear(page)
    accepted = [desk.story.accepted(comment=str(n)) for n in range(7)]
    await desk.hear(*accepted)
    await desk.worker.deliver_once()
    heard = [item["id"] for _ in range(4) for _, item in await hear(page)]
    assert len(set(heard)) == len(heard) == 7
    await desk.hear(desk.story.accepted("15"))
    await desk.worker.deliver_once()
    assert [item["measure"] for _, item in await hear(page)] == ["15"]


async def test_a_page_that_opens_does_not_hear_again_what_is_there(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "MOST_AT_ONCE", 2)
    await desk.hear(*(desk.story.accepted(comment=str(n)) for n in range(5)))
    await desk.worker.deliver_once()
    page = listen(desk)
    assert await hear(page) == [("unread", {"unread": 5})]
    assert await hear(page) == []


async def test_a_page_hears_nothing_of_others(desk: Desk) -> None:
    page, waiting = listen(desk, "guangming"), desk.worker.doorbell
    await hear(page)
    await hear(page)
    await desk.hear(desk.story.returned())
    await desk.worker.deliver_once()
    assert not any(heard.is_set() for heard in waiting._listeners)


async def test_a_page_that_connects_again_hears_what_it_missed(desk: Desk) -> None:
    since = desk.clock.system
    await desk.hear(desk.story.returned())
    desk.clock.pass_system(minutes=1)
    await desk.worker.deliver_once()
    page = listen(desk, since=since)
    assert await hear(page) == [("unread", {"unread": 1})]
    assert [event for event, _ in await hear(page)] == ["notice"]


async def test_a_stream_ends_when_the_process_stops(desk: Desk) -> None:
    page = listen(desk)
    await hear(page)
    await hear(page)
    desk.worker.doorbell.close()
    with pytest.raises(StopAsyncIteration):
        await hear(page)
    assert desk.worker.doorbell._listeners == {}


async def test_a_stream_ends_before_its_token_does(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "STREAM_SECONDS", 0.0)
    page = listen(desk)
    await hear(page)
    with pytest.raises(StopAsyncIteration):
        await hear(page)


async def test_a_full_house_is_told_when_to_come_back(desk: Desk) -> None:
    desk.worker.doorbell.limit = 0
    answer = await desk.ask("futian", "GET", "inbox/stream")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")


async def test_a_stream_is_served_as_events_that_no_proxy_keeps(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "STREAM_SECONDS", 0.0)
    answer = await desk.ask("futian", "GET", "inbox/stream")
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.text == 'event: unread\ndata: {"unread":0}\n\n'


def test_a_listener_that_leaves_makes_room() -> None:
    bell = Doorbell(limit=1)
    with bell.listening(account_id("futian")):
        assert bell.is_full
        with pytest.raises(NoRoom), bell.listening(account_id("office")):
            pass
    assert not bell.is_full


@pytest.mark.parametrize("desk", ["sqlite"], indirect=True)
async def test_a_server_with_an_open_page_stops_at_once(
    desk: Desk, unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving_module, "SHUTDOWN_SECONDS", 3600)
    settings = desk.service.settings.model_copy(update={"port": unused_tcp_port})
    server = make_server(app_of(desk.service), settings)
    serving = asyncio.create_task(server.serve())
    url = f"http://127.0.0.1:{unused_tcp_port}/api/notification/v1/inbox/stream"
    async with httpx.AsyncClient(trust_env=False) as client:
        await server.accepting.wait()
        async with client.stream("GET", url, headers=sign_in("futian")) as page:
            chunks = page.aiter_bytes()
            assert await anext(chunks) == b'event: unread\ndata: {"unread":0}\n\n'
            server.should_exit = True
            assert [chunk async for chunk in chunks if chunk != b":\n\n"] == []
    await serving
