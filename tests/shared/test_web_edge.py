"""What every answer carries, what operators see, paging, the clock and the documentation."""

import sqlite3
from datetime import datetime
from html.parser import HTMLParser

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.shared.small_service import Small, token

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def test_a_request_id_is_taken_over_and_returned(small: Small) -> None:
    answer = await small.client.get("/things", headers={"X-Request-Id": "desk-7.2024", "traceparent": TRACE})
    assert answer.headers["X-Request-Id"] == "desk-7.2024"
    assert answer.headers["traceparent"] == TRACE


@pytest.mark.parametrize("bad", ["a", "x" * 65, "a b c d e f", 'x"\\x1b[31mred'])
async def test_a_request_id_that_could_spoil_a_log_is_replaced(small: Small, bad: str) -> None:
    answer = await small.client.get("/things", headers={"X-Request-Id": bad, "traceparent": "nonsense"})
    assert len(answer.headers["X-Request-Id"]) == 32
    assert "traceparent" not in answer.headers


async def test_requests_are_measured_by_route_and_not_by_address(small: Small) -> None:
    labels = {"service": "small", "method": "GET", "route": "/units/{unit}/things", "status": "200"}
    before = REGISTRY.get_sample_value("duban_request_seconds_count", labels) or 0
    await small.client.get("/units/futian/things")
    assert REGISTRY.get_sample_value("duban_request_seconds_count", labels) == before + 1
    assert "/units/futian/things" not in (await small.client.get("/metrics")).text


async def test_made_up_methods_do_not_fill_the_metrics(small: Small) -> None:
    for n in range(3):
        await small.client.request(f"METHOD{n}", "/things")
    text = (await small.client.get("/metrics")).text
    assert 'method="other"' in text
    assert "METHOD1" not in text


async def test_pages_go_on_where_the_last_one_ended(either: Small) -> None:
    for n in range(5):
        await either.client.post("/things", json={"name": f"n{n}"})
    seen, cursor = [], ""
    for _ in range(3):
        page = (await either.client.get(f"/things?limit=2{cursor}")).json()
        seen += [item["name"].split("-")[0] for item in page["items"]]
        cursor = f"&cursor={page['next']}"
    assert seen == ["n0", "n1", "n2", "n3", "n4"]
    assert page["next"] is None


@pytest.mark.parametrize("cursor", ["x", "e30", "!!!", "W10", "W3siYSI6MX1d", "WyJhIiwiYiJd", "%F0%9F%98%80"])
async def test_a_made_up_cursor_is_refused(small: Small, cursor: str) -> None:
    answer = await small.client.get(f"/things?cursor={cursor}")
    assert answer.status_code == 400
    assert answer.json()["type"] == "urn:duban:problem:unknown-cursor"


@pytest.mark.parametrize("limit", ["0", "-1", "201", "x"])
async def test_a_page_holds_1_to_200(small: Small, limit: str) -> None:
    assert (await small.client.get(f"/things?limit={limit}")).status_code == 422


async def test_outside_the_demo_there_is_no_clock(small: Small) -> None:
    admin = await small.add_account("root", roles=["admin"], unit=None)
    headers = {"Authorization": f"Bearer {token(admin)}"}
    assert (await small.client.get("/clock", headers=headers)).status_code == 404
    moved = await small.client.post("/clock", headers=headers, json={"to": "2030-01-01T00:00:00+08:00"})
    assert moved.status_code == 404


async def test_only_an_admin_moves_the_demo_clock(demo: Small) -> None:
    answer = await demo.client.post("/clock", json={"to": "2024-04-09T09:00:00+08:00"})
    assert answer.status_code == 403


class Sleeper:
    """A worker that notes what business time the database has when it is woken."""

    name = "sleeper"

    def __init__(self, database_url: str) -> None:
        self.path = make_url(database_url).database or ""
        self.saw: list[str] = []

    async def run(self) -> None: ...

    def wake(self) -> None:
        with sqlite3.connect(self.path) as connection:
            self.saw += [now for (now,) in connection.execute("SELECT now FROM business_clock")]

    async def work_left(self, connection: AsyncConnection, now: datetime) -> int:
        return 0

    async def next_due(self, connection: AsyncConnection, now: datetime) -> datetime | None:
        return None


async def test_moving_the_demo_clock_wakes_the_workers_once_the_new_time_is_committed(demo: Small) -> None:
    admin = await demo.add_account("root", roles=["admin"], unit=None)
    demo.client.headers["Authorization"] = f"Bearer {token(admin)}"
    worker = Sleeper(demo.service.database.url)
    demo.service.workers.append(worker)
    await demo.client.post("/clock", json={"to": "2024-04-09T09:00:00+08:00"})
    await demo.client.post("/clock?dry_run=true", json={"to": "2024-04-10T09:00:00+08:00"})
    assert [now[:19] for now in worker.saw] == ["2024-04-09 01:00:00"]


async def test_the_demo_clock_moves_forward_only(demo: Small) -> None:
    admin = await demo.add_account("root", roles=["admin"], unit=None)
    demo.client.headers["Authorization"] = f"Bearer {token(admin)}"
    assert (await demo.client.post("/clock", json={"to": "2024-04-09T09:00:00+08:00"})).status_code == 200
    state = (await demo.client.get("/clock")).json()
    assert state == {"now": "2024-04-09T01:00:00Z", "next_due": None, "work": {"outbox": 0, "lag": 0, "waiting": 0}}
    back = await demo.client.post("/clock", json={"to": "2024-04-08T09:00:00+08:00"})
    assert back.json()["type"] == "urn:duban:problem:clock-cannot-go-back"


async def test_an_instant_without_a_zone_does_not_move_the_clock(demo: Small) -> None:
    admin = await demo.add_account("root", roles=["admin"], unit=None)
    headers = {"Authorization": f"Bearer {token(admin)}"}
    answer = await demo.client.post("/clock", headers=headers, json={"to": "2024-04-09T09:00:00"})
    assert answer.json()["errors"][0]["pointer"] == "/to"


async def test_the_document_tells_tokens_and_problems(small: Small) -> None:
    document = (await small.client.get("/openapi.json")).json()
    make = document["paths"]["/api/small/v1/things"]["post"]
    assert make["security"] == [{"bearer": []}]
    assert make["responses"]["default"]["content"]["application/problem+json"]
    assert "422" not in make["responses"]
    assert {"Idempotency-Key", "dry_run"} <= {
        parameter["name"].replace("idempotency-key", "Idempotency-Key") for parameter in make["parameters"]
    }
    assert document["paths"]["/api/small/v1/livez"]["get"]["security"] == []
    assert document["components"]["schemas"]["Problem"]["required"]


class Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.outside: list[str] = []
        self.scripts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        self.outside += [value for name, value in attrs if name in ("src", "href") and value and "//" in value]


async def test_the_documentation_page_loads_nothing_from_elsewhere(small: Small) -> None:
    page = (await small.client.get("/docs")).text
    links = Links()
    links.feed(page)
    assert (links.outside, links.scripts) == ([], 0)
    assert "/api/small/v1/things" in page
    assert "ThingIn" in page
