"""A small city, made once by the real directory, task and reporting, and then read by the portal."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import insert

from services.directory.app import create_app as create_directory
from services.directory.app import prepare
from services.directory.settings import DirectorySettings
from services.duban.serving import OneAddress
from services.reporting.app import create_app as create_reporting
from services.reporting.settings import ReportingSettings
from services.task.app import create_app as create_task
from services.task.settings import TaskSettings
from shared.auth.keys import known_keys_table
from shared.bus.embedded import EmbeddedBus
from shared.clock import system_now
from shared.db.migrations import upgrade
from shared.events.topics import TOPICS
from shared.testing.settle import settle

PASSWORD = "correct horse battery"
NOW = "2024-03-28T09:00:00+08:00"
PLAN = "city-plan"
UNITS = """
units:
  - {key: lg, name: 领导小组, kind: group, relation: subordinate}
  - {key: lg-office, name: 领导小组办公室, kind: office, relation: subordinate, parent: lg}
  - {key: futian, name: 福田区人民政府, name_en: Futian, short_name: 福田区, kind: district, relation: subordinate}
  - {key: luohu, name: 罗湖区人民政府, name_en: Luohu, short_name: 罗湖区, kind: district, relation: subordinate}
  - {key: customs, name: 深圳海关, name_en: Customs, kind: vertical, relation: requested}
