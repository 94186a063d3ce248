"""Submitting a report over HTTP, against a bare route with two inserts on the same server in the same run."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from uuid import UUID

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from services.task.settings import TaskSettings
from shared.testing.servers import PostgresServer
from tests.bench.conftest import Measured
from tests.bench.processes import floor_server, load, put, task_server
from tests.bench.seeding import report_paths, seed_task

pytestmark = pytest.mark.bench
BODY = {
    "self_assessment": "on_track",
    "done": "召开专题调度会两次，走访企业十二家，新增示例企业三家，完成年度任务的百分之四十。" * 3,
    "problems": "个别项目用地手续办理较慢，已提请协调。",
    "next_steps": "下期继续推进重点项目，完成剩余企业走访。",
}
SUBMISSIONS, TURNS = 10_000, 10
WARM_UP = 400


def token_of(key: RSAKey, account: UUID, username: str) -> str:
    now = int(time.time())
    claims = {"iss": "duban", "aud": "duban", "sub": str(account), "preferred_username": username, "auth_epoch": 1}
    return jwt.encode({"alg": "RS256", "kid": key.kid}, {**claims, "iat": now, "exp": now + 3600}, key)


async def requests(settings: TaskSettings, count: int) -> list[bytes]:
    """First submissions of different reports, each by its own unit's liaison."""
    key = RSAKey.generate_key(2048, auto_kid=True)
    liaisons = await seed_task(settings, key, units=50, measures=(count // 50) + 1)
    tokens = {unit: token_of(key, account, unit) for unit, account in liaisons.items()}
    body = json.dumps(BODY, ensure_ascii=False).encode()
    paths = (await report_paths(settings))[:count]
    return [put(f"/api/task/v1{path}", body, tokens[path.split("/")[6]]) for path in paths]


@pytest.mark.postgres
async def test_submitting_reaches_its_share_of_a_bare_route(
    postgres_server: PostgresServer, tmp_path: Path, measured: Measured
) -> None:
    database, bus = postgres_server.create_database(), f"embedded:///{tmp_path / 'bus.db'}"
    settings = TaskSettings(database_url=database, bus_url=bus, data=tmp_path)
    submissions = await requests(settings, SUBMISSIONS + WARM_UP)
    floors = [put(f"/reports/{n}", json.dumps(BODY, ensure_ascii=False).encode()) for n in range(SUBMISSIONS + WARM_UP)]
    environment = {
        "DUBAN_TASK_DATABASE_URL": database,
        "DUBAN_BUS_URL": bus,
        "DUBAN_DATA": str(tmp_path),
        "DUBAN_DEMO": "0",
    }
    with (
        floor_server(postgres_server.create_database(), tmp_path / "floor.log") as bare,
        task_server(environment, tmp_path / "task.log") as ours,
    ):
        load(bare, floors[:WARM_UP], tmp_path)
        load(ours, submissions[:WARM_UP], tmp_path)
        pairs = [
            (load(bare, floors[part], tmp_path), load(ours, submissions[part], tmp_path)) for part in turns(WARM_UP)
        ]
    assert [found["statuses"] for _, found in pairs] == [{"201": SUBMISSIONS // TURNS}] * TURNS
    floor, found = (median(load["per_second"] for load in loads) for loads in zip(*pairs, strict=True))
    ratio = measured("submit a report over HTTP", "PostgreSQL", found, "requests/s", floor)
    assert ratio is not None
    assert ratio >= 0.45


def turns(start: int) -> Iterator[slice]:
    """Equal parts of what comes after the warming up, so that floor and product meet the machine in the same moods."""
    for turn in range(TURNS):
        yield slice(start + turn * SUBMISSIONS // TURNS, start + (turn + 1) * SUBMISSIONS // TURNS)


async def test_the_embedded_system_takes_five_hundred_reports_a_second(tmp_path: Path, measured: Measured) -> None:
    settings = TaskSettings(data=tmp_path)
    submissions = await requests(settings, 2000 + WARM_UP)
    environment = {"DUBAN_DATA": str(tmp_path), "DUBAN_DEMO": "0"}
    with task_server(environment, tmp_path / "task.log") as port:
        load(port, submissions[:WARM_UP], tmp_path)
        found = load(port, submissions[WARM_UP:], tmp_path)
    assert found["statuses"] == {"201": 2000}
    measured("submit a report over HTTP", "embedded", found["per_second"], "requests/s")
    assert found["per_second"] >= 500
