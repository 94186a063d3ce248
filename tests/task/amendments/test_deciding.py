"""Who amends a plan in force, from when, and what an amendment may not do."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import update

from services.task.models import Plan, PlanState
from shared.db import table_of
from tests.task.amendments.desk import (
    REASON,
    amended,
    ask_to_amend,
    measure,
    measures,
    redraft,
    retitled,
    with_a_new_measure,
    without_measure,
)
from tests.task.city import City, pointers, problem
from tests.task.facts import PLAN, plan_file


@pytest.mark.parametrize(
    ("who", "status"),
    [
        (None, 401),
        ("office", 403),
        ("elsewhere", 403),
        ("admin", 403),
        ("leader", 403),
        ("auditor", 403),
        ("futian", 403),
        ("futian-robot", 403),
        ("coordinator", 403),
    ],
)
async def test_nobody_but_the_office_head_amends(city: City, who: str | None, status: int) -> None:
    await redraft(city, retitled())
    assert (await ask_to_amend(city, who=who)).status_code == status
    assert await city.facts("plan.amended") == []


@pytest.mark.parametrize(
    ("who", "status"), [(None, 401), ("futian", 403), ("coordinator", 403), ("elsewhere", 404), ("leader", 200)]
)
async def test_amendments_are_read_by_those_who_read_the_whole_plan(city: City, who: str | None, status: int) -> None:
    assert (await city.ask(who, "GET", f"plans/{PLAN}/amendments")).status_code == status


async def test_the_draft_of_a_plan_in_force_changes_nothing(either: City) -> None:
    before = await either.count_events()
    answer = await redraft(either, retitled())
    assert (answer.status_code, answer.json()["state"], answer.json()["version"]) == (200, "draft", 2)
    assert await either.count_events() == before
    assert (await either.get("office", f"plans/{PLAN}/measures/1"))["title"] == "建设海外仓"
    assert (await either.get("office", f"plans/{PLAN}"))["draft_version"] == 2
    assert (await either.get("futian", f"plans/{PLAN}"))["draft_version"] is None


async def test_a_draft_that_waits_is_replaced_only_by_its_version(city: City) -> None:
    await redraft(city, retitled())
    assert problem(await city.put_plan(with_a_new_measure())) == "if-match-required"
    assert problem(await city.put_plan(with_a_new_measure(), **{"If-Match": '"1"'})) == "stale-version"
    assert (await city.put_plan(with_a_new_measure(), **{"If-Match": '"2"'})).status_code == 200


async def test_an_amendment_has_a_number_a_reason_and_its_changes(either: City) -> None:
    found = await amended(either, retitled(), "2024-01-01", document_number="深商务〔2023〕9号")
    changes = [{"kind": "title", "place": "1", "before": "建设海外仓", "after": "建设公共海外仓"}]
    assert (found["number"], found["reason"], found["changes"]) == (1, REASON, changes)
    [listed] = (await either.get("auditor", f"plans/{PLAN}/amendments"))["items"]
    assert (listed["document_number"], listed["by"], listed["changes"]) == ("深商务〔2023〕9号", "office-head", changes)
    assert (await either.get("office", f"plans/{PLAN}"))["version"] == found["version"]
    assert (await either.get("office", f"plans/{PLAN}/file"))["areas"][0]["measures"][0]["title"] == "建设公共海外仓"


async def test_the_plans_event_says_the_whole_plan_anew(city: City) -> None:
    await amended(city, with_a_new_measure() | {"title": "港口发展行动方案（修订）"})
    [event] = await city.facts("plan.amended")
    [published] = await city.facts("plan.published")
    assert (event["title"], event["number"], event["effective_from"]) == ("港口发展行动方案（修订）", 1, "2024-04-08")
    assert (event["assignments"], event["periods"], event["groups"]) == (8, published["periods"], published["groups"])
    assert [(change["kind"], change["place"]) for change in event["changes"]] == [("plan", "title"), ("measure", "4")]


async def test_changes_beyond_what_an_event_holds_are_counted(city: City) -> None:
    document = plan_file()
    summary = "进" * 2000
    for n in range(60):
        document["areas"][1]["measures"].append({"key": str(10 + n), "title": f"措施{n}", "strength": "binding"})
    await amended(city, document)
    longer = {**document, "areas": [dict(area) for area in document["areas"]]}
    for each in measures(longer):
        each["summary"] = summary
    await amended(city, longer)
    event = (await city.facts("plan.amended"))[-1]
    assert len(event["changes"]) + event["changes_left_out"] == 63
    assert event["changes_left_out"] > 40
    listed = (await city.get("office", f"plans/{PLAN}/amendments"))["items"][-1]
    assert len(listed["changes"]) == 63


async def test_the_preview_shows_what_an_amendment_does(either: City) -> None:
    await redraft(either, with_a_new_measure())
    preview = await either.get("office", f"plans/{PLAN}/preview", effective_from="2024-02-01")
    amendment = preview["amendment"]
    assert (preview["version"], preview["total"]) == (2, 8)
    assert [(each["measure"], each["unit"], each["added"]) for each in amendment["effects"]["issued"]] == [
        ("4", "education", ["2024-Q1", "2024-Q2", "2024-Q3", "2024-Q4"])
    ]
    assert amendment["kept_groups"] == [
        {"measure": "1", "group": "districts", "members": ["futian", "luohu", "nanshan"]}
    ]
    assert await either.facts("plan.amended") == []


async def test_the_preview_assumes_the_earliest_day(city: City) -> None:
    await redraft(city, retitled())
    amendment = (await city.get("office", f"plans/{PLAN}/preview"))["amendment"]
    assert amendment["effective_from"] == "2024-04-08"


async def test_a_rehearsed_amendment_writes_nothing(either: City) -> None:
    await redraft(either, with_a_new_measure())
    before = await either.count_events()
    answer = await ask_to_amend(either, "2024-01-01", query="?dry_run=true")
    assert (answer.status_code, answer.json()["number"]) == (200, 1)
    assert (await either.get("office", f"plans/{PLAN}/amendments"))["items"] == []
    assert await either.count_events() == before
    assert len(await either.reports()) == 35


async def test_the_same_amendment_with_the_same_key_answers_the_same(either: City) -> None:
    await redraft(either, with_a_new_measure())
    first, again = [await ask_to_amend(either, "2024-01-01", headers={"Idempotency-Key": "a1"}) for _ in range(2)]
    assert (again.status_code, again.content) == (200, first.content)
    assert len(await either.facts("plan.amended")) == 1


async def test_amending_twice_at_once_amends_once(either: City) -> None:
    await redraft(either, with_a_new_measure())
    answers = await asyncio.gather(*(ask_to_amend(either, "2024-01-01") for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    assert len(await either.facts("plan.amended")) == 1


# --- what is refused ------------------------------------------------------------------------------


async def test_a_draft_that_says_what_is_in_force_amends_nothing(city: City) -> None:
    answer = await ask_to_amend(city)
    assert (answer.status_code, problem(answer)) == (409, "nothing-to-amend")


async def test_another_order_of_a_measures_units_is_no_difference(city: City) -> None:
    document = plan_file()
    measure(document, "1")["units"].reverse()
    await redraft(city, document)
    assert problem(await ask_to_amend(city)) == "nothing-to-amend"


async def test_a_plan_that_is_not_in_force_is_published_and_not_amended(town: City) -> None:
    await town.draft(plan_file())
    answer = await ask_to_amend(town)
    assert (answer.status_code, problem(answer)) == (409, "plan-not-in-force")


async def test_a_plan_that_nobody_drafted_is_not_there(town: City) -> None:
    assert problem(await ask_to_amend(town)) == "plan-not-found"


async def test_a_closed_plan_takes_no_draft_and_no_amendment(city: City) -> None:
    await redraft(city, retitled())
    async with city.service.database.write() as connection:
        await connection.execute(update(table_of(Plan)).values(state=PlanState.CLOSED))
    assert problem(await ask_to_amend(city)) == "plan-closed"
    assert problem(await city.put_plan(plan_file())) == "plan-closed"


async def test_the_draft_that_was_looked_at_is_the_one_that_amends(city: City) -> None:
    await redraft(city, retitled())
    answer = await ask_to_amend(city, headers={"If-Match": '"1"'})
    assert (answer.status_code, problem(answer)) == (412, "stale-version")
    assert (await ask_to_amend(city, headers={"If-Match": '"2"'})).status_code == 200


async def test_a_draft_that_was_compared_with_an_older_plan_is_refused(city: City) -> None:
    await redraft(city, retitled())
    async with city.service.database.write() as connection:
        await connection.execute(update(table_of(Plan)).values(version=99))
    answer = await ask_to_amend(city)
    assert (answer.status_code, problem(answer)) == (409, "draft-of-other-version")


@pytest.mark.parametrize("since", ["2024-04-07", "2025-01-01"])
async def test_an_amendment_counts_from_today_to_the_end_of_the_plan(city: City, since: str) -> None:
    await redraft(city, retitled())
    answer = await ask_to_amend(city, since)
    assert (answer.status_code, problem(answer), pointers(answer)) == (
        422, "effective-from-outside-plan", ["/effective_from"],
    )  # fmt: skip
    assert "2024-04-08" in answer.json()["detail"]


async def test_a_plan_does_not_end_before_its_amendment_counts(city: City) -> None:
    await redraft(city, plan_file(ends="2024-06-30"))
    assert problem(await ask_to_amend(city, "2024-07-01")) == "effective-from-outside-plan"
    assert (await ask_to_amend(city, "2024-06-30")).status_code == 200


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"starts": "2023-02-01"}, "/starts"),
        ({"reporting": {"cycle": "monthly"}}, "/reporting/cycle"),
    ],
)
async def test_start_and_cycle_stay(city: City, changed: dict[str, Any], pointer: str) -> None:
    await redraft(city, plan_file(**changed))
    answer = await ask_to_amend(city)
    assert (answer.status_code, problem(answer), pointers(answer)) == (422, "amendment-may-not-change", [pointer])


async def test_another_zone_is_not_even_drafted(city: City) -> None:
    answer = await city.put_plan(plan_file(zone="Asia/Urumqi"))
    assert (answer.status_code, problem(answer), pointers(answer)) == (422, "invalid-input", ["/zone"])


async def test_the_key_of_an_ended_measure_is_never_used_again(city: City) -> None:
    await amended(city, without_measure("3"))
    await redraft(city, plan_file())
    answer = await ask_to_amend(city)
    assert (answer.status_code, problem(answer), pointers(answer)) == (
        422, "measure-key-used", ["/areas/1/measures/0/key"],
    )  # fmt: skip
    preview = await city.ask("office", "GET", f"plans/{PLAN}/preview")
    assert problem(preview) == "measure-key-used"


async def test_a_unit_that_nobody_knows_is_pointed_at_when_the_draft_is_put(city: City) -> None:
    document = with_a_new_measure()
    measure(document, "4")["units"] = [{"unit": "nobody", "role": "lead"}]
    answer = await city.put_plan(document)
    assert (problem(answer), pointers(answer)) == ("unknown-unit", ["/areas/1/measures/1/units/0/unit"])


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"reason": " "}, "/reason"),
        ({"effective_from": "soon"}, "/effective_from"),
        ({"document_number": ""}, "/document_number"),
        ({"when": "now"}, "/when"),
    ],
)
async def test_a_wrong_order_to_amend_is_pointed_at(city: City, body: dict[str, Any], pointer: str) -> None:
    await redraft(city, retitled())
    request = {"effective_from": "2024-04-08", "reason": REASON, **body}
    answer = await city.ask("office-head", "POST", f"plans/{PLAN}/amend", json=request)
    assert (answer.status_code, problem(answer), pointers(answer)) == (422, "invalid-input", [pointer])
