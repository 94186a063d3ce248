"""Assignments: acknowledged by their unit, seen by those who may."""

import asyncio
from hashlib import sha256

import pytest

from services.task.models import EVENT_LOG
from shared.event_log.verify import verify_chains
from tests.task.city import City, assignment, problem, report
from tests.task.facts import PEOPLE, PLAN

ACKNOWLEDGE = f"{assignment('futian')}/acknowledge"
LIST = f"plans/{PLAN}/assignments"


@pytest.mark.parametrize(
    ("who", "status"),
    [
        (None, 401),
        ("admin", 404),
        ("luohu", 404),
        ("feed-robot", 404),
        ("elsewhere", 404),
        ("office", 403),
        ("office-head", 403),
        ("leader", 403),
        ("auditor", 403),
        ("coordinator", 403),
    ],
)
async def test_nobody_but_the_unit_acknowledges(city: City, who: str | None, status: int) -> None:
    answer = await city.ask(who, "POST", ACKNOWLEDGE)
    assert answer.status_code == status
    assert await city.facts("assignment.acknowledged") == []


@pytest.mark.parametrize("who", ["futian", "futian-head", "futian-robot"])
async def test_liaison_head_and_machine_of_the_unit_acknowledge(city: City, who: str) -> None:
    answer = await city.ask(who, "POST", ACKNOWLEDGE)
    assert (answer.status_code, answer.json()["state"]) == (200, "acknowledged")
    assert answer.json()["acknowledged_by"] == who


async def test_receipt_is_on_record_with_its_day(either: City) -> None:
    await either.move_to("2023-12-05T18:00")
    answer = await either.ask("futian", "POST", ACKNOWLEDGE)
    body = answer.json()
    assert (body["acknowledge_due"], body["acknowledged_at"]) == ("2023-12-05", "2023-12-05T18:00:00+08:00")
    assert (body["unit_name"], body["title"], body["role"]) == ("福田区", "建设海外仓", "responsible")
    [event] = await either.facts("assignment.acknowledged")
    assert (event["by"], event["on_time"], event["by_report"]) == ("futian", True, False)


async def test_a_second_receipt_is_refused(either: City) -> None:
    await either.ask("futian", "POST", ACKNOWLEDGE)
    again = await either.ask("futian-head", "POST", ACKNOWLEDGE)
    assert (again.status_code, problem(again)) == (409, "already-acknowledged")
    assert "futian 已于 2023-12-01 09:00 签收" in again.json()["detail"]


async def test_a_receipt_retried_with_its_key_is_answered_again(city: City) -> None:
    key = {"Idempotency-Key": "k1"}
    first, again = [await city.ask("futian", "POST", ACKNOWLEDGE, headers=key) for _ in range(2)]
    assert (again.status_code, again.content) == (200, first.content)
    assert len(await city.facts("assignment.acknowledged")) == 1


async def test_two_receipts_at_once_have_one_effect(either: City) -> None:
    answers = await asyncio.gather(*(either.ask(who, "POST", ACKNOWLEDGE) for who in ("futian", "futian-head")))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert len(await either.facts("assignment.acknowledged")) == 1


@pytest.mark.parametrize(
    ("unit", "measure", "status"),
    [("futian", "2", 404), ("futian", "9", 404), ("futian", "x", 422), ("FUTIAN", "1", 422), ("福田", "1", 422)],
)
async def test_what_was_not_assigned_is_not_there(city: City, unit: str, measure: str, status: int) -> None:
    answer = await city.ask("futian", "POST", f"{assignment(unit, measure)}/acknowledge")
    assert answer.status_code == status
    assert problem(answer)


async def test_an_assignment_is_in_progress_from_the_first_report_on(city: City) -> None:
    await city.submit("futian")
    assert (await city.get("futian", assignment("futian")))["state"] == "in_progress"


SEEN_BY = {"office", "office-head", "leader", "auditor", "futian", "futian-head", "futian-robot", "coordinator"}


@pytest.mark.parametrize("path", ["", "/history"])
async def test_an_assignment_is_seen_by_its_unit_and_those_who_read_all(city: City, path: str) -> None:
    assert (await city.ask(None, "GET", assignment("futian") + path)).status_code == 401
    for who in PEOPLE.keys() - {"host"}:
        answer = await city.ask(who, "GET", assignment("futian") + path)
        assert answer.status_code == (200 if who in SEEN_BY else 404), who


