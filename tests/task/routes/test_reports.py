"""Reading reports, obligations and deadlines: who sees what, page by page."""

from typing import Any

import pytest

from tests.task.city import CONTENT, OTHER, City, problem, report
from tests.task.facts import PEOPLE, PLAN, Q1, Q2, Q4

OBLIGATIONS = f"plans/{PLAN}/obligations"
DEADLINES = f"plans/{PLAN}/deadlines"


SEEN_BY = {"office", "office-head", "leader", "auditor", "futian", "futian-head", "futian-robot", "coordinator"}


@pytest.mark.parametrize("path", ["", "/versions", "/history"])
async def test_a_report_is_seen_by_its_unit_and_those_who_read_all(city: City, path: str) -> None:
    await city.submit("futian")
    assert (await city.ask(None, "GET", report("futian") + path)).status_code == 401
    for who in PEOPLE.keys() - {"host"}:
        answer = await city.ask(who, "GET", report("futian") + path)
        assert answer.status_code == (200 if who in SEEN_BY else 404), who
        if who not in SEEN_BY:
            assert problem(answer) == "report-not-found"
            assert CONTENT["done"] not in answer.text


async def test_the_refusal_of_anothers_report_is_that_of_one_that_does_not_exist(city: City) -> None:
    theirs = (await city.ask("luohu", "GET", report("futian"))).json()
    nobodys = (await city.ask("luohu", "GET", report("customs", "3"))).json()
    for document in (theirs, nobodys):
        del document["request_id"], document["detail"]
    assert theirs == nobodys


async def test_the_reports_history_tells_its_whole_life(city: City) -> None:
    await city.submit("futian")
    await city.send_back("futian")
    await city.submit("futian", OTHER, if_match='"1"')
    await city.accept("futian")
    history = await city.get("auditor", f"{report('futian')}/history")
    assert [(event["version"], event["type"], event["actor"]) for event in history] == [
        (1, "report.submitted", "futian"),
        (2, "report.returned", "office"),
        (3, "report.submitted", "futian"),
        (4, "report.accepted", "office"),
    ]
    assert [event["prev"] for event in history[1:]] == [event["hash"] for event in history[:-1]]
    assert {event["time"] for event in history} == {"2024-04-08T09:00:00+08:00"}


async def test_an_obligation_carries_unit_state_and_dates(city: City) -> None:
    [item] = (await city.get("office", OBLIGATIONS, unit="customs", period=Q1))["items"]
    assert item == {
        "plan": PLAN,
        "measure": "2",
        "unit": "customs",
        "unit_name": "深圳海关",
        "period": Q1,
        "state": "open",
        "version": 0,
        "opens": "2024-03-27",
        "due": "2024-04-08",
        "locks": "2024-04-28",
        "on_time": None,
        "resubmit_due": None,
    }


@pytest.mark.parametrize(
    ("state", "periods"),
    [
        ("scheduled", {Q2, "2024-Q3", "2024-Q4"}),
        ("open", {Q1}),
        ("locked", {Q4}),
        ("submitted", set()),
        ("returned", set()),
        ("accepted", set()),
        ("excused", set()),
    ],
)
async def test_obligations_are_found_by_the_state_that_they_show(city: City, state: str, periods: set[str]) -> None:
    items = (await city.get("office", OBLIGATIONS, state=state, measure="3"))["items"]
    assert {item["period"] for item in items} == periods
    assert {item["state"] for item in items} <= {state}


async def test_a_submitted_report_is_found_as_such(city: City) -> None:
    await city.submit("futian")
    [item] = (await city.get("office", OBLIGATIONS, state="submitted"))["items"]
    assert (item["unit"], item["version"], item["on_time"]) == ("futian", 1, True)


@pytest.mark.parametrize(
    ("who", "units"),
    [
        ("office", {"commerce", "futian", "luohu", "nanshan", "customs"}),
        ("leader", {"commerce", "futian", "luohu", "nanshan", "customs"}),
        ("futian", {"futian"}),
        ("coordinator", {"futian", "luohu"}),
    ],
)
@pytest.mark.parametrize("path", [OBLIGATIONS, DEADLINES])
async def test_lists_hold_what_the_caller_may_see(city: City, who: str, units: set[str], path: str) -> None:
    items = (await city.get(who, path, limit=200))["items"]
    assert {item["unit"] for item in items} == units


async def all_pages(city: City, path: str, **params: Any) -> list[dict[str, Any]]:
    seen: list[dict[str, Any]] = []
    page = await city.get("office", path, **params)
    while True:
        seen += page["items"]
        assert len(page["items"]) <= params["limit"]
        if page["next"] is None:
            return seen
        page = await city.get("office", path, cursor=page["next"], **params)


@pytest.mark.parametrize(("path", "count"), [(OBLIGATIONS, 35), (DEADLINES, 42)])
async def test_pages_hold_everything_once_and_in_order(either: City, path: str, count: int) -> None:
    items = await all_pages(either, path, limit=4)
    assert len({str(item) for item in items}) == len(items) == count
    order = [item.get("next_at", item["due"]) for item in items]
    assert order == sorted(order)


async def test_pages_keep_to_their_filters(city: City) -> None:
    items = await all_pages(city, OBLIGATIONS, limit=2, unit="futian", state="scheduled")
    assert len(items) == 6


@pytest.mark.parametrize("path", [OBLIGATIONS, DEADLINES])
@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "e30",
        "WyIyMDI0LTA0LTA4Il0",  # ["2024-04-08"]
        "WyJ4IiwieSJd",  # ["x","y"]
        "WzEsMl0",  # [1,2]
        "WyIyMDI0LTA0LTA4Iiw1XQ",  # ["2024-04-08",5]
        "WyIyMDI0LTA0LTA4VDA5OjAwOjAwIiwiMDE5MmFhYWEtYWFhYS03YWFhLThhYWEtYWFhYWFhYWFhYWFhIl0",  # an instant without a zone
        "WyIwMDAxLTAxLTAxVDAwOjAwOjAwKzE0OjAwIiwiMDE5MmFhYWEtYWFhYS03YWFhLThhYWEtYWFhYWFhYWFhYWFhIl0",  # before year 1
        "W251bGwsbnVsbF0",  # [null,null]
    ],
)
async def test_a_made_up_cursor_is_refused(either: City, path: str, cursor: str) -> None:
    answer = await either.ask("office", "GET", path, params={"cursor": cursor})
    assert (answer.status_code, problem(answer)) == (400, "unknown-cursor")


@pytest.mark.parametrize(
    ("name", "value"),
    [("unit", "' OR ''='"), ("measure", "1;DROP TABLE reports"), ("period", "2024-Q9"), ("state", "overdue"), ("limit", "0")],
)  # fmt: skip
async def test_a_wrong_filter_is_named(city: City, name: str, value: str) -> None:
    answer = await city.ask("office", "GET", OBLIGATIONS, params={name: value})
    assert answer.status_code == 422
    assert [error["parameter"] for error in answer.json()["errors"]] == [name]


async def test_deadlines_say_what_goes_out_next(started: City) -> None:
    page = await started.get("customs", DEADLINES, limit=1)
    assert page["items"] == [
        {
            "kind": "acknowledge",
            "plan": PLAN,
            "measure": "2",
            "unit": "customs",
            "period": None,
            "due": "2023-12-05",
            "next_rung": 0,
            "next_at": "2023-12-05T09:00:00+08:00",
        }
    ]
