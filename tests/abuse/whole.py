"""The four services with their real applications, one bus, and the story of a small city behind them."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import yaml
from fastapi import FastAPI
from sqlalchemy import select

from services.directory.models import Account, Duties
from services.directory.signing import TokenIssuer
from services.duban.catalogue import WITH_DATABASE, service_kind
from shared.bus.embedded import EmbeddedBus
from shared.clock import DemoClock
from shared.db.migrations import upgrade
from shared.events.topics import TOPICS
from shared.runtime import Service
from tests.task.city import CONTENT, OTHER, assignment, report
from tests.task.facts import DISTRICTS, PEOPLE, PLAN, Q1, Q2, Q4, UNITS, Document, instant, plan_file

VOLATILE = frozenset({"relay_lease", "sign_in_attempts"})
"""What a mere request may change: who relays, and how often somebody failed to sign in."""
PLACES = {
    "scheduled": ("1", Q2),
    "open": ("4", Q1),
    "submitted": ("1", Q4),
    "returned": ("3", Q1),
    "accepted": ("3", Q4),
    "locked": ("4", Q4),
}
"""Measure and period of Futian's report in each state, on 2024-04-08."""


class Whole:
    """The system, and tokens of everybody in it."""

    def __init__(self, apps: Mapping[str, FastAPI], clients: Mapping[str, httpx.AsyncClient]) -> None:
        self.apps, self.clients = apps, clients
        self.tokens: dict[str, str] = {}
        self.services: dict[str, Service] = {name: app.state.service for name, app in apps.items()}

    async def ask(self, who: str | None, method: str, path: str, **request: Any) -> httpx.Response:
        """Send a request to the service that the path names, as somebody or as nobody."""
        headers = dict(request.pop("headers", {}))
        if who:
            headers["Authorization"] = f"Bearer {self.tokens[who]}"
        service = path.split("/")[2]
        return await self.clients[service].request(method, path, headers=headers, **request)

    async def task(self, who: str, method: str, path: str, body: Any = None, if_match: str = "") -> None:
        """A request to task that must succeed."""
        headers = {"If-Match": if_match} if if_match else {}
        answer = await self.ask(who, method, f"/api/task/v1/{path}", json=body, headers=headers)
        assert answer.status_code in (200, 201), answer.text

    async def move_to(self, day: str) -> None:
        for service in self.services.values():
            assert isinstance(service.clock, DemoClock)
            async with service.write() as work:
                await service.clock.advance(work.connection, instant(day))
                work.after_commit += [worker.wake for worker in service.workers]

    async def settle(self) -> None:
        """Wait until every event is sent and applied and no timer is due."""
        quiet = 0
        while quiet < 2:
            left = [await service.work_left() for service in self.services.values()]
            quiet = 0 if any(sum(work.values()) for work in left) else quiet + 1
            await asyncio.sleep(0.02)

    async def digest(self) -> dict[str, str]:
        """What every database holds, as one hash each."""
        return {name: await _digest(service) for name, service in self.services.items()}


async def _digest(service: Service) -> str:
    digest = sha256()
    async with service.database.read() as connection:
        for table in service.tables.log.metadata.sorted_tables:
            if table.name not in VOLATILE:
                rows = await connection.execute(select(table).order_by(*table.primary_key))
                digest.update(repr((table.name, rows.all())).encode())
    return digest.hexdigest()


@asynccontextmanager
async def open_whole(folder: Path, databases: Mapping[str, str]) -> AsyncIterator[Whole]:
    """Every service over the given databases, which are empty, with the story told and settled."""
    bus = EmbeddedBus(folder / "bus.db")
    async with AsyncExitStack() as stack:
        await bus.start()
        stack.push_async_callback(bus.stop)
        await bus.create_topics(TOPICS)
        apps = {name: await _prepared(name, folder, url, bus) for name, url in databases.items()}
        clients = {}
        for name, app in apps.items():
            app.state.verifier = apps["directory"].state.verifier
            stack.push_async_callback(app.state.service.database.close)
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            clients[name] = await stack.enter_async_context(
                httpx.AsyncClient(transport=transport, base_url="http://test")
            )
        whole = Whole(apps, clients)
        await _tell_story(whole)
        yield whole


async def _prepared(name: str, folder: Path, url: str, bus: EmbeddedBus) -> FastAPI:
    kind = service_kind(name)
    common = {"data": folder, "database_url": url, "demo": True, "url": "http://test"}
    own = {"token_seconds": 3600} if name == "directory" else {}
    app = kind.create_app(type(kind.settings())(**common, **own), bus)
    await upgrade(app.state.service.database, kind.package)
    await kind.prepare(app)
    return app


async def _tell_story(whole: Whole) -> None:
    await _register_people(whole)
    async with AsyncExitStack() as stack:
        for service in whole.services.values():
            await stack.enter_async_context(service.running("worker"))
        await _put_units(whole)
        await whole.settle()
        await _work(whole)
        await whole.settle()


async def _register_people(whole: Whole) -> None:
    directory = whole.apps["directory"]
    issuer = TokenIssuer(directory.state.settings, directory.state.signing_keys)
    async with directory.state.service.write() as work:
        for username, facts in PEOPLE.items():
            if username == "admin":  # made on the first start
                continue
            duties = Duties(
                tuple(facts["roles"]),
                facts.get("unit"),
                tuple(facts.get("districts", ())),
                tuple(facts.get("plans", ())),
            )
            account, events = Account.register(username, duties)
            await work.add(account, events)
            whole.tokens[username] = await issuer.issue(account)
    async with directory.state.service.read() as view:
        from services.directory.queries import get_account

        whole.tokens["admin"] = await issuer.issue(await get_account(view.connection, "admin"))


async def _put_units(whole: Whole) -> None:
    units = [
        {"key": key, "name": name, "kind": kind.value, "relation": relation.value}
        for key, (name, kind, relation) in UNITS.items()
    ]
    groups = [{"key": "districts", "name": "各区", "members": list(DISTRICTS)}]
    content = yaml.safe_dump({"units": units, "groups": groups}, allow_unicode=True).encode()
    answer = await whole.ask("admin", "PUT", "/api/directory/v1/units", content=content)
    assert answer.status_code == 200, answer.text


def story_plan() -> Document:
    """With a fourth measure that Futian has left alone."""
    document = plan_file()
    fourth = {"key": "4", "title": "培育市场主体", "strength": "binding", "units": [{"unit": "futian", "role": "lead"}]}
    document["areas"][1]["measures"].append(fourth)
    return document


async def _work(whole: Whole) -> None:
    """Until the morning of 2024-04-08, with a report of Futian in each state of PLACES."""
    await whole.task("office", "PUT", f"plans/{PLAN}", story_plan())
    await whole.task("office-head", "POST", f"plans/{PLAN}/publish", {"first_period": Q4})
    await whole.move_to("2024-01-05")
    await whole.task("futian", "PUT", report("futian", "1", Q4), CONTENT)
    await whole.task("futian", "PUT", report("futian", "3", Q4), CONTENT)
    await whole.task("office", "POST", f"{report('futian', '3', Q4)}/accept")
    await whole.move_to("2024-04-08")
    await whole.task("futian", "PUT", report("futian", "3", Q1), OTHER)
    await whole.task("office", "POST", f"{report('futian', '3', Q1)}/return", {"reason": "请补充数据"})
    await whole.task("nanshan", "POST", f"{assignment('nanshan')}/acknowledge")


def empty_databases(folder: Path) -> dict[str, str]:
    return {name: f"sqlite:///{folder / f'{name}.db'}" for name in WITH_DATABASE}
