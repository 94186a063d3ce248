"""Plans: drafted and published by the office, read by those who take part."""

import asyncio
import threading
from typing import Any

import pytest

from contracts.names import Relation
from services.task.commands.issuing import Issue, issue_plan
from services.task.commands.plans import put_draft
from services.task.schemas.plan_file import PlanFile
from shared.testing.locks import until_another_waits
from tests.task.city import City, pointers, problem
from tests.task.facts import DISTRICTS, PLAN, Q1, Q4, Document, actor, plan_file

PUBLISH = {"first_period": Q4}
YAML = {"Content-Type": "application/yaml"}


@pytest.mark.parametrize(
    ("who", "status"),
    [
        (None, 401),
        ("elsewhere", 404),
        ("admin", 403),
        ("leader", 403),
        ("auditor", 403),
        ("futian", 403),
        ("futian-robot", 403),
        ("coordinator", 403),
    ],
)
async def test_nobody_but_the_office_drafts(town: City, who: str | None, status: int) -> None:
    answer = await town.put_plan(plan_file(), who)
    assert answer.status_code == status
    assert (await town.get("office", "plans"))["items"] == []


async def test_a_document_of_nobody_is_not_even_read(town: City) -> None:
    assert (await town.ask(None, "PUT", f"plans/{PLAN}", content=b"{")).status_code == 401


@pytest.mark.parametrize("who", ["futian", "auditor"])
async def test_a_malformed_document_of_somebody_else_is_refused_unread(town: City, who: str) -> None:
    assert (await town.ask(who, "PUT", f"plans/{PLAN}", content=b"{")).status_code == 403


@pytest.mark.parametrize(
    ("who", "status"),
    [
        (None, 401),
        ("office", 403),
        ("elsewhere", 403),
        ("admin", 403),
        ("leader", 403),
        ("futian", 403),
        ("futian-robot", 403),
    ],
)
async def test_nobody_but_the_office_head_publishes(town: City, who: str | None, status: int) -> None:
    await town.draft(plan_file())
    answer = await town.ask(who, "POST", f"plans/{PLAN}/publish", json=PUBLISH)
    assert answer.status_code == status
    assert await town.facts("plan.published") == []


async def test_a_draft_has_a_revision_and_no_events(either_town: City) -> None:
    answer = await either_town.put_plan(plan_file())
    assert (answer.status_code, answer.headers["ETag"]) == (201, '"1"')
    assert (answer.json()["state"], answer.json()["version"], answer.json()["published_at"]) == ("draft", 1, None)
    assert await either_town.count_events() == 0


async def test_the_same_file_again_changes_nothing(town: City) -> None:
    await town.put_plan(plan_file())
    again = await town.put_plan(plan_file())
    assert (again.status_code, again.headers["ETag"]) == (200, '"1"')


async def test_another_file_replaces_the_draft_that_was_seen(town: City) -> None:
    await town.put_plan(plan_file())
    other = plan_file(title="港口发展行动方案（修订）")
    assert problem(await town.put_plan(other)) == "if-match-required"
    assert problem(await town.put_plan(other, **{"If-Match": '"0"'})) == "stale-version"
    answer = await town.put_plan(other, **{"If-Match": '"1"'})
    assert (answer.status_code, answer.headers["ETag"], answer.json()["title"]) == (200, '"2"', other["title"])


@pytest.mark.parametrize("seen", [0, 1])
async def test_of_two_who_draft_the_same_version_at_once_the_later_is_refused(either_town: City, seen: int) -> None:
    first, other = plan_file(title="港口发展行动方案（一）"), plan_file(title="港口发展行动方案（二）")
    if seen:
        await either_town.draft(plan_file())
    async with either_town.service.write() as work:
        await put_draft(work, actor("office-head"), PlanFile.model_validate(first), seen)
        later = asyncio.create_task(either_town.put_plan(other, **{"If-Match": f'"{seen}"'}))
        await until_another_waits(work.connection)
    assert (await later).status_code in (409, 412)
    assert (await either_town.get("office", f"plans/{PLAN}"))["title"] == first["title"]