async def test_the_people_of_a_unit_see_nothing_of_the_units_under_it(city: City) -> None:
    await city.hear([city.people.unit("futian", parent="luohu")])
    assert (await city.ask("luohu", "GET", assignment("futian"))).status_code == 404
    assert {item["unit"] for item in (await city.get("luohu", LIST))["items"]} == {"luohu"}


async def test_an_admin_of_a_unit_sees_no_report(city: City) -> None:
    await city.hear([city.people.account("admin", unit="futian")])
    for address in (assignment("futian"), report("futian"), f"{report('futian')}/versions"):
        assert (await city.ask("admin", "GET", address)).status_code == 403
    assert (await city.ask("admin", "GET", LIST)).status_code == 404


async def test_the_office_lists_every_assignment_in_the_order_of_the_plan(city: City) -> None:
    items = (await city.get("office", LIST))["items"]
    assert [item["measure"] for item in items] == ["1", "1", "1", "1", "2", "2", "3"]
    assert {item["unit"] for item in items if item["measure"] == "2"} == {"customs", "commerce"}


@pytest.mark.parametrize(
    ("who", "params", "found"),
    [
        ("office", {"unit": "futian"}, [("1", "futian"), ("3", "futian")]),
        ("office", {"measure": "2", "unit": "customs"}, [("2", "customs")]),
        ("office", {"unit": "education"}, []),
        ("futian", {}, [("1", "futian"), ("3", "futian")]),
        ("futian", {"unit": "luohu"}, []),
        ("customs", {}, [("2", "customs")]),
        ("coordinator", {"measure": "1"}, [("1", "futian"), ("1", "luohu")]),
    ],
)
async def test_lists_are_filtered_and_hold_what_one_may_see(
    city: City, who: str, params: dict[str, str], found: list[tuple[str, str]]
) -> None:
    items = (await city.get(who, LIST, **params))["items"]
    assert sorted((item["measure"], item["unit"]) for item in items) == found


@pytest.mark.parametrize(("who", "scope"), [("office", "own"), ("futian", "own"), ("commerce", "measure")])
async def test_pages_hold_each_assignment_once_and_in_order(either: City, who: str, scope: str) -> None:
    whole = await either.get(who, LIST, scope=scope)
    assert (whole["next"], len(whole["items"])) == (None, {"office": 7, "futian": 2, "commerce": 6}[who])
    assert await either.pages(who, LIST, limit=1, scope=scope) == whole["items"]
    assert await either.pages(who, LIST, limit=4, scope=scope) == whole["items"]


async def test_partners_of_ones_measures_are_seen_with_their_state_and_nothing_else(city: City) -> None:
    await city.submit("commerce", measure="2")
    items = (await city.get("customs", LIST, scope="measure"))["items"]
    assert [(item["unit"], item["state"]) for item in items] == [("customs", "issued"), ("commerce", "in_progress")]
    assert (items[1]["id"], items[1]["acknowledged_at"], items[1]["acknowledged_by"]) == (None, None, None)


async def test_a_wrong_filter_is_named(city: City) -> None:
    answer = await city.ask("office", "GET", f"{LIST}?unit=' OR 1=1 --&scope=all")
    assert answer.status_code == 422
    assert [error["parameter"] for error in answer.json()["errors"]] == ["unit", "scope"]


async def test_the_history_is_a_chain_that_anybody_can_recompute(city: City) -> None:
    await city.ask("futian", "POST", ACKNOWLEDGE)
    history = await city.get("futian", f"{assignment('futian')}/history")
    assert [(event["version"], event["type"], event["actor"]) for event in history] == [
        (1, "assignment.issued", "office-head"),
        (2, "assignment.acknowledged", "futian"),
    ]
    stored = [row for row in await city.rows(EVENT_LOG.log) if row["hash"].hex() == history[1]["hash"]]
    [row] = stored
    digests = sha256(row["attributes"]).digest() + sha256(row["payload"]).digest()
    assert sha256(bytes.fromhex(history[0]["hash"]) + digests).hexdigest() == history[1]["hash"]


async def test_every_chain_verifies_after_a_whole_day_of_work(either: City) -> None:
    await either.move_to("2024-04-08")
    await either.submit("futian")
    await either.send_back("futian")
    await either.submit("futian", if_match='"1"')
    await either.accept("futian")
    await either.fire("2024-04-17")
    async with either.service.read() as view:
        result = await verify_chains(view.connection, either.service.tables, dict(either.service.aggregates))
    assert result.broken == []
    assert result.events == await either.count_events()
