"""Accounts: created, changed, disabled, and every change ends the trust in old tokens."""

import asyncio
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from contracts.names import Role
from services.directory.commands.units import put_unit
from services.directory.models import Account, Duties
from services.directory.schemas.units import UnitIn, unit_facts
from shared.auth import Actor
from shared.event_log.verify import verify_chains
from shared.ids import new_id
from shared.paging import cursor_of
from shared.testing.locks import until_another_waits
from tests.directory.conftest import ADMIN_PASSWORD, Directory

REDUCED = {"roles": ["leader"]}


async def events_of(directory: Directory, prefix: str) -> list[tuple[str, dict[str, Any]]]:
    log = directory.service.tables.log
    async with directory.service.database.read() as connection:
        rows = await connection.execute(select(log).where(log.c.type.startswith(prefix)).order_by(log.c.seq))
        return [(row.type, orjson.loads(row.payload)) for row in rows]


async def test_a_created_account_signs_in(admin: Directory) -> None:
    answer = await admin.create_account("futian", "liaison", unit="futian")
    assert answer.status_code == 201
    assert answer.json()["password"] is None
    assert (await admin.sign_in("futian", "password of futian")).status_code == 200


async def test_a_generated_password_is_told_once(admin: Directory) -> None:
    created = (await admin.client.post("/accounts", json={"username": "boss", "roles": ["leader"]})).json()
    assert (await admin.sign_in("boss", created["password"])).status_code == 200
    assert "password" not in (await admin.client.get("/accounts/boss")).json()


async def test_a_name_is_used_once(admin: Directory) -> None:
    await admin.create_account("futian", "liaison", unit="futian")
    answer = await admin.create_account("futian", "leader")
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:duban:problem:account-exists")


async def test_of_two_that_create_an_account_at_once_the_later_hears_that_it_exists(either: Directory) -> None:
    await either.become("admin")
    async with either.service.write() as work:
        await work.add(*Account.register("boss", Duties((Role.LEADER,))))
        later = asyncio.create_task(either.create_account("boss", "leader"))
        await until_another_waits(work.connection)
    assert (await later).status_code == 409


async def test_of_two_units_that_take_one_name_at_once_the_later_hears_of_it(either: Directory) -> None:
    await either.become("admin")
    body = {"name": "南山区", "kind": "district", "relation": "subordinate"}
    facts = unit_facts(UnitIn.model_validate(body))
    async with either.service.write() as work:
        await put_unit(work, Actor(new_id(), "admin", frozenset({"admin"})), "nanshan", facts, None)
        later = asyncio.create_task(either.client.put("/units/nanshan-2", json=body))
        await until_another_waits(work.connection)
    assert (await later).status_code == (422 if either.service.database.is_sqlite else 409)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"roles": ["liaison"]}, "/unit"),
        ({"roles": ["liaison"], "unit": "atlantis"}, "/unit"),
        ({"roles": ["district_coordinator"]}, "/districts"),
        ({"roles": ["district_coordinator"], "districts": ["futian", "atlantis"]}, "/districts/0"),
        ({"roles": []}, "/roles"),
        ({"roles": ["emperor"]}, "/roles/0"),
        ({"roles": ["machine"]}, "/roles/0"),
        ({"roles": ["leader"], "username": "Not A Name"}, "/username"),
        ({"roles": ["leader"], "password": "short"}, "/password"),
        ({"roles": ["leader"], "password": "x" * 129}, "/password"),
        ({"roles": ["leader"], "active": False}, "/active"),
        ({"roles": ["leader"], "auth_epoch": 0}, "/auth_epoch"),
    ],
)
async def test_what_does_not_fit_is_pointed_at(admin: Directory, body: dict[str, Any], pointer: str) -> None:
    answer = await admin.client.post("/accounts", json={"username": "somebody", **body})
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_disabling_ends_tokens_and_sessions_at_once(either: Directory) -> None:
    await either.become("admin")
    await either.create_account("boss", "leader")
    tokens = (await either.sign_in("boss", "password of boss")).json()
    assert (await either.client.post("/accounts/boss/disable")).status_code == 200
    boss = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert (await either.client.get("/me", headers=boss)).status_code == 401
    assert (await either.refresh(tokens["refresh_token"])).status_code == 401
    assert (await either.sign_in("boss", "password of boss")).status_code == 401


async def test_enabling_lets_in_again_but_not_with_old_tokens(admin: Directory) -> None:
    await admin.create_account("boss", "leader")
    old = (await admin.sign_in("boss", "password of boss")).json()["access_token"]
    await admin.client.post("/accounts/boss/disable")
    await admin.client.post("/accounts/boss/enable")
    assert (await admin.client.get("/me", headers={"Authorization": f"Bearer {old}"})).status_code == 401
    assert (await admin.sign_in("boss", "password of boss")).status_code == 200