async def test_the_office_reads_its_draft_as_it_stands(town: City) -> None:
    await town.draft(plan_file())
    answer = await town.ask("office", "GET", f"plans/{PLAN}")
    assert (answer.headers["ETag"], answer.json()["state"]) == ('"1"', "draft")
    assert (await town.get("office", f"plans/{PLAN}/file"))["areas"][0]["measures"][0]["key"] == "1"
    assert [plan["state"] for plan in (await town.get("office", "plans"))["items"]] == ["draft"]


@pytest.mark.parametrize("who", ["futian", "leader", "auditor", "elsewhere", "coordinator"])
async def test_a_draft_is_nobody_elses_business(town: City, who: str) -> None:
    await town.draft(plan_file())
    for path in ("", "/measures", "/assignments", "/obligations", "/deadlines"):
        assert (await town.ask(who, "GET", f"plans/{PLAN}{path}")).status_code == 404
    assert (await town.get(who, "plans"))["items"] == []


@pytest.mark.parametrize(
    ("who", "status"), [(None, 401), ("leader", 404), ("auditor", 404), ("futian", 403), ("elsewhere", 404)]
)
async def test_a_drafts_file_is_the_offices(town: City, who: str | None, status: int) -> None:
    await town.draft(plan_file())
    assert (await town.ask(who, "GET", f"plans/{PLAN}/file")).status_code == status


@pytest.mark.parametrize(
    ("who", "status"), [(None, 401), ("leader", 403), ("auditor", 403), ("futian", 403), ("elsewhere", 404)]
)
async def test_nobody_but_the_office_previews(town: City, who: str | None, status: int) -> None:
    await town.draft(plan_file())
    assert (await town.ask(who, "GET", f"plans/{PLAN}/preview")).status_code == status


async def test_a_plan_of_no_draft_is_not_there(town: City) -> None:
    for path in ("", "/file", "/preview"):
        assert problem(await town.ask("office", "GET", f"plans/{PLAN}{path}")) == "plan-not-found"
    answer = await town.ask("office-head", "POST", f"plans/{PLAN}/publish", json=PUBLISH)
    assert (answer.status_code, problem(answer)) == (404, "plan-not-found")


# --- what is issued -------------------------------------------------------------------------------


async def test_publishing_issues_what_the_preview_showed(either_town: City) -> None:
    document = plan_file()
    document["areas"][0]["measures"][0]["units"][1]["excused"] = {"luohu": "没有保税仓库"}
    await either_town.draft(document)
    preview = await either_town.get("office", f"plans/{PLAN}/preview")
    promised = {
        (item["measure"], unit["unit"])
        for unit in preview["units"]
        for item in unit["assignments"]
        if item["excused"] is None
    }
    await either_town.publish()
    issued = {(event["measure"], event["unit"]) for event in await either_town.facts("assignment.issued")}
    assert issued == promised
    assert preview["total"] == len(issued) == 6


async def test_the_preview_names_who_is_left_out_and_why(town: City) -> None:
    document = plan_file()
    document["areas"][0]["measures"][0]["units"][1]["excused"] = {"luohu": "没有保税仓库"}
    await town.draft(document)
    preview = await town.get("office", f"plans/{PLAN}/preview")
    [luohu] = [unit for unit in preview["units"] if unit["unit"] == "luohu"]
    assert (luohu["unit_name"], luohu["relation"]) == ("罗湖区", Relation.SUBORDINATE)
    assert [(item["group"], item["excused"]) for item in luohu["assignments"]] == [("districts", "没有保税仓库")]


async def test_publishing_puts_the_plan_into_force(either_town: City) -> None:
    await either_town.draft(plan_file())
    published = await either_town.publish()
    assert (published["state"], published["first_period"], published["sample"]) == ("published", Q4, False)
    assert published["published_at"] == "2023-12-01T09:00:00+08:00"
    assert len(await either_town.facts("plan.measure_published")) == 3
    assert len(await either_town.facts("assignment.issued")) == 7
    assert len(await either_town.reports()) == 35
    [plan] = await either_town.facts("plan.published")
    assert plan["groups"] == {"districts": list(DISTRICTS)}


async def test_the_expansion_stays_as_it_was_when_the_group_changes(town: City) -> None:
    await town.draft(plan_file())
    await town.publish()
    await town.hear([town.people.group("districts", ["futian"])])
    assert {item["unit"] for item in (await town.get("office", f"plans/{PLAN}/assignments"))["items"]} >= set(DISTRICTS)


