"""GET todo: what waits for the caller, over all plans."""

import base64
from typing import Any

import orjson
import pytest

from tests.task.city import City, problem, report
from tests.task.facts import DISTRICTS, PLAN, Q1, plan_file

ID = "00000000-0000-0000-0000-000000000001"


async def todo(city: City, who: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await city.get(who, "todo"))["items"]
    return items


async def kinds(city: City, who: str) -> list[tuple[str, str, str, int]]:
    return [(item["kind"], item["unit"], item["measure"], item["working_days_left"]) for item in await todo(city, who)]


@pytest.fixture
async def busy(either: City) -> City:
    """Two plans with review clocks of their own, reports received on several days, one returned, the rest late."""
    await either.draft(plan_file(key="second", title="另一个方案", clocks={"review": 2}))
    await either.publish("second", first_period=Q1)
    for day, plan, unit in (
        ("2024-04-02", PLAN, "nanshan"),
        ("2024-04-03", "second", "luohu"),
        ("2024-04-08T10:00", PLAN, "luohu"),
        ("2024-04-08T11:00", "second", "futian"),
        ("2024-04-08T12:00", PLAN, "futian"),
    ):
        await either.move_to(day)
        await either.submit(unit, plan=plan)
    await either.submit("futian", measure="3")
    await either.send_back("futian", measure="3")
    await either.move_to("2024-04-09")
    return either


async def test_nobody_has_nothing_to_do(city: City) -> None:
    assert (await city.ask(None, "GET", "todo")).status_code == 401


@pytest.mark.parametrize("who", ["admin", "leader", "auditor", "education", "feed-robot"])
async def test_who_has_no_duty_has_an_empty_list(city: City, who: str) -> None:
    assert await todo(city, who) == []


async def test_a_liaison_first_sees_what_is_to_be_acknowledged(started: City) -> None:
    assert await kinds(started, "futian") == [("acknowledge", "futian", "1", 2), ("acknowledge", "futian", "3", 2)]


async def test_an_item_says_everything_that_is_needed_to_do_it(city: City) -> None:
    [item] = [item for item in await todo(city, "customs") if item["kind"] == "report"]
    assert item == {
        "kind": "report",
        "plan": PLAN,
        "measure": "2",
        "unit": "customs",
        "unit_name": "深圳海关",
        "period": Q1,
        "title": "提升通关效率",
        "due": "2024-04-08",
        "working_days_left": 0,
        "reason": None,
        "href": f"/api/task/v1/{report('customs', '2')}",
    }


@pytest.mark.parametrize(("day", "left"), [("2024-03-27", 7), ("2024-04-03", 2), ("2024-04-07", 1), ("2024-04-08", 0)])
async def test_days_left_are_working_days_and_make_up_days_count(started: City, day: str, left: int) -> None:
    await started.move_to(day)
    assert ("report", "customs", "2", left) in await kinds(started, "customs")


async def test_a_report_is_not_asked_for_before_it_opens(started: City) -> None:
    await started.move_to("2024-03-26")
    assert {item["kind"] for item in await todo(started, "customs")} == {"acknowledge"}


async def test_an_overdue_report_is_called_so_until_the_lock(city: City) -> None:
    await city.move_to("2024-04-10")
    assert ("report_overdue", "futian", "1", -2) in await kinds(city, "futian")
    await city.move_to("2024-04-29")
    assert {item["kind"] for item in await todo(city, "futian")} == {"acknowledge"}


async def test_what_was_just_submitted_is_no_longer_asked_for(either: City) -> None:
    await either.move_to("2024-04-08")
    await either.submit("futian", measure="3")
    assert await kinds(either, "futian") == [("acknowledge", "futian", "1", -84), ("report", "futian", "1", 0)]


async def test_a_returned_report_is_asked_for_again_with_the_reason_and_its_own_day(city: City) -> None:
    await city.submit("futian", measure="3")
    await city.send_back("futian", measure="3", reason="未列银行名称")
    [item] = [item for item in await todo(city, "futian") if item["kind"] == "resubmit"]
    assert (item["reason"], item["due"], item["working_days_left"]) == ("未列银行名称", "2024-04-11", 3)


async def test_the_most_urgent_comes_first(city: City) -> None:
    await city.submit("futian", measure="3")
    await city.send_back("futian", measure="3")
    dues = [item["due"] for item in await todo(city, "futian")]
    assert dues == sorted(dues)


async def test_a_unit_head_sees_what_its_liaison_sees(city: City) -> None:
    assert await todo(city, "futian-head") == await todo(city, "futian")


async def test_the_office_reviews_within_its_own_days(city: City) -> None:
    await city.submit("futian")
    [item] = await todo(city, "office")
    assert (item["kind"], item["unit"], item["due"], item["working_days_left"]) == ("review", "futian", "2024-04-15", 5)


