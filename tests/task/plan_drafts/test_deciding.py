"""Edit, confirm, reject, restore and revert; what was seen is what is decided on."""

import asyncio
from typing import Any

import pytest

from tests.task.city import City, pointers, problem
from tests.task.plan_drafts.desk import MISSPELT, confirm, decide, imported, items, on_desk, send, settle, unit

LEAD = "unit:1:市商务委"


@pytest.fixture
def office(desk: City) -> City:
    return desk


@pytest.fixture
async def draft(office: City) -> dict[str, Any]:
    return await on_desk(office)


async def test_an_edit_decides_an_item_and_makes_a_version(either_office: City) -> None:
    draft = await imported(either_office)
    answer = await decide(either_office, draft, {"op": "edit", "item": MISSPELT, "changes": {"key": "customs"}})
    changed = answer.json()
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
    assert (unit(changed, MISSPELT)["key"], unit(changed, MISSPELT)["status"]) == ("customs", "confirmed")
    assert (items(changed, "unresolved"), changed["counts"]["unresolved"]) == ([], 0)
    again = await either_office.get("office", f"plan-drafts/{draft['id']}")
    assert again == changed


async def test_a_corrected_name_is_looked_up(office: City, draft: dict[str, Any]) -> None:
    changed = (await decide(office, draft, {"op": "edit", "item": MISSPELT, "changes": {"name": "深圳海关"}})).json()
    assert (unit(changed, MISSPELT)["key"], unit(changed, MISSPELT)["status"]) == ("customs", "confirmed")


async def test_a_name_that_the_directory_lacks_stays_unresolved(office: City, draft: dict[str, Any]) -> None:
    operations = [{"op": "edit", "item": LEAD, "changes": {"name": "市海洋局"}}, {"op": "edit", "item": MISSPELT, "changes": {"role": "lead"}}]  # fmt: skip
    changed = (await decide(office, draft, *operations)).json()
    assert items(changed, "unresolved") == [LEAD, MISSPELT]


async def test_a_group_is_chosen_by_its_key(office: City, draft: dict[str, Any]) -> None:
    changed = (await decide(office, draft, {"op": "edit", "item": MISSPELT, "changes": {"key": "districts"}})).json()
    assert unit(changed, MISSPELT)["group"] is True


async def test_items_are_confirmed_and_rejected_one_by_one(office: City, draft: dict[str, Any]) -> None:
    operations = [{"op": "confirm", "item": LEAD}, {"op": "reject", "item": "measure:2"}]
    changed = (await decide(office, draft, *operations)).json()
    assert items(changed, "confirmed") == [LEAD]
    assert items(changed, "rejected") == ["measure:2", MISSPELT, "unit:2:市商务局", "target:2:1"]
    assert [measure["key"] for area in changed["draft"]["areas"] for measure in area["measures"]] == ["1"]


async def test_a_restored_measure_comes_back_with_its_parts_as_imported(office: City, draft: dict[str, Any]) -> None:
    rejected = (await decide(office, draft, {"op": "reject", "item": "measure:2"})).json()
    restored = (await decide(office, rejected, {"op": "restore", "item": "measure:2"})).json()
    assert restored["draft"] == draft["draft"]


async def test_what_was_rejected_cannot_be_confirmed_unresolved(office: City, draft: dict[str, Any]) -> None:
    rejected = (await decide(office, draft, {"op": "reject", "item": MISSPELT})).json()
    answer = await decide(office, rejected, {"op": "confirm", "item": MISSPELT})
    assert (answer.status_code, problem(answer)) == (409, "draft-not-resolved")