async def test_other_duties_end_old_tokens_and_keep_the_session(admin: Directory) -> None:
    await admin.create_account("boss", "leader")
    tokens = (await admin.sign_in("boss", "password of boss")).json()
    body = {"roles": ["leader", "office"]}
    changed = await admin.client.put("/accounts/boss/duties", json=body, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
    boss = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert (await admin.client.get("/me", headers=boss)).status_code == 401
    renewed = (await admin.refresh(tokens["refresh_token"])).json()["access_token"]
    me = await admin.client.get("/me", headers={"Authorization": f"Bearer {renewed}"})
    assert me.json()["roles"] == ["leader", "office"]


async def test_the_same_duties_again_change_nothing(admin: Directory) -> None:
    await admin.create_account("boss", "leader")
    answer = await admin.client.put("/accounts/boss/duties", json=REDUCED)
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"1"')


@pytest.mark.parametrize(("headers", "status"), [({}, 428), ({"If-Match": '"9"'}, 412)])
async def test_duties_change_only_from_the_version_that_was_seen(
    admin: Directory, headers: dict[str, str], status: int
) -> None:
    await admin.create_account("boss", "leader")
    answer = await admin.client.put("/accounts/boss/duties", json={"roles": ["office"]}, headers=headers)
    assert answer.status_code == status
    assert '"1"' in answer.json()["detail"]


async def test_a_reset_password_ends_everything_of_before(admin: Directory) -> None:
    await admin.create_account("boss", "leader")
    tokens = (await admin.sign_in("boss", "password of boss")).json()
    made = (await admin.client.post("/accounts/boss/reset-password", json={})).json()["password"]
    assert (await admin.sign_in("boss", "password of boss")).status_code == 401
    assert (await admin.refresh(tokens["refresh_token"])).status_code == 401
    assert (await admin.sign_in("boss", made)).status_code == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [("/accounts", {"username": "second", "roles": ["leader"]}), ("/accounts/boss/reset-password", {})],
)
async def test_a_password_is_hashed_while_others_may_write(
    admin: Directory, monkeypatch: pytest.MonkeyPatch, path: str, body: dict[str, Any]
) -> None:
    await admin.create_account("boss", "leader")
    hash_, written = admin.app.state.passwords.hash, []

    async def writing_meanwhile(password: str) -> str:
        async with admin.service.write() as work:
            written.append(work.now)
        return str(await hash_(password))

    monkeypatch.setattr(admin.app.state.passwords, "hash", writing_meanwhile)
    assert (await admin.client.post(path, json=body)).is_success
    assert written


async def test_the_last_admin_cannot_be_lost(admin: Directory) -> None:
    assert (await admin.client.post("/accounts/admin/disable")).status_code == 409
    reduced = await admin.client.put("/accounts/admin/duties", json=REDUCED, headers={"If-Match": '"1"'})
    assert reduced.json()["type"] == "urn:duban:problem:last-admin"
    await admin.create_account("second", "admin")
    assert (await admin.client.post("/accounts/admin/disable")).status_code == 200


async def test_a_rehearsed_disabling_disables_nobody(admin: Directory) -> None:
    await admin.create_account("boss", "leader")
    rehearsed = await admin.client.post("/accounts/boss/disable?dry_run=true")
    assert rehearsed.json()["active"] is False
    assert (await admin.client.get("/accounts/boss")).json()["active"] is True


async def test_machines_are_managed_at_clients_only(admin: Directory) -> None:
    await admin.client.post("/clients", json={"client_id": "feed"})
    assert (await admin.client.post("/accounts/feed/disable")).status_code == 404
    assert (await admin.client.post("/clients/admin/disable")).status_code == 404
    assert [item["username"] for item in (await admin.client.get("/clients")).json()["items"]] == ["feed"]
    assert "feed" not in (await admin.client.get("/accounts")).text


async def test_events_tell_duties_and_no_person(admin: Directory) -> None:
    await admin.create_account("futian", "liaison", unit="futian", display_name="张三")
    await admin.client.post("/accounts/futian/disable")
    events = await events_of(admin, "account.")
    assert [name for name, _ in events[-2:]] == ["account.registered", "account.changed"]
    assert events[-1][1]["auth_epoch"] == 2
    assert events[-1][1]["active"] is False
    assert "张三" not in str(events)
    assert ADMIN_PASSWORD not in str(events)
    assert "argon2" not in str(events)


async def test_the_trail_of_everything_verifies(admin: Directory) -> None:
    await admin.create_account("boss", "leader")
    await admin.client.post("/accounts/boss/disable")
    async with admin.service.database.read() as connection:
        result = await verify_chains(connection, admin.service.tables, dict(admin.service.aggregates))
    assert (result.broken, result.aggregates) == ([], 14)


async def test_the_trail_is_verified_page_by_page_over_http(admin: Directory) -> None:
    whole = (await admin.client.get("/audit/verify")).json()
    pages = [(await admin.client.get("/audit/verify?limit=3")).json()]
    while pages[-1]["next"]:
        pages.append((await admin.client.get(f"/audit/verify?limit=3&cursor={pages[-1]['next']}")).json())
    rest = [] if whole["next"] is None else [(await admin.client.get(f"/audit/verify?cursor={whole['next']}")).json()]
    for name in ("events", "aggregates", "broken"):
        nothing: Any = [] if name == "broken" else 0
        assert sum((page[name] for page in pages), nothing) == sum((page[name] for page in [whole, *rest]), nothing)
    assert max(page["events"] for page in pages) == 3


@pytest.mark.parametrize(
    "place", [["", "", -1, 0], ["", "x", 2**40, 0], ["report", "", 0, 0], ["account", "x", 0, 0], ["", "x", "y", 0]]
)
async def test_a_place_where_no_walk_comes_to_is_refused(admin: Directory, place: list[Any]) -> None:
    answer = await admin.client.get(f"/audit/verify?cursor={cursor_of(place)}")
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:duban:problem:unknown-cursor")
