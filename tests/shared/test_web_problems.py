"""Every failure is a problem document that says what to do, in the caller's language, and nothing of the inside."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from shared.web.language import preferred
from tests.shared.small_service import MIB, Small

JSON = {"Content-Type": "application/json"}
MEMBERS = {"type", "title", "status", "detail", "request_id"}


def problem(answer: httpx.Response) -> dict[str, Any]:
    assert answer.headers["Content-Type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert document.keys() >= MEMBERS
    assert document["status"] == answer.status_code
    assert document["request_id"] == answer.headers["X-Request-Id"]
    return document


@pytest.mark.parametrize(
    "body",
    [b"{", b'{"name": "a",}', b"\xff\xfe", b'{"name": "\xff"}', b"[" * 100_000, b"name=a"],
    ids=["cut", "comma", "not-utf8", "bad-bytes", "depth", "form"],
)
async def test_malformed_json_is_400(small: Small, body: bytes) -> None:
    answer = await small.client.post("/things", content=body, headers=JSON)
    assert problem(answer)["type"] == "urn:duban:problem:malformed-json"
    assert answer.status_code == 400


async def test_unknown_and_missing_fields_are_named(small: Small) -> None:
    answer = await small.client.post("/things", json={"nam": "a", "status": "done"})
    assert answer.status_code == 422
    assert problem(answer)["errors"] == [
        {"pointer": "/name", "detail": "必填"},
        {"pointer": "/nam", "detail": "没有这个字段，请检查拼写"},
        {"pointer": "/status", "detail": "没有这个字段，请检查拼写"},
    ]


async def test_english_is_spoken_to_those_who_prefer_it(small: Small) -> None:
    answer = await small.client.post("/things", json={"nam": "a"}, headers={"Accept-Language": "en-GB,zh;q=0.5"})
    document = problem(answer)
    assert answer.headers["Content-Language"] == "en"
    assert document["detail"] == "2 field(s) need correction, see errors."
    assert document["errors"][0] == {"pointer": "/name", "detail": "is required"}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"name": ""}, "/name"),
        ({"name": "x" * 101}, "/name"),
        ({"name": 1}, "/name"),
        ({"name": "a", "wanted": "2024-04-08T09:00:00"}, "/wanted"),
        ({"name": "a", "wanted": "soon"}, "/wanted"),
        ([], ""),
    ],
)
async def test_a_wrong_field_is_pointed_at(small: Small, body: object, pointer: str) -> None:
    answer = await small.client.post("/things", json=body)
    (error,) = problem(answer)["errors"]
    assert error["pointer"] == pointer
    assert "{" not in error["detail"]


async def test_half_a_character_is_pointed_at(small: Small) -> None:
    answer = await small.client.post("/things", content=b'{"name": "\\ud800"}', headers=JSON)
    assert problem(answer)["errors"] == [{"pointer": "/name", "detail": "含有无效字符"}]


async def test_a_body_that_is_not_called_json_is_told_how_to_be(small: Small) -> None:
    answer = await small.client.post("/things", data={"name": "a"})
    assert answer.status_code == 422
    assert "application/json" in problem(answer)["errors"][0]["detail"]


async def test_a_parameter_is_named_where_it_is_wrong(small: Small) -> None:
    answer = await small.client.get("/things?limit=0")
    assert problem(answer)["errors"] == [{"pointer": "", "parameter": "limit", "detail": "应不小于 1"}]


async def test_an_address_that_does_not_exist_is_404(small: Small) -> None:
    for path in ("/nothing", "/things/", "/Things", "//things"):
        assert problem(await small.client.get(path))["type"] == "urn:duban:problem:no-such-address"


async def test_a_method_that_does_not_apply_is_405(small: Small) -> None:
    answer = await small.client.delete("/things/a")
    assert problem(answer)["type"] == "urn:duban:problem:method-not-allowed"
    assert answer.headers["Allow"] == "PUT"


async def test_a_failure_inside_shows_nothing_of_the_inside(small: Small) -> None:
    answer = await small.client.get("/broken")
    assert answer.status_code == 500
    assert problem(answer)["type"] == "urn:duban:problem:internal-error"
    assert "hunter2" not in answer.text


async def test_text_that_a_database_cannot_hold_is_never_a_failure_inside(either: Small) -> None:
    answer = await either.client.post("/things", json={"name": "a\0b"})
    assert answer.status_code == (201 if either.service.database.is_sqlite else 422)


async def test_what_somebody_else_has_just_created_is_a_conflict(either: Small) -> None:
    first, later = [await either.client.put("/things/kettle/first") for _ in range(2)]
    assert (first.status_code, later.status_code) == (201, 409)
    assert problem(later)["type"] == "urn:duban:problem:version-conflict"
    assert await either.count() == 1


@pytest.mark.parametrize("declared", [True, False])
async def test_a_body_above_the_limit_is_413_and_says_the_limit(small: Small, declared: bool) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 100_000

    body = b" " * 10 * MIB if declared else pieces()
    answer = await small.client.post("/things", content=body, headers=JSON)
    assert answer.status_code == 413
    assert str(MIB) in problem(answer)["detail"]


async def test_a_declared_length_is_refused_before_anything_is_read(small: Small) -> None:
    async def never() -> AsyncIterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    answer = await small.client.post("/things", content=never(), headers={**JSON, "Content-Length": str(2 * MIB)})
    assert answer.status_code == 413


async def test_a_route_may_take_more(small: Small) -> None:
    body = ["x" * 1000] * 2000
    assert (await small.client.post("/files", json=body)).json() == 2000
    assert (await small.client.post("/files", json=body * 2)).status_code == 413


async def test_ten_levels_of_json_and_a_long_list_are_no_danger(small: Small) -> None:
    assert (await small.client.post("/things", json={"name": [[[[[[[[[["a"]]]]]]]]]]})).status_code == 422


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "zh-CN"),
        ("en", "en"),
        ("en-US,en;q=0.9", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("fr, en;q=0.5, zh;q=0.4", "en"),
        ("fr", "zh-CN"),
        ("*", "zh-CN"),
        ("en;q=0", "zh-CN"),
        ("en;q=x,;;;", "zh-CN"),
        ("zh;q=0.1,en;q=0.1", "zh-CN"),
    ],
)
def test_the_language_is_the_preferred_of_the_two(header: str, language: str) -> None:
    assert preferred(header) == language
