"""Addresses, parameters, cursors and headers that nobody should send, on every route of every service."""

import base64
import json
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.abuse.rights import ID, RIGHTS, USUAL, rows
from tests.abuse.test_payloads import refusal, sender
from tests.abuse.whole import Whole

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.usefixtures("unchanged")]
READS = [row for row in rows(RIGHTS) if row[1].startswith("GET")]
WITH_KEYS = [row for row in READS if "{" in row[1]]


async def get(whole: Whole, service: str, route: str, path: str, **request: Any) -> httpx.Response:
    """As somebody who is let through. The path is sent as it is written."""
    headers = {"Authorization": f"Bearer {whole.tokens[sender(RIGHTS[service][route])]}"}
    return await whole.clients[service].get(f"http://test{path}", headers=headers, **request)


def address(service: str, route: str, **changed: str) -> str:
    right = RIGHTS[service][route]
    return f"/api/{service}/v1" + route.removeprefix("GET ").format(**USUAL | right.where | changed)


def parameters(whole: Whole, service: str, route: str, where: str) -> list[str]:
    path = f"/api/{service}/v1{route.removeprefix('GET ')}"
    operation = whole.apps[service].openapi()["paths"][path]["get"]
    return [given["name"] for given in operation.get("parameters", ()) if given["in"] == where]


@pytest.mark.parametrize(("service", "route"), READS)
async def test_an_address_written_otherwise_is_another_address(whole: Whole, service: str, route: str) -> None:
    path = address(service, route)
    tricks = [
        f"{path}/",
        f"{path}%2f",
        f"{path};x=1",
        f"{path}/%2e%2e/%2e%2e/etc/passwd",
        path.replace("/v1/", "/v1//"),
        path.replace("/v1/", "/v1/%2e/"),
        path.replace("/v1/", "/V1/"),
        path.replace("/api/", "/API/"),
        path.replace("/v1/", "/v2/"),
    ]
    for trick in tricks:
        refusal(await get(whole, service, route, trick), 404, 422)


async def test_a_segment_up_is_resolved_by_the_client_or_is_nothing(whole: Whole) -> None:
    answer = await get(whole, "task", "GET /plans", "/api/task/v1/plans/%2e%2e/todo")
    refusal(answer, 404, 422)


NASTY = [
    "%00",
    "a%00b",
    "%ed%a0%80",
    "%ff",
    "%F0%9F%98%80",
    quote("' OR ''='"),
    quote("'; DROP TABLE event_log; --"),
    "%25",
    "..%2f..%2fetc%2fpasswd",
    "-1",
    "9" * 40,
    "null",
    quote("{{7*7}}"),
    "x" * 5000,
]


@pytest.mark.parametrize(("service", "route"), WITH_KEYS)
async def test_no_key_in_an_address_is_a_failure_inside(whole: Whole, service: str, route: str) -> None:
    for name in parameters(whole, service, route, "path"):
        for value in NASTY:
            refusal(await get(whole, service, route, address(service, route, **{name: value})), 404, 422)


@pytest.mark.parametrize(("service", "route"), READS)
async def test_no_filter_is_a_failure_inside_and_none_finds_more(whole: Whole, service: str, route: str) -> None:
    plain = await get(whole, service, route, address(service, route))
    for name in parameters(whole, service, route, "query"):
        for value in (*NASTY[::2], "0", "1e9", str(2**63), "true"):
            answer = await get(whole, service, route, f"{address(service, route)}?{name}={value}")
            if answer.status_code != 200:
                refusal(answer, 400, 404, 422)
            elif "items" in answer.json():
                assert len(answer.json()["items"]) <= len(plain.json().get("items", ()))


def forged(*key: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).rstrip(b"=").decode()


CURSORS = [
    "",
    "x",
    "!!!",
    "e30",
    "bnVsbA",
    forged(),
    forged(None),
    forged(1),
    forged(1, 2, 3, 4),
    forged("2024-04-08", 5),
    forged("2024-04-08"),
    forged("2024-04-08T09:00:00", ID),
    forged("0001-01-01T00:00:00+14:00", ID),
    forged("unread", "9999-12-31T23:59:59-14:00", ID),
    forged("\x00"),
    forged("\x00", "\x00"),
    forged("\ud800"),
    forged(["nested"]),
    forged({"a": 1}),
    forged(10**30),
    forged("' OR ''='", "x"),
    "W" * 600,
]


@pytest.mark.parametrize(("service", "route"), READS)
async def test_a_made_up_cursor_is_refused_or_merely_a_place(whole: Whole, service: str, route: str) -> None:
    """A cursor of the right form is a place in the list, wherever it came from; it opens nothing that a filter would not."""
    if "cursor" not in parameters(whole, service, route, "query"):
        return
    plain = await get(whole, service, route, address(service, route))
    for cursor in CURSORS:
        answer = await get(whole, service, route, f"{address(service, route)}?cursor={cursor}")
        if answer.status_code == 200:
            assert len(answer.json()["items"]) <= len(plain.json().get("items", ()))
        else:
            refusal(answer, 400, 422)


@pytest.mark.parametrize("service", RIGHTS)
async def test_a_method_that_does_not_apply_is_405(whole: Whole, service: str) -> None:
    for path in whole.apps[service].openapi()["paths"]:
        answer = await whole.ask("admin", "DELETE", path.format(**USUAL))
        assert "DELETE" not in answer.headers["Allow"]
        refusal(answer, 405)


HEADERS = [
    {"Accept-Language": "x" * 10_000},
    {"Accept-Language": "en;q=" + "9" * 400},
    {"X-Request-Id": "\x1b[31mred"},
    {"traceparent": "00-" + "0" * 32 + "-" + "0" * 16 + "-zz"},
    {"Accept": "application/xml"},
    {"Content-Length": "nonsense"},
    {"Range": "bytes=0-1"},
    {"Last-Event-ID": "' OR ''='"},
    {"Cookie": "a=" + "b" * 5000},
]


@pytest.mark.parametrize("headers", HEADERS, ids=[next(iter(headers)) for headers in HEADERS])
async def test_no_header_is_a_failure_inside(whole: Whole, headers: dict[str, str]) -> None:
    for service, path in (("task", "plans"), ("directory", "me"), ("notification", "inbox"), ("reporting", "overview")):
        answer = await whole.ask("office", "GET", f"/api/{service}/v1/{path}", headers=headers)
        assert answer.status_code == 200
        assert "\x1b" not in answer.headers["X-Request-Id"]


@pytest.mark.parametrize("key", ["", "x" * 256, "x" * 10_000])
async def test_an_idempotency_key_of_the_wrong_length_is_refused(whole: Whole, key: str) -> None:
    headers = {"Idempotency-Key": key}
    path = "/api/task/v1/plans/harbour/measures/4/units/futian/acknowledge"
    refusal(await whole.ask("futian", "POST", path, headers=headers), 422)


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic YWRtaW46eA==",
        "Bearer x.y.z",
        "Bearer " + "x" * 100_000,
        "Bearer \x00",
        "bearer a b",
    ],
)
@pytest.mark.parametrize("service", RIGHTS)
async def test_what_is_no_token_lets_nobody_in(whole: Whole, service: str, authorization: str) -> None:
    path = f"/api/{service}/v1/{'todo' if service == 'task' else 'audit/verify'}"
    answer = await whole.clients[service].get(path, headers={"Authorization": authorization})
    assert refusal(answer, 401)["type"] == "urn:duban:problem:not-authenticated"