groups: []
"""
PLAN_FILE: dict[str, Any] = {
    "key": PLAN,
    "title": "示例行动方案",
    "title_en": "Example plan",
    "issuer": "示例市",
    "starts": "2024-01-01",
    "ends": "2024-12-31",
    "office": "lg-office",
    "reporting": {"cycle": "quarterly"},
    "areas": [
        {
            "number": "一",
            "title": "示例领域",
            "title_en": "Example area",
            "measures": [
                {"key": "1", "title": "示例措施<一>", "title_en": "First", "strength": "binding", "units": [{"unit": "futian", "role": "lead"}, {"unit": "customs", "role": "lead"}]},
                {"key": "2", "title": "示例措施二", "title_en": "Second", "strength": "encourage", "units": [{"unit": "luohu", "role": "lead"}]},
            ],
        }
    ],
    "indicators": [
        {"key": "sites", "title": "示例站点", "title_en": "Sites", "measure": "1", "unit": "个", "kind": "cumulative", "target": {"comparator": ">=", "value": "3", "strength": "binding", "deadline": "2024-12-31"}},
    ],
}  # fmt: skip
ACCOUNTS: Mapping[str, dict[str, Any]] = {
    "office": {"roles": ["office"], "unit": "lg-office"},
    "office-head": {"roles": ["office_head"], "unit": "lg-office"},
    "leader": {"roles": ["leader"], "unit": "lg"},
    "futian": {"roles": ["liaison"], "unit": "futian"},
    "luohu": {"roles": ["liaison"], "unit": "luohu"},
}
FIRST = {"self_assessment": "at_risk", "done": "正在选址。"}
REPORT = {
    "self_assessment": "on_track",
    "done": "已建成一处。<script>alert(1)</script>",
    "readings": [{"indicator": "sites", "value": "1"}],
    "evidence": [
        {"kind": "link", "url": "https://example.org/news?a=1&b=2", "title": "开通<新闻>"},
        {"kind": "entity", "name": "示例企业A", "credit_code": "91440300MA5EXAMP1X"},
    ],
}


def apps_in(folder: Path, bus: EmbeddedBus) -> dict[str, FastAPI]:
    common: dict[str, Any] = {"data": folder, "demo": True, "demo_starts": NOW}
    return {
        "directory": create_directory(DirectorySettings(**common, admin_password=PASSWORD), bus),
        "task": create_task(TaskSettings(**common), bus),
        "reporting": create_reporting(ReportingSettings(**common), bus),
    }


@asynccontextmanager
async def services_in(folder: Path, *, working: bool) -> AsyncIterator[dict[str, FastAPI]]:
    """The services over the databases in a folder; `working` ones also relay and consume."""
    bus = EmbeddedBus(folder / "bus.db")
    async with AsyncExitStack() as stack:
        await bus.start()
        stack.push_async_callback(bus.stop)
        await bus.create_topics(TOPICS)
        apps = apps_in(folder, bus)
        for name, app in apps.items():
            await upgrade(app.state.service.database, f"services.{name}")
        await prepare(apps["directory"])
        for app in apps.values():
            await stack.enter_async_context(app.state.service.running("all" if working else "web"))
        yield apps


async def build(folder: Path) -> None:
    """A published plan; Futian has reported its first quarter, again after a return, and the office has accepted it."""
    async with services_in(folder, working=True) as apps:
        services = [app.state.service for app in apps.values()]
        async with httpx.AsyncClient(transport=httpx.ASGITransport(one_address(apps)), base_url="http://city") as http:
            await trust_directory(http, apps)
            admin = await token(http, "admin")
            await sent(http, admin, "PUT", "directory/v1/units", content=UNITS.encode())
            for name, duties in ACCOUNTS.items():
                body = {"username": name, "password": PASSWORD, **duties}
                await sent(http, admin, "POST", "directory/v1/accounts", json=body)
            await settle(*services)
            await publish_and_report(http)
            await settle(*services)


async def publish_and_report(http: httpx.AsyncClient) -> None:
    head, office, futian = [await token(http, name) for name in ("office-head", "office", "futian")]
    await sent(http, head, "PUT", f"task/v1/plans/{PLAN}", json=PLAN_FILE)
    await sent(http, head, "POST", f"task/v1/plans/{PLAN}/publish", json={"first_period": "2024-Q1", "sample": True})
    report = f"task/v1/plans/{PLAN}/measures/1/units/futian/reports/2024-Q1"
    await sent(http, futian, "PUT", report, json=FIRST)
    await sent(http, office, "POST", f"{report}/return", json={"reason": "请写明<站点>名称。"})
    await send_again(http, futian, report)
    await sent(http, head, "POST", f"{report}/accept", json={"comment": "材料齐全。"})


async def send_again(http: httpx.AsyncClient, bearer: str, report: str) -> None:
    headers = {"Authorization": f"Bearer {bearer}", "If-Match": '"1"'}
    answer = await http.put(f"/api/{report}", headers=headers, json=REPORT)
    assert answer.status_code == 200, answer.text


async def sent(http: httpx.AsyncClient, bearer: str, method: str, path: str, **body: Any) -> httpx.Response:
    answer = await http.request(method, f"/api/{path}", headers={"Authorization": f"Bearer {bearer}"}, **body)
    assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
    return answer


async def token(http: httpx.AsyncClient, username: str) -> str:
    form = {"grant_type": "password", "username": username, "password": PASSWORD}
    return str((await http.post("/api/directory/v1/token", data=form)).json()["access_token"])


async def trust_directory(http: httpx.AsyncClient, apps: Mapping[str, FastAPI]) -> None:
    """Give the others directory's key; over a real network they would fetch it."""
    keys = (await http.get("/api/directory/v1/jwks.json")).json()["keys"]
    rows = [{"kid": jwk["kid"], "jwk": jwk, "seen_at": system_now()} for jwk in keys]
    for name in ("task", "reporting"):
        service = apps[name].state.service
        async with service.database.write() as connection:
            await connection.execute(insert(known_keys_table(service.tables.log.metadata)), rows)


def one_address(apps: Mapping[str, FastAPI]) -> OneAddress:
    return OneAddress({**apps, "portal": FastAPI()})


def built_once(folder: Path) -> Path:
    asyncio.run(build(folder))
    return folder


def copied(made: Path, folder: Path) -> Path:
    return Path(shutil.copytree(made, folder))
