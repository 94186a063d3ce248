"""Units and groups: put, found by any name, and never two of one name."""

import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from services.directory.routes import units
from services.directory.schemas.units_file import UnitsFile, read_units
from tests.directory.conftest import ADMIN_PASSWORD, UNITS, Directory
from tests.directory.test_accounts import events_of

FUTIAN = {
    "name": "深圳市福田区人民政府",
    "short_name": "福田区",
    "kind": "district",
    "relation": "subordinate",
    "aliases": ["福田"],
}
EXAMPLE = Path(__file__).parents[2] / "examples" / "shenzhen-cbec-2022" / "units.yaml"


async def test_a_units_file_is_put_once_and_again_changes_nothing(either: Directory) -> None:
    await either.become("admin")
    first, again = (await either.put_units()).json(), (await either.put_units()).json()
    assert first["registered"] == ["lg", "lg-office", "futian", "luohu", "customs", "districts"]
    assert again == {"registered": [], "changed": [], "unchanged": 6}


async def test_a_changed_file_changes_what_it_names(admin: Directory) -> None:
    changed = UNITS.replace("深圳海关", "中华人民共和国深圳海关")
    assert (await admin.client.put("/units", content=changed.encode())).json()["changed"] == ["customs"]
    assert (await admin.client.get("/units/中华人民共和国深圳海关")).json()["key"] == "customs"
    assert (await admin.client.get("/units/深圳海关")).status_code == 404


async def test_a_name_may_move_from_one_unit_to_another_within_a_file(either: Directory) -> None:
    await either.become("admin")
    await either.put_units()
    moved = UNITS.replace(", aliases: [福田]", "").replace(
        "short_name: 罗湖区,", "short_name: 罗湖区, aliases: [福田],"
    )
    assert (await either.client.put("/units", content=moved.encode())).json()["changed"] == ["futian", "luohu"]
    assert (await either.client.get("/units/福田")).json()["key"] == "luohu"


async def test_the_example_is_accepted(admin: Directory) -> None:
    names = {"name": "旧领导小组", "kind": "group", "relation": "subordinate"}
    await admin.client.put("/units/lg", json=names, headers={"If-Match": '"1"'})
    answer = await admin.client.put("/units", content=EXAMPLE.read_bytes())
    assert answer.status_code == 200, answer.text
    assert len((await admin.client.get("/units?limit=200")).json()["items"]) == 36


@pytest.mark.parametrize(
    ("spoil", "pointer"),
    [
        (("key: luohu", "key: futian"), "/units/3/key"),
        (("parent: lg}", "parent: nobody}"), "/units/1/parent"),
        (("members: [futian, luohu]", "members: [futian, atlantis]"), "/groups/0/members/1"),
        (("kind: vertical", "kind: secret"), "/units/4/kind"),
    ],
)
async def test_a_wrong_units_file_is_refused_with_its_place(
    directory: Directory, spoil: tuple[str, str], pointer: str
) -> None:
    await directory.become("admin")
    answer = await directory.client.put("/units", content=UNITS.replace(*spoil).encode())
    assert answer.status_code == 422
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]
    assert (await directory.client.get("/units")).json()["items"] == []


@pytest.mark.parametrize("content", [b"units: [", b"\xff\xfe", b"units: &a [*a]", b"{"])
async def test_an_unreadable_units_file_is_400(directory: Directory, content: bytes) -> None:
    await directory.become("admin")
    answer = await directory.client.put("/units", content=content)
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:duban:problem:unreadable-document")


async def test_a_units_file_that_comes_slowly_keeps_nobody_from_signing_in(admin: Directory) -> None:
    signed_in: list[int] = []

    async def slowly() -> AsyncIterator[bytes]:
        yield UNITS[:100].encode()
        signed_in.append((await admin.sign_in("admin", ADMIN_PASSWORD)).status_code)
        yield UNITS[100:].encode()

    assert (await admin.client.put("/units", content=slowly())).status_code == 200
    assert signed_in == [200]