async def test_publishing_again_is_refused(either_town: City) -> None:
    await either_town.draft(plan_file())
    await either_town.publish()
    before = await either_town.count_events()
    answer = await either_town.ask("office-head", "POST", f"plans/{PLAN}/publish", json=PUBLISH)
    assert (answer.status_code, problem(answer)) == (409, "plan-already-published")
    assert await either_town.count_events() == before


async def test_publishing_twice_at_once_publishes_once(either_town: City) -> None:
    await either_town.draft(plan_file())
    address = f"plans/{PLAN}/publish"
    answers = await asyncio.gather(*(either_town.ask("office-head", "POST", address, json=PUBLISH) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    assert len(await either_town.facts("assignment.issued")) == 7


async def test_publishing_again_with_the_same_key_answers_the_same(town: City) -> None:
    await town.draft(plan_file())
    key = {"Idempotency-Key": "k1"}
    first, again = [
        await town.ask("office-head", "POST", f"plans/{PLAN}/publish", json=PUBLISH, headers=key) for _ in range(2)
    ]
    assert (again.status_code, again.content) == (200, first.content)


async def test_a_rehearsed_publication_issues_nothing(town: City) -> None:
    await town.draft(plan_file())
    answer = await town.ask("office-head", "POST", f"plans/{PLAN}/publish?dry_run=true", json=PUBLISH)
    assert (answer.status_code, answer.json()["state"]) == (200, "published")
    assert (await town.get("office", f"plans/{PLAN}"))["state"] == "draft"
    assert await town.count_events() == 0


@pytest.mark.parametrize("period", ["2022-Q4", "2025-Q1", "2024-01", "2024"])
async def test_a_first_period_outside_the_plan_or_its_cycle_is_refused(town: City, period: str) -> None:
    await town.draft(plan_file())
    answer = await town.ask("office-head", "POST", f"plans/{PLAN}/publish", json={"first_period": period})
    assert (answer.status_code, problem(answer)) == (422, "period-outside-plan")
    assert period in answer.json()["detail"]


@pytest.mark.parametrize("period", ["2023-Q1", "2024-Q3"])
async def test_the_first_period_may_be_one_that_the_plan_begins_or_ends_in(town: City, period: str) -> None:
    await town.draft(plan_file(starts="2023-02-15", ends="2024-08-15"))
    assert (await town.publish(first_period=period))["first_period"] == period


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/first_period"),
        ({"first_period": "soon"}, "/first_period"),
        ({**PUBLISH, "sample": "maybe"}, "/sample"),
        ({**PUBLISH, "when": "now"}, "/when"),
        ({**PUBLISH, "joins": [{"measure": "1", "unit": "luohu"}]}, "/joins/0/first_period"),
        ({**PUBLISH, "joins": [{"measure": "x", "unit": "luohu", "first_period": Q1}]}, "/joins/0/measure"),
    ],
)
async def test_a_wrong_order_to_publish_is_pointed_at(town: City, body: Document, pointer: str) -> None:
    await town.draft(plan_file())
    answer = await town.ask("office-head", "POST", f"plans/{PLAN}/publish", json=body)
    assert (answer.status_code, problem(answer), pointers(answer)) == (422, "invalid-input", [pointer])


async def test_a_unit_that_joins_later_owes_nothing_before(town: City) -> None:
    await town.draft(plan_file())
    await town.publish(joins=[{"measure": "1", "unit": "luohu", "first_period": "2024-Q3"}])
    assert [report["period"] for report in await town.reports(measure="1", unit="luohu")] == ["2024-Q3", "2024-Q4"]


@pytest.mark.parametrize(("measure", "unit"), [("1", "customs"), ("9", "luohu"), ("1", "nanshan")])
async def test_who_has_no_assignment_cannot_join_later(town: City, measure: str, unit: str) -> None:
    document = plan_file()
    document["areas"][0]["measures"][0]["units"][1]["excused"] = {"nanshan": "没有保税仓库"}
    await town.draft(document)
    joins = [{"measure": measure, "unit": unit, "first_period": Q1}]
    answer = await town.ask("office-head", "POST", f"plans/{PLAN}/publish", json={**PUBLISH, "joins": joins})
    assert (answer.status_code, problem(answer)) == (422, "join-of-nobody")


