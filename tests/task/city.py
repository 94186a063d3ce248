"""A task service on a real database with the people of a small city, its plan, and a business clock that tests move."""

import shutil
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import httpx
import orjson
from fastapi import FastAPI
from sqlalchemy import Table, func, select

from services.task.app import create_app, create_service
from services.task.consumers import directory
from services.task.deadlines import DeadlineWorker
from services.task.models import Deadline, Report
from services.task.settings import TaskSettings
from shared.auth.tokens import TokenVerifier
from shared.bus.embedded import EmbeddedBus
from shared.clock import DemoClock
from shared.db import table_of
from shared.db.migrations import upgrade
from shared.events import Recorded
from shared.runtime import Service
from tests.shared.small_service import Keys, token
from tests.task.facts import PLAN, Q1, Q4, Directory, Document, account_id, instant, plan_file

A_DAY = 86400  # longer than any run of the tests
PREFIX = "/api/task/v1/"
CONTENT: Mapping[str, Any] = {"self_assessment": "on_track", "done": "已建成两个海外仓"}
OTHER: Mapping[str, Any] = {"self_assessment": "at_risk", "done": "已建成两个海外仓，第三个在建"}


class City:
    """What a test does with the service."""

    def __init__(self, app: FastAPI, client: httpx.AsyncClient, people: Directory) -> None:
        self.app = app
        self.client = client
        self.people = people
        self.service: Service = app.state.service
        self.worker = self.new_worker()

    def new_worker(self) -> DeadlineWorker:
        """Another timer worker, as after a restart or in a second process."""
        return DeadlineWorker(self.service, self.app.state.calendar)

    async def hear(self, events: Iterable[Recorded[Any]]) -> None:
        """What directory published reaches task."""
        async with self.service.database.write() as connection:
            await directory.apply(connection, list(events))

    async def move_to(self, time: str | datetime) -> None:
        """Move the business clock. No timer fires by itself."""
        clock = self.service.clock
        assert isinstance(clock, DemoClock)
        async with self.service.write() as work:
            await clock.advance(work.connection, instant(time) if isinstance(time, str) else time)

    async def fire(self, until: str | None = None) -> list[dict[str, Any]]:
        """Let the timers do what is due, at a later time if one is given. Returns the data of the rungs that fired."""
        if until:
            await self.move_to(until)
        before = len(await self.facts("deadline.rung_fired"))
        while await self.worker.fire_once():
            pass
        return (await self.facts("deadline.rung_fired"))[before:]

    async def facts(self, kind: str, **where: Any) -> list[dict[str, Any]]:
        """The data of the events of a type in the order in which they were recorded."""
        log = self.service.tables.log
        async with self.service.database.read() as connection:
            rows = await connection.execute(select(log.c.payload).where(log.c.type == kind).order_by(log.c.seq))
            found: list[dict[str, Any]] = [orjson.loads(row.payload) for row in rows]
        return [fact for fact in found if where.items() <= fact.items()]

    async def rows(self, table: Table, **where: Any) -> list[dict[str, Any]]:
        query = select(table).where(*(table.c[name] == value for name, value in where.items()))
        async with self.service.database.read() as connection:
            return [dict(row._mapping) for row in await connection.execute(query)]

    async def deadlines(self, **where: Any) -> list[dict[str, Any]]:
        return await self.rows(table_of(Deadline), **where)

    async def reports(self, **where: Any) -> list[dict[str, Any]]:
        return await self.rows(table_of(Report), **where)

    async def count_events(self) -> int:
        async with self.service.database.read() as connection:
            counted = await connection.execute(select(func.count()).select_from(self.service.tables.log))
            return int(counted.scalar_one())

    # --- over HTTP ------------------------------------------------------------------------------------

    async def ask(self, who: str | None, method: str, path: str, **request: Any) -> httpx.Response:
        """Send a request as somebody, or as nobody."""
        headers = dict(request.pop("headers", {}))
        if who:
            headers["Authorization"] = f"Bearer {token_of(who)}"
        return await self.client.request(method, path, headers=headers, **request)

    async def get(self, who: str, path: str, **params: Any) -> Any:
        """The body of a GET that must succeed."""
        answer = await self.ask(who, "GET", path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def pages(self, who: str, path: str, **params: Any) -> list[dict[str, Any]]:
        """The items of every page of a list."""
        page = await self.get(who, path, **params)
        items = list(page["items"])
        while page["next"]:
            page = await self.get(who, path, cursor=page["next"], **params)
            assert page["items"]
            items += page["items"]
        return items

    async def put_plan(self, file: Document, who: str | None = "office", **headers: str) -> httpx.Response:
        return await self.ask(who, "PUT", f"plans/{PLAN}", json=file, headers=headers)

    async def draft(self, file: Document, who: str = "office") -> None:
        answer = await self.ask(who, "PUT", f"plans/{file['key']}", json=file)
        assert answer.status_code in (200, 201), answer.text

    async def publish(self, plan: str = PLAN, first_period: str = Q4, **body: Any) -> dict[str, Any]:
        answer = await self.ask(
            "office-head", "POST", f"plans/{plan}/publish", json={"first_period": first_period, **body}
        )
        assert answer.status_code == 200, answer.text
        published: dict[str, Any] = answer.json()
        return published

    async def put_report(
        self,
        who: str,
        body: Mapping[str, Any] = CONTENT,
        *,
        measure: str = "1",
        unit: str | None = None,
        period: str = Q1,
        plan: str = PLAN,
        if_match: str | None = None,
    ) -> httpx.Response:
        """As the liaison of the unit of the same name, unless another unit is given."""
        headers = {} if if_match is None else {"If-Match": if_match}
        return await self.ask(who, "PUT", report(unit or who, measure, period, plan), json=body, headers=headers)

    async def submit(self, who: str, body: Mapping[str, Any] = CONTENT, **where: Any) -> dict[str, Any]:
        answer = await self.put_report(who, body, **where)
        assert answer.status_code in (200, 201), answer.text
        submitted: dict[str, Any] = answer.json()
        return submitted

    async def send_back(
        self, unit: str, *, who: str = "office", measure: str = "1", period: str = Q1, **body: Any
    ) -> dict[str, Any]:
        said = {"reason": "请补充数据", **body}
        answer = await self.ask(who, "POST", f"{report(unit, measure, period)}/return", json=said)
        assert answer.status_code == 200, answer.text
        returned: dict[str, Any] = answer.json()
        return returned

    async def accept(
        self, unit: str, *, who: str = "office", measure: str = "1", period: str = Q1, plan: str = PLAN
    ) -> dict[str, Any]:
        answer = await self.ask(who, "POST", f"{report(unit, measure, period, plan)}/accept")
        assert answer.status_code == 200, answer.text
        accepted: dict[str, Any] = answer.json()
        return accepted


@cache
def token_of(who: str) -> str:
    """One for each person: it names an account, which is the same in every city. Signing takes longer than most requests."""
    return token(account_id(who), preferred_username=who, exp=int(time.time()) + A_DAY)


def assignment(unit: str, measure: str = "1", plan: str = PLAN) -> str:
    return f"plans/{plan}/measures/{measure}/units/{unit}"


def report(unit: str, measure: str = "1", period: str = Q1, plan: str = PLAN) -> str:
    return f"{assignment(unit, measure, plan)}/reports/{period}"


def problem(answer: httpx.Response) -> str:
    """The code of a refusal, which must be a problem document with a sentence."""
    assert answer.headers["Content-Type"] == "application/problem+json", answer.text
    document = answer.json()
    assert document["status"] == answer.status_code
    assert document["detail"]
    return str(document["type"]).removeprefix("urn:duban:problem:")


def pointers(answer: httpx.Response) -> list[str]:
    """Which fields of the body a refusal names."""
    return [error["pointer"] for error in answer.json()["errors"]]


@asynccontextmanager
async def open_city(folder: Path, database_url: str) -> AsyncIterator[City]:
    """The service over a migrated database that knows the city, as `settle_people` leaves it."""
    settings = TaskSettings(data=folder, database_url=database_url, demo=True)
    app = _web_app()
    app.state.service = create_service(settings, EmbeddedBus(folder / "bus.db"))
    base_url = f"http://test{PREFIX}"
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=base_url) as client:
        yield City(app, client, Directory())
    await app.state.service.database.close()


@lru_cache(maxsize=1)
def _web_app() -> FastAPI:
    """The routes, which find their service anew for each request: building them takes longer than most tests."""
    settings = TaskSettings()
    app = create_app(settings)
    app.state.verifier = TokenVerifier(settings.issuer, settings.audience, Keys())
    return app


async def settle_people(city: City) -> None:
    """Migrate, and hear of every unit, group and account."""
    await upgrade(city.service.database, "services.task")
    await city.hear(city.people.everything())


async def make_template(folder: Path, *, published: bool) -> Path:
    """An SQLite file of the city that tests copy, since migrating and publishing anew would take most of their time."""
    file = folder / f"{'published' if published else 'people'}.db"
    async with open_city(folder, f"sqlite:///{file}") as city:
        await settle_people(city)
        if published:
            await city.draft(plan_file())
            await city.publish()
    return file


def copied(template: Path, folder: Path) -> str:
    """The address of a copy of a template."""
    return f"sqlite:///{shutil.copy(template, folder / 'task.db')}"
