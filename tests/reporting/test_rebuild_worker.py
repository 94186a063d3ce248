"""A rebuild is asked for over HTTP, carried out by a worker, and looked at until it is done."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import update

from contracts.task import ReportAccepted
from services.reporting import rebuild as rebuilding
from services.reporting.app import create_app
from services.reporting.models import CONSUMING, RebuildState, rebuilds
from services.reporting.projections import accounts, board, reports
from services.reporting.queries.rebuilds import find_claimable
from services.reporting.rebuild_worker import RebuildWorker
from services.reporting.settings import ReportingSettings
from shared.clock import system_now
from shared.consumer.projection import live_generation
from shared.events.topics import TOPICS
from tests.reporting.readers import know_key, signed_in
from tests.reporting.story import PUBLISHED, Story, account, account_id, eventful
from tests.reporting.test_rebuild import fail, publish, settled

ADDRESS = "/api/reporting/v1/projections/reporting.board/rebuild"


@pytest.fixture
async def app(database_url: str, tmp_path: Path) -> AsyncIterator[FastAPI]:
    """With its people known; nothing runs yet."""
    app = create_app(ReportingSettings(data=tmp_path, database_url=database_url))
    service = app.state.service
    await know_key(app)
    people = Story()
    for name, role in (("admin", "admin"), ("office", "office")):
        people.record(f"account/{account_id(name)}", PUBLISHED, account(name, role))
    async with service.database.write() as connection:
        await accounts.apply(connection, people.events)
    yield app
    await service.database.close()


@pytest.fixture
async def admin(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://duban", headers=signed_in("admin")) as client:
        yield client


@asynccontextmanager
async def at_work(app: FastAPI) -> AsyncIterator[None]:
    """The service's worker processes, with a story on the bus and read."""
    service = app.state.service
    async with service.running("worker"):
        await service.bus.create_topics(TOPICS)
        await publish(service, eventful().events)
        await settled(service)
        yield


async def ended(admin: httpx.AsyncClient) -> dict[str, Any]:
    end = time.monotonic() + 8  # less than an embedded worker's poll: asking wakes it
    while True:
        state: dict[str, Any] = (await admin.get(ADDRESS)).json()
        if state["state"] in ("done", "failed"):
            return state
        assert time.monotonic() < end, state
        await asyncio.sleep(0.05)


async def test_a_rebuild_is_accepted_at_once_and_carried_out(app: FastAPI, admin: httpx.AsyncClient) -> None:
    async with at_work(app):
        accepted = await admin.post(ADDRESS)
        assert (accepted.status_code, accepted.headers["Location"]) == (202, ADDRESS)
        assert (accepted.json()["state"], accepted.json()["asked_by"]) == ("asked", "admin")
        done = await ended(admin)
    assert (done["state"], done["same"], done["generation"], done["problem"]) == ("done", True, 2, None)
    assert done["events"] == done["total"] > 0


async def test_asked_for_again_meanwhile_it_is_the_same_one(admin: httpx.AsyncClient) -> None:
    first, second = (await admin.post(ADDRESS)).json(), (await admin.post(ADDRESS)).json()
    assert first == second
    assert first["state"] == "asked"


async def test_asked_for_after_it_ended_it_is_another_one(app: FastAPI, admin: httpx.AsyncClient) -> None:
    async with at_work(app):
        await admin.post(ADDRESS)
        first = await ended(admin)
        again = (await admin.post(ADDRESS)).json()
        assert (again["state"], again["hash"], again["ended_at"]) == ("asked", None, None)
        second = await ended(admin)
    assert (second["generation"], second["hash"]) == (3, first["hash"])


async def test_what_was_never_asked_for_is_not_found(admin: httpx.AsyncClient) -> None:
    answer = await admin.get(ADDRESS)
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:duban:problem:rebuild-not-found")