@pytest.mark.parametrize(
    ("operation", "status", "code"),
    [
        ({"op": "confirm", "item": MISSPELT}, 409, "draft-not-resolved"),
        ({"op": "edit", "item": MISSPELT, "changes": {}}, 409, "draft-not-resolved"),
        ({"op": "confirm", "item": "unit:9:无"}, 404, "draft-item-not-found"),
        ({"op": "edit", "item": LEAD, "changes": {"title": "a"}}, 422, "draft-edit-not-allowed"),
        ({"op": "edit", "item": "target:1:1", "changes": {"value": "1e999999999"}}, 422, "draft-edit-not-allowed"),
        ({"op": "edit", "item": "period", "changes": {"value": "明年"}}, 422, "draft-edit-not-allowed"),
        ({"op": "edit", "item": LEAD, "changes": {"key": "nowhere"}}, 422, "unknown-unit"),
        ({"op": "edit", "item": LEAD, "changes": {"status": "confirmed"}}, 422, "invalid-input"),
        ({"op": "edit", "item": LEAD, "changes": {"role": "boss"}}, 422, "invalid-input"),
        ({"op": "edit", "item": "title", "changes": {"value": None}}, 422, "invalid-input"),
        ({"op": "edit", "item": "title", "changes": {"value": "港口\0"}}, 422, "invalid-input"),
        ({"op": "edit", "item": "milestone:1:1", "changes": {"date": "2024-02-30"}}, 422, "invalid-input"),
        ({"op": "delete", "item": LEAD}, 422, "invalid-input"),
    ],
)  # fmt: skip
async def test_a_decision_that_cannot_be_taken_undoes_those_before_it(
    office: City, draft: dict[str, Any], operation: dict[str, Any], status: int, code: str
) -> None:
    answer = await decide(office, draft, {"op": "confirm", "item": "title"}, operation)
    assert (answer.status_code, problem(answer)) == (status, code)
    assert await office.get("office", f"plan-drafts/{draft['id']}") == draft


async def test_an_unknown_unit_is_pointed_at(office: City, draft: dict[str, Any]) -> None:
    answer = await decide(office, draft, {"op": "edit", "item": LEAD, "changes": {"key": "nowhere"}})
    assert pointers(answer) == ["/operations/0/changes/key"]


async def test_a_decision_names_the_version_that_was_seen(office: City, draft: dict[str, Any]) -> None:
    body = {"operations": [{"op": "confirm", "item": "title"}]}
    without = await office.ask("office", "PATCH", f"plan-drafts/{draft['id']}", json=body)
    assert (without.status_code, problem(without)) == (428, "if-match-required")
    await settle(office, draft)
    for stale in (await decide(office, draft, *body["operations"]), await confirm(office, draft, all=True), await send(office, draft, "POST", "/revert")):  # fmt: skip
        assert (stale.status_code, problem(stale)) == (412, "stale-version")


async def test_of_two_decisions_at_once_one_holds(either_office: City) -> None:
    draft = await imported(either_office)
    operation = {"op": "confirm", "item": "title"}
    answers = await asyncio.gather(*(decide(either_office, draft, operation) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412]


async def test_confirming_all_names_every_item_that_is_open(office: City, draft: dict[str, Any]) -> None:
    answer = await confirm(office, draft, all=True)
    assert (answer.status_code, problem(answer), pointers(answer)) == (
        409,
        "draft-not-resolved",
        [f"/items/{MISSPELT}"],
    )
    assert "customs" in answer.json()["errors"][0]["detail"]
    assert (await office.get("office", f"plan-drafts/{draft['id']}"))["version"] == 1


async def test_confirming_all_leaves_nothing_open(office: City, draft: dict[str, Any]) -> None:
    answer = await confirm(office, await settle(office, draft), all=True)
    assert answer.status_code == 200
    counts = answer.json()["counts"]
    assert counts == {**dict.fromkeys(counts, 0), "confirmed": sum(draft["counts"].values())}


async def test_reverting_forgets_every_decision(either_office: City) -> None:
    draft = await imported(either_office)
    settled = await settle(either_office, draft)
    answer = await send(either_office, settled, "POST", "/revert")
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"3"')
    assert (answer.json()["draft"], answer.json()["counts"]) == (draft["draft"], draft["counts"])
