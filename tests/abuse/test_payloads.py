"""Bodies that nobody should send, on every route that takes one: each is refused with a problem and changes nothing.

They are sent by somebody who would be let through, so that the body is what is refused.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.abuse.rights import EVERYBODY, RIGHTS, Right, rows
from tests.abuse.whole import Whole, story_plan

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.usefixtures("unchanged")]
JSON = {"Content-Type": "application/json"}
DOCUMENTS = {("directory", "PUT /units"), ("task", "PUT /plans/{plan}")}
"""Their bodies are files, YAML or JSON, that the service reads itself."""
BODIES = [row for row in rows(RIGHTS) if RIGHTS[row[0]][row[1]].body is not None or row in DOCUMENTS]
OBJECTS = [row for row in BODIES if row not in DOCUMENTS]
PLACEHOLDER = re.compile(r"(?<!\{)\{[a-z_]+\}")
DEPTH = 10_000
TEN_MB = 10 * 1024 * 1024


def refusal(answer: httpx.Response, *statuses: int) -> dict[str, Any]:
    """The problem document, which has a stable type and a sentence without holes."""
    assert answer.status_code in statuses, answer.text[:500]
    assert answer.headers["Content-Type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert document["type"].startswith("urn:duban:problem:")
    assert document["status"] == answer.status_code
    assert document["detail"]
    assert not PLACEHOLDER.search(document["detail"])
    assert document["request_id"] == answer.headers["X-Request-Id"]
    return document


def sender(right: Right) -> str:
    """Somebody who is let through."""
    return min(right.through or EVERYBODY)


async def send(whole: Whole, service: str, route: str, *, rehearsed: bool = False, **request: Any) -> httpx.Response:
    right = RIGHTS[service][route]
    method, path = right.address(route).split(" ", 1)
    params = {"dry_run": "true"} if rehearsed else {}
    return await whole.ask(sender(right), method, f"/api/{service}/v1{path}", params=params, **request)


def valid(service: str, route: str) -> Any:
    return story_plan() if (service, route) == ("task", "PUT /plans/{plan}") else RIGHTS[service][route].body


async def test_every_write_route_with_a_body_is_among_them() -> None:
    assert len(OBJECTS) >= 18
    assert set(BODIES) >= DOCUMENTS


@pytest.mark.parametrize(("service", "route"), OBJECTS)
async def test_what_is_not_json_is_400(whole: Whole, service: str, route: str) -> None:
    for content in (b"{", b'{"a": 1,}', b"\xff\xfe{", b'{"a": "\xff"}', b"{'a': 1}", b"[" * DEPTH, b'{"a":' * DEPTH):
        document = refusal(await send(whole, service, route, content=content, headers=JSON), 400)
        assert document["type"] == "urn:duban:problem:malformed-json"


@pytest.mark.parametrize(("service", "route"), sorted(DOCUMENTS))
async def test_a_file_that_cannot_be_read_is_400(whole: Whole, service: str, route: str) -> None:
    for content in (b"{", b"a: [", b"\xff\xfe{", b"a: &a [1]\nb: *a", b"[" * DEPTH, b"- " * DEPTH, b"a: 1\na: 2"):
        document = refusal(await send(whole, service, route, content=content), 400)
        assert document["type"] == "urn:duban:problem:unreadable-document"


@pytest.mark.parametrize(("service", "route"), BODIES)
async def test_what_is_not_an_object_is_422(whole: Whole, service: str, route: str) -> None:
    for body in ([], [1], "text", 1, True, 1.5):
        refusal(await send(whole, service, route, content=json.dumps(body).encode(), headers=JSON), 422)


@pytest.mark.parametrize(("service", "route"), BODIES)
async def test_a_field_that_does_not_exist_is_named(whole: Whole, service: str, route: str) -> None:
    answer = await send(whole, service, route, json={**valid(service, route), "sur/plus~": 1})
    pointers = [error["pointer"] for error in refusal(answer, 422)["errors"]]
    assert pointers == ["/sur~1plus~0"]


@pytest.mark.parametrize(("service", "route"), BODIES)
async def test_a_field_named_by_half_a_character_is_refused(whole: Whole, service: str, route: str) -> None:
    content = json.dumps({**valid(service, route), "\ud800": 1}).encode()
    refusal(await send(whole, service, route, content=content, headers=JSON), 400, 422)


HOSTILE: dict[str, bytes] = {
    "null": b"null",
    "object": b'{"a": {"b": []}}',
    "nan": b"NaN",
    "infinity": b"-Infinity",
    "overflow": b"1e400",
    "long number": b"9" * 4000,
    "longer number": b"9" * 5000,
    "half a character": b'"\\ud800"',
    "nul": b'"a\\u0000b"',
    "sql": b'"\'; DROP TABLE event_log; --"',
    "long text": b'"' + b"x" * 300_000 + b'"',
    "deep list": b"[" * 500 + b"]" * 500,
}


def variations(body: dict[str, Any]) -> Iterator[tuple[str, bytes]]:
    """The body with one field at a time replaced by each hostile value."""
    for name in body:
        for kind, value in HOSTILE.items():
            marked = json.dumps({**body, name: "@@"}, ensure_ascii=False).encode()
            yield f"{name}: {kind}", marked.replace(b'"@@"', value)


@pytest.mark.parametrize(("service", "route"), BODIES)
async def test_no_value_of_any_field_is_a_failure_inside(whole: Whole, service: str, route: str) -> None:
    """Rehearsed: some of them are good values for some field."""
    right = RIGHTS[service][route]
    for what, content in variations(valid(service, route)):
        answer = await send(whole, service, route, rehearsed=True, content=content, headers=JSON)
        if answer.status_code != right.status:
            refusal(answer, 400, 404, 409, 413, 422, 428)
        assert answer.status_code < 500, what


@pytest.mark.parametrize(("service", "route"), BODIES)
async def test_ten_megabytes_are_413_and_the_limit_is_named(whole: Whole, service: str, route: str) -> None:
    answer = await send(whole, service, route, content=b" " * TEN_MB, headers=JSON)
    assert refusal(answer, 413)["type"] == "urn:duban:problem:body-too-large"


@pytest.mark.parametrize(("service", "route"), OBJECTS)
async def test_another_content_type_is_told_to_be_json(whole: Whole, service: str, route: str) -> None:
    content = json.dumps(valid(service, route)).encode()
    for kind in (
        "text/plain",
        "application/xml",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
    ):
        answer = await send(whole, service, route, content=content, headers={"Content-Type": kind})
        assert "application/json" in refusal(answer, 422)["errors"][0]["detail"]


@pytest.mark.parametrize(("service", "route"), [row for row in rows(RIGHTS) if row[1].startswith("PUT")])
async def test_a_precondition_that_is_no_version_is_told_its_form(whole: Whole, service: str, route: str) -> None:
    takes_a_version = (service, route) != ("directory", "PUT /units")
    for value in ("*", "2", '"abc"', '"1", "2"', '"99999999999"', "x" * 5000):
        request = {"json": valid(service, route), "headers": {"If-Match": value}}
        answer = await send(whole, service, route, rehearsed=True, **request)
        if takes_a_version:
            assert refusal(answer, 400)["type"] == "urn:duban:problem:malformed-if-match"


FORMS = [
    b"",
    b"grant_type=password",
    b"grant_type=password&username=admin&password=",
    b"grant_type=password&username=%00&password=x",
    b"grant_type=password&username=%ED%A0%80&password=x",
    b"grant_type=refresh_token&refresh_token=' OR ''='",
    b"grant_type=client_credentials&client_id=%00&client_secret=%00",
    b"grant_type=magic",
    b"username=" + b"x" * 2000,
    b"&" * 5000,
]


@pytest.mark.parametrize("content", FORMS, ids=range(len(FORMS)))
async def test_a_bad_form_gives_no_token(whole: Whole, content: bytes) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await whole.ask(None, "POST", "/api/directory/v1/token", content=content, headers=headers)
    refusal(answer, 400, 401, 422)


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "multipart/form-data; boundary=x"])
async def test_a_token_is_asked_for_with_a_form(whole: Whole, kind: str) -> None:
    content = json.dumps({"grant_type": "password", "username": "admin", "password": "x"}).encode()
    answer = await whole.ask(None, "POST", "/api/directory/v1/token", content=content, headers={"Content-Type": kind})
    refusal(answer, 400, 422)


async def test_ten_megabytes_of_form_are_413(whole: Whole) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    content = b"grant_type=" + b"x" * TEN_MB
    refusal(await whole.ask(None, "POST", "/api/directory/v1/token", content=content, headers=headers), 413)