async def test_a_rehearsed_request_asks_for_nothing(admin: httpx.AsyncClient) -> None:
    assert (await admin.post(f"{ADDRESS}?dry_run=true")).json()["state"] == "asked"
    assert (await admin.get(ADDRESS)).status_code == 404


async def test_a_failed_rebuild_says_why_and_succeeds_once_the_handler_is_mended(
    app: FastAPI, admin: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_work(app):
        with monkeypatch.context() as broken:
            broken.setattr(rebuilding, "PATIENCE_SECONDS", 0.5)
            broken.setitem(reports.folds, ReportAccepted, fail)
            await admin.post(ADDRESS)
            assert "现用的一代" not in (await ended(admin))["problem"]
        english = await admin.get(ADDRESS, headers={"Accept-Language": "en"})
        assert "mend the handler first" in english.json()["problem"]
        await admin.post(ADDRESS)
        assert (await ended(admin))["same"]


async def test_an_unexpected_failure_is_told_without_its_details(
    app: FastAPI, admin: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_given: object) -> None:
        raise ZeroDivisionError("the password is hunter2")

    monkeypatch.setattr(rebuilding, "hash_rows", broken)
    async with at_work(app):
        await admin.post(ADDRESS)
        told = await ended(admin)
    assert told["state"] == "failed"
    assert "rebuild failed" in told["problem"]
    assert "hunter2" not in str(told)


async def test_a_rebuild_that_a_killed_process_left_is_taken_up(app: FastAPI, admin: httpx.AsyncClient) -> None:
    await admin.post(ADDRESS)
    await hand_over(app, owner="a process that was killed", seconds=3600)
    async with at_work(app):
        assert (await ended(admin))["state"] == "done"


async def test_who_lost_the_rebuild_to_another_puts_nothing_in_place(
    app: FastAPI, admin: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    comparing, taken = asyncio.Event(), asyncio.Event()
    hash_rows = rebuilding.hash_rows

    async def hash_after_it_was_taken(*given: Any) -> tuple[int, str]:
        comparing.set()
        await asyncio.wait_for(taken.wait(), 10)
        return await hash_rows(*given)

    monkeypatch.setattr(rebuilding, "hash_rows", hash_after_it_was_taken)
    service = app.state.service
    service.workers.clear()
    async with at_work(app):
        await admin.post(ADDRESS)
        rebuilds_once = asyncio.create_task(RebuildWorker(service).rebuild_once())
        await asyncio.wait_for(comparing.wait(), 10)
        await hand_over(app, owner="another", seconds=3600)
        taken.set()
        await rebuilds_once
    assert (await admin.get(ADDRESS)).json()["state"] == "running"
    async with service.database.read() as connection:
        assert await live_generation(connection, CONSUMING, board.name) == 1


@pytest.mark.parametrize(
    ("owner", "seconds", "alone", "found"),
    [
        ("mine", 60, False, True),
        ("another", 60, False, False),
        ("another", -1, False, True),
        ("another", 60, True, True),
    ],
)
async def test_a_rebuild_is_taken_from_whom_nothing_was_heard(
    app: FastAPI, admin: httpx.AsyncClient, owner: str, seconds: int, alone: bool, found: bool
) -> None:
    await admin.post(ADDRESS)
    await hand_over(app, owner, seconds)
    async with app.state.service.database.read() as connection:
        assert bool(await find_claimable(connection, "mine", system_now(), alone=alone)) is found


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_only_an_admin_asks_or_looks(app: FastAPI, method: str) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://duban") as client:
        assert (await client.request(method, ADDRESS, headers=signed_in("office"))).status_code == 403


async def hand_over(app: FastAPI, owner: str, seconds: int) -> None:
    """As if a process had claimed it and was last heard of so long before its lease ends."""
    running = {
        "state": RebuildState.RUNNING.value,
        "owner": owner,
        "lease_until": system_now() + timedelta(seconds=seconds),
    }
    async with app.state.service.database.write() as connection:
        await connection.execute(update(rebuilds).values(running))