async def test_a_unit_that_left_the_directory_meanwhile_stops_publication(town: City) -> None:
    """The group gained a member that task has not heard of yet."""
    await town.draft(plan_file())
    await town.hear([town.people.group("districts", ["futian", "pingshan"])])
    answer = await town.ask("office-head", "POST", f"plans/{PLAN}/publish", json=PUBLISH)
    assert (answer.status_code, problem(answer)) == (422, "unknown-unit")
    assert pointers(answer) == ["/areas/0/measures/0/units/1/group"]
    assert await town.count_events() == 0


# --- who reads --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "who", ["office", "office-head", "leader", "auditor", "futian", "futian-head", "futian-robot", "customs", "coordinator"]
)  # fmt: skip
async def test_a_plan_is_seen_by_those_who_read_all_or_take_part(city: City, who: str) -> None:
    assert (await city.get(who, f"plans/{PLAN}"))["state"] == "published"
    assert [plan["plan"] for plan in (await city.get(who, "plans"))["items"]] == [PLAN]


@pytest.mark.parametrize("who", ["education", "admin", "elsewhere", "feed-robot"])
async def test_a_plan_does_not_exist_for_who_takes_no_part(city: City, who: str) -> None:
    for path in ("", "/measures", "/measures/1", "/assignments", "/obligations", "/deadlines"):
        answer = await city.ask(who, "GET", f"plans/{PLAN}{path}")
        assert (answer.status_code, problem(answer)) == (404, "plan-not-found")
    assert (await city.get(who, "plans"))["items"] == []


@pytest.mark.parametrize("path", ["/file", "/history"])
async def test_the_whole_file_and_history_are_for_those_who_read_all(city: City, path: str) -> None:
    statuses = {
        who: (await city.ask(who, "GET", f"plans/{PLAN}{path}")).status_code
        for who in ("office", "leader", "auditor", "futian", "admin", "elsewhere")
    }
    assert statuses == {"office": 200, "leader": 200, "auditor": 200, "futian": 403, "admin": 403, "elsewhere": 404}


async def test_measures_come_in_the_order_of_the_plan_with_their_assignments(city: City) -> None:
    items = (await city.get("office", f"plans/{PLAN}/measures"))["items"]
    assert [(item["measure"], item["area"], item["assignments"]) for item in items] == [
        ("1", "一", 4),
        ("2", "一", 2),
        ("3", "二", 1),
    ]


@pytest.mark.parametrize(("who", "measures"), [("luohu", ["1"]), ("commerce", ["1", "2"]), ("coordinator", ["1", "3"])])
async def test_unit_people_see_the_measures_that_they_take_part_in(city: City, who: str, measures: list[str]) -> None:
    items = (await city.get(who, f"plans/{PLAN}/measures"))["items"]
    assert [item["measure"] for item in items] == measures


async def test_a_measure_of_others_or_of_nobody_is_not_there(city: City) -> None:
    assert (await city.get("luohu", f"plans/{PLAN}/measures/1"))["title"] == "建设海外仓"
    for who, measure in (("luohu", "2"), ("office", "9")):
        answer = await city.ask(who, "GET", f"plans/{PLAN}/measures/{measure}")
        assert (answer.status_code, problem(answer)) == (404, "measure-not-found")
    assert (await city.ask("office", "GET", f"plans/{PLAN}/measures/x")).status_code == 422


async def test_the_plans_history_is_its_events_with_their_chain(city: City) -> None:
    history = await city.get("auditor", f"plans/{PLAN}/history")
    assert [(event["version"], event["type"]) for event in history] == [
        (1, "plan.published"),
        (2, "plan.measure_published"),
        (3, "plan.measure_published"),
        (4, "plan.measure_published"),
    ]
    assert [event["prev"] for event in history] == ["", *(event["hash"] for event in history[:-1])]
    assert {event["actor"] for event in history} == {"office-head"}


async def test_what_a_plan_brings_forth_is_worked_out_beside_the_event_loop(
    town: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[threading.Thread] = []

    def noted(*args: Any, **named: Any) -> Issue:
        threads.append(threading.current_thread())
        return issue_plan(*args, **named)

    monkeypatch.setattr("services.task.commands.plans.issue_plan", noted)
    await town.draft(plan_file())
    await town.publish()
    assert threads
    assert threading.current_thread() not in threads