async def test_a_plan_may_give_its_office_other_days_to_review(town: City) -> None:
    await town.draft(plan_file(clocks={"review": 2}))
    await town.publish()
    await town.move_to("2024-04-08")
    await town.submit("futian")
    [item] = await todo(town, "office")
    assert (item["due"], item["working_days_left"]) == ("2024-04-10", 2)


async def test_what_was_reviewed_no_longer_waits(city: City) -> None:
    await city.submit("futian")
    await city.accept("futian")
    assert await todo(city, "office") == []


async def test_the_office_sees_late_units_and_does_not_call_requested_ones_late(city: City) -> None:
    await city.submit("futian")
    await city.move_to("2024-04-09")
    found = {(kind, unit, measure) for kind, unit, measure, _ in await kinds(city, "office")}
    assert found == {
        ("review", "futian", "1"),
        ("late_unit", "futian", "3"),
        ("late_unit", "luohu", "1"),
        ("late_unit", "nanshan", "1"),
        ("late_unit", "commerce", "1"),
        ("late_unit", "commerce", "2"),
        ("pending", "customs", "2"),
    }


async def test_an_office_of_another_plan_has_nothing_to_do_here(city: City) -> None:
    await city.submit("futian")
    await city.move_to("2024-04-09")
    assert await todo(city, "elsewhere") == []


async def test_a_liaison_of_another_plan_has_nothing_to_do_here(city: City) -> None:
    await city.hear([city.people.account("futian", plans=["another-plan"])])
    assert await todo(city, "futian") == []


async def test_who_is_of_the_office_and_of_a_unit_has_both_to_do(city: City) -> None:
    await city.submit("futian")
    found = {(kind, unit) for kind, unit, _, _ in await kinds(city, "host")}
    assert found == {("review", "futian"), ("report", "commerce"), ("acknowledge", "commerce")}


async def test_every_plan_is_on_the_one_list(city: City) -> None:
    await city.draft(plan_file(key="second", title="另一个方案"))
    await city.publish("second", first_period=Q1)
    plans = {item["plan"] for item in await todo(city, DISTRICTS[1])}
    assert plans == {PLAN, "second"}


@pytest.mark.parametrize("who", ["office", "host", "futian", "commerce"])
@pytest.mark.parametrize("limit", [1, 2, 5])
async def test_pages_hold_each_item_once_and_in_order(busy: City, who: str, limit: int) -> None:
    whole = await todo(busy, who)
    assert len(whole) >= 3
    assert await busy.pages(who, "todo", limit=limit) == whole


async def test_reviews_of_plans_with_other_clocks_are_in_the_order_of_their_days(busy: City) -> None:
    reviews = [
        (item["plan"], item["unit"], item["due"]) for item in await todo(busy, "office") if item["kind"] == "review"
    ]
    assert reviews == [
        ("second", "luohu", "2024-04-08"),
        (PLAN, "nanshan", "2024-04-10"),
        ("second", "futian", "2024-04-10"),
        (PLAN, "luohu", "2024-04-15"),
        (PLAN, "futian", "2024-04-15"),
    ]


async def test_no_page_holds_more_than_two_hundred(city: City) -> None:
    answer = await city.ask("office", "GET", "todo?limit=201")
    assert (answer.status_code, problem(answer)) == (422, "invalid-input")


@pytest.mark.parametrize(
    "key",
    [
        ["2024-04-08"],
        ["someday", "review", "2024-04-08T00:00:00+08:00", ID, 1, ID],
        ["9999-12-31", "review", "2024-04-08T00:00:00+08:00", ID, 1, ID],
        ["0001-01-01", "late", "2024-04-08T00:00:00+08:00", ID, 1, ID],
        ["2024-04-08", "review", None, ID, 1, ID],
        ["2024-04-08", "review", "2024-04-08T00:00:00+08:00", ID, 2**31, ID],
        ["2024-04-08", "review", "2024-04-08T00:00:00+08:00", ID, 1, "1"],
    ],
)
async def test_a_cursor_that_no_page_gave_is_refused(either: City, key: list[Any]) -> None:
    await either.move_to("2024-04-08")
    await either.submit("futian")
    cursor = base64.urlsafe_b64encode(orjson.dumps(key)).decode()
    answer = await either.ask("office", "GET", "todo", params={"cursor": cursor})
    assert (answer.status_code, problem(answer)) == (400, "unknown-cursor")


async def test_what_is_reviewed_while_one_pages_moves_nothing_else(busy: City) -> None:
    whole = await todo(busy, "office")
    seen = next(n for n, item in enumerate(whole, start=1) if item["kind"] == "review")
    page = await busy.get("office", "todo", limit=seen)
    await busy.accept(page["items"][-1]["unit"], plan=page["items"][-1]["plan"])
    assert (await busy.get("office", "todo", cursor=page["next"]))["items"] == whole[seen:]