async def test_a_long_units_file_is_read_beside_the_event_loop(
    admin: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_in: list[str] = []

    def reading(content: bytes) -> UnitsFile:
        read_in.append(threading.current_thread().name)
        return read_units(content)

    monkeypatch.setattr(units, "read_units", reading)
    assert (await admin.put_units()).status_code == 200
    assert read_in != [threading.main_thread().name]


@pytest.mark.parametrize("called", ["futian", "深圳市福田区人民政府", "福田区", "福田"])
async def test_a_unit_is_found_by_any_of_its_names(admin: Directory, called: str) -> None:
    answer = await admin.client.get(f"/units/{called}")
    assert answer.json()["key"] == "futian"
    assert answer.headers["ETag"] == '"1"'


async def test_a_unit_is_found_by_its_credit_code(admin: Directory) -> None:
    assert (await admin.client.get("/units/91440300MA5EXAMPU1")).json()["key"] == "customs"


async def test_a_unit_that_does_not_exist_is_named_in_the_refusal(admin: Directory) -> None:
    answer = await admin.client.get("/units/atlantis")
    assert answer.status_code == 404
    assert "atlantis" in answer.json()["detail"]


async def test_a_new_unit_is_created_and_the_same_again_is_not(admin: Directory) -> None:
    body = {"name": "南山区", "kind": "district", "relation": "subordinate"}
    first = await admin.client.put("/units/nanshan", json=body)
    again = await admin.client.put("/units/nanshan", json=body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()


@pytest.mark.parametrize(("headers", "status"), [({}, 428), ({"If-Match": '"2"'}, 412), ({"If-Match": '"1"'}, 200)])
async def test_a_unit_changes_only_from_the_version_that_was_seen(
    admin: Directory, headers: dict[str, str], status: int
) -> None:
    body = {**FUTIAN, "name_en": "Futian"}
    assert (await admin.client.put("/units/futian", json=body, headers=headers)).status_code == status


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"parent": "atlantis"}, "/parent"),
        ({"parent": "lg-office"}, "/parent"),
        ({"parent": "lg"}, "/parent"),
        ({"name": "福田区"}, ""),
        ({"aliases": ["各区"]}, ""),
        ({"name": " "}, "/name"),
        ({"key": "other"}, "/key"),
        ({"credit_code": "123"}, "/credit_code"),
        ({"aliases": ["x"] * 51}, "/aliases"),
    ],
)
async def test_a_unit_that_does_not_fit_is_refused(admin: Directory, body: dict[str, Any], pointer: str) -> None:
    whole = {"name": "领导小组", "kind": "group", "relation": "subordinate", **body}
    answer = await admin.client.put("/units/lg", json=whole, headers={"If-Match": '"1"'})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize("key", ["Futian", "福田", "-x", "a_b", "x" * 64])
async def test_a_key_has_its_form(admin: Directory, key: str) -> None:
    body = {"name": "某单位", "kind": "body", "relation": "subordinate"}
    assert (await admin.client.put(f"/units/{key}", json=body)).status_code == 422


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/units/nanshan", {"name": "南山区", "kind": "district", "relation": "subordinate"}),
        ("/unit-groups/some", {"name": "某些区", "members": ["futian"]}),
    ],
)
async def test_what_somebody_saw_and_is_not_there_is_not_made_anew(
    admin: Directory, path: str, body: dict[str, Any]
) -> None:
    assert (await admin.client.put(path, json=body, headers={"If-Match": '"1"'})).status_code == 412
    assert (await admin.client.get(path)).status_code == 404


async def test_a_group_is_found_by_key_and_name_and_changed_by_version(admin: Directory) -> None:
    assert (await admin.client.get("/unit-groups/各区")).json()["members"] == ["futian", "luohu"]
    changed = {"name": "各区", "members": ["luohu"]}
    assert (await admin.client.put("/unit-groups/districts", json=changed)).status_code == 428
    put = await admin.client.put("/unit-groups/districts", json=changed, headers={"If-Match": '"1"'})
    assert put.json()["version"] == 2


@pytest.mark.parametrize(
    ("members", "pointer"),
    [(["futian", "atlantis"], "/members/1"), (["futian", "futian"], "/members/1"), ([], "/members")],
)
async def test_a_group_of_unknown_double_or_no_members_is_refused(
    admin: Directory, members: list[str], pointer: str
) -> None:
    answer = await admin.client.put("/unit-groups/some", json={"name": "某些区", "members": members})
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


async def test_lists_are_filtered_and_paged(admin: Directory) -> None:
    assert [unit["key"] for unit in (await admin.client.get("/units?kind=district")).json()["items"]] == [
        "futian",
        "luohu",
    ]
    assert [unit["key"] for unit in (await admin.client.get("/units?relation=requested")).json()["items"]] == [
        "customs"
    ]
    page = (await admin.client.get("/units?limit=3")).json()
    rest = (await admin.client.get(f"/units?limit=3&cursor={page['next']}")).json()
    assert [unit["key"] for unit in page["items"] + rest["items"]] == ["customs", "futian", "lg", "lg-office", "luohu"]


async def test_every_change_is_told_with_the_whole_state(admin: Directory) -> None:
    await admin.client.put("/units/futian", json={**FUTIAN, "name_en": "Futian"}, headers={"If-Match": '"1"'})
    events = await events_of(admin, "unit.")
    assert [name for name, _ in events] == ["unit.registered"] * 5 + ["unit.changed"]
    assert events[-1][1]["aliases"] == ["福田"]
    assert events[-1][1]["name_en"] == "Futian"
