"""Who gets in, and that an answer never promises what was not committed."""

import asyncio

import pytest
from fastapi import APIRouter

from shared.db import Database
from shared.ids import new_id
from shared.web import create_web_app
from shared.web.app import OpenRoute
from tests.shared.small_service import THINGS, Keys, Small, token

OPERATORS_ROUTES = [
    ("GET", "/parked"),
    ("GET", "/parked/any/report/1"),
    ("POST", "/parked/retry"),
    ("POST", "/parked/skip"),
    ("GET", "/relay"),
    ("GET", "/lag"),
    ("GET", "/audit/verify"),
]
BODIES = {
    "/parked/retry": {"consumer": "small.any", "subject": "report/1"},
    "/parked/skip": {"consumer": "small.any", "subject": "report/1", "version": 1, "reason": "broken"},
}


@pytest.mark.parametrize(("method", "path"), [("POST", "/things"), ("GET", "/things"), *OPERATORS_ROUTES])
async def test_without_a_token_nobody_gets_in(small: Small, method: str, path: str) -> None:
    del small.client.headers["Authorization"]
    answer = await small.client.request(method, path, json=BODIES.get(path, {"name": "a"}))
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("authorization", ["Basic ZnV0aWFuOng=", "Bearer", "Bearer x.y.z", "bearer  "])
async def test_anything_but_a_good_bearer_token_is_refused(small: Small, authorization: str) -> None:
    answer = await small.client.get("/things", headers={"Authorization": authorization})
    assert answer.status_code == 401


@pytest.mark.parametrize("headers", [{"Authorization": "Bearer x.y.z"}, {"Authorization": ""}])
async def test_nobody_unknown_begins_a_transaction(
    small: Small, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str]
) -> None:
    def never(_database: Database) -> None:
        raise AssertionError("a transaction began")

    monkeypatch.setattr(Database, "write", never)
    answer = await small.client.post("/things", json={"name": "a"}, headers=headers)
    assert answer.status_code == 401


@pytest.mark.parametrize("changed", [{"active": False}, {"auth_epoch": 2}])
async def test_a_disabled_account_and_an_older_epoch_are_refused_at_once(
    either: Small, changed: dict[str, int]
) -> None:
    account = await either.add_account("former", **changed)
    answer = await either.client.get("/things", headers={"Authorization": f"Bearer {token(account)}"})
    assert answer.status_code == 401


@pytest.mark.parametrize("known", [{}, {"active": False}])
async def test_a_token_that_is_ahead_of_the_known_account_has_to_wait(either: Small, known: dict[str, bool]) -> None:
    account = await either.add_account("demoted", roles=["admin"], auth_epoch=1, **known)
    ahead = {"Authorization": f"Bearer {token(account, auth_epoch=2)}"}
    answer = await either.client.get("/relay", headers=ahead)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert answer.json()["type"] == "urn:duban:problem:unavailable"


async def test_a_token_of_an_unknown_account_is_refused(small: Small) -> None:
    answer = await small.client.get("/things", headers={"Authorization": f"Bearer {token(new_id())}"})
    assert answer.status_code == 401


async def test_another_units_things_do_not_exist(small: Small) -> None:
    assert (await small.client.get("/units/luohu/things")).status_code == 404
    assert (await small.client.get("/units/futian/things")).status_code == 200


@pytest.mark.parametrize(("method", "path"), OPERATORS_ROUTES)
async def test_operators_routes_are_for_admins(small: Small, method: str, path: str) -> None:
    assert (await small.client.request(method, path, json=BODIES.get(path))).status_code == 403


async def test_an_admin_operates(either: Small) -> None:
    admin = await either.add_account("root", roles=["admin"], unit=None)
    either.client.headers["Authorization"] = f"Bearer {token(admin)}"
    assert (await either.client.get("/parked")).json() == {"items": [], "next": None}
    assert (await either.client.get("/relay")).json()["pending"] == 0
    assert (await either.client.get("/lag")).json() == {"items": [], "next": None}
    assert (await either.client.get("/audit/verify")).json() == {
        "events": 0,
        "aggregates": 0,
        "broken": [],
        "next": None,
    }
    assert (await either.client.post("/parked/retry", json=BODIES["/parked/retry"])).status_code == 404


async def test_an_auditor_verifies_the_trail_and_operates_nothing(small: Small) -> None:
    auditor = await small.add_account("auditor", roles=["auditor"], unit=None)
    small.client.headers["Authorization"] = f"Bearer {token(auditor)}"
    assert (await small.client.get("/audit/verify")).status_code == 200
    assert (await small.client.get("/parked")).status_code == 403


async def test_a_commit_that_fails_is_never_answered_with_success(either: Small) -> None:
    """The missing parent is a deferred constraint: every statement succeeds and the commit does not."""
    answer = await either.client.post("/things", json={"name": "a", "parent": "nobody"})
    assert answer.status_code == 500
    assert answer.json()["type"] == "urn:duban:problem:internal-error"
    assert await either.count() == 0


async def test_a_refused_command_leaves_nothing(small: Small) -> None:
    assert (await small.client.put("/things/nothing", json={"name": "a"})).status_code == 404
    assert await small.count() == 0


async def test_a_dry_run_answers_the_result_and_changes_nothing(either: Small) -> None:
    answer = await either.client.post("/things?dry_run=true", json={"name": "a"})
    assert answer.status_code == 201
    assert answer.headers["Dry-Run"] == "true"
    assert answer.json()["maker"] == "futian"
    assert await either.count() == 0


async def test_a_dry_run_is_refused_as_the_real_run_would_be(small: Small) -> None:
    assert (await small.client.put("/things/nothing?dry_run=true", json={"name": "a"})).status_code == 404


async def test_the_caller_and_the_request_stand_in_the_cause(small: Small) -> None:
    answer = await small.client.put("/things/a", json={"name": "b"}, headers={"If-Match": '"7"'})
    assert answer.json() == {"name": "b", "by": "futian", "expected": 7}


@pytest.mark.parametrize(("header", "expected"), [('"2"', 2), ('W/"2"', 2), (' "12" ', 12)])
async def test_if_match_is_a_version_in_quotes(small: Small, header: str, expected: int) -> None:
    answer = await small.client.put("/things/a", json={"name": "b"}, headers={"If-Match": header})
    assert answer.json()["expected"] == expected


@pytest.mark.parametrize("header", ["2", "*", '"abc"', '"1", "2"', '"99999999999"'])
async def test_another_if_match_is_refused_with_the_right_form(small: Small, header: str) -> None:
    answer = await small.client.put("/things/a", json={"name": "b"}, headers={"If-Match": header})
    assert answer.status_code == 400
    assert '"2"' in answer.json()["detail"]


async def test_a_route_that_asks_nobody_is_refused_at_start(small: Small) -> None:
    router = APIRouter()

    @router.get("/open")
    async def open_route() -> str:
        return "anybody"

    with pytest.raises(OpenRoute, match="/open"):
        create_web_app(small.service, [router], title="small", keys=Keys())
    create_web_app(small.service, [router], title="small", keys=Keys(), public_paths=["/open"])


async def test_many_callers_at_once_are_all_served(either: Small) -> None:
    answers = await asyncio.gather(*(either.client.post("/things", json={"name": f"n{n}"}) for n in range(40)))
    assert {answer.status_code for answer in answers} == {201}
    assert await either.count(THINGS) == 40
