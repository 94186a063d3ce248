"""What an amendment does to measures, units, reports and deadlines."""

import asyncio
from datetime import date

from contracts.names import DeadlineKind
from services.task.commands.plans import amend_plan
from services.task.schemas.amendments import AmendIn
from shared.event_log.work import Cause
from shared.testing.locks import until_another_waits
from tests.task.amendments.desk import (
    amended,
    measure,
    redraft,
    states,
    with_a_new_measure,
    with_role,
    without_measure,
    without_unit,
)
from tests.task.city import City, assignment, problem, report
from tests.task.facts import PLAN, Q1, Q2, actor, plan_file


async def shown(city: City, unit: str, key: str) -> dict[str, object]:
    found: dict[str, object] = await city.get("office", assignment(unit, key))
    return found


# --- what is new ----------------------------------------------------------------------------------


async def test_a_new_measure_is_owed_from_the_period_in_which_the_amendment_counts(either: City) -> None:
    await amended(either, with_a_new_measure(), "2024-02-20")
    [issued] = await either.facts("assignment.issued", measure="4")
    assert [owed["period"] for owed in issued["obligations"]] == ["2024-Q1", "2024-Q2", "2024-Q3", "2024-Q4"]
    assert [r["period"] for r in await either.reports(measure="4")] == ["2024-Q1", "2024-Q2", "2024-Q3", "2024-Q4"]
    [published] = (await either.facts("plan.measure_published"))[3:]
    assert (published["measure"], published["position"], published["area"]) == ("4", 4, "二")
    assert issued["acknowledge_due"] == "2023-12-05"
    kinds = [deadline["kind"] for deadline in await either.deadlines(measure="4") if deadline["next_at"]]
    assert sorted(kinds) == [DeadlineKind.ACKNOWLEDGE, *[DeadlineKind.REPORT] * 4]


async def test_a_new_unit_acknowledges_and_reports(city: City) -> None:
    await amended(city, with_a_new_measure())
    assert (await city.ask("education", "POST", f"{assignment('education', '4')}/acknowledge")).status_code == 200
    await city.move_to("2024-07-01")
    assert (await city.submit("education", measure="4", period=Q2))["state"] == "submitted"


async def test_a_period_that_was_due_before_the_day_is_not_asked_for(town: City) -> None:
    """Reports due on the 28th of the period's last month, an amendment on the 30th."""
    reporting = {"cycle": "quarterly", "due": {"day_of_month": 28}}
    await town.draft(plan_file(reporting=reporting))
    await town.publish()
    await amended(town, with_a_new_measure() | {"reporting": reporting}, "2024-03-30")
    assert [r["period"] for r in await town.reports(measure="4")] == ["2024-Q2", "2024-Q3", "2024-Q4"]


async def test_a_changed_measure_keeps_its_key(either: City) -> None:
    document = plan_file()
    measure(document, "3")["title"], measure(document, "3")["strength"] = "创新跨境金融", "binding"
    document["areas"].reverse()
    await amended(either, document, "2024-01-01")
    events = await either.facts("plan.measure_amended")
    assert [(e["measure"], e["position"], e["title"]) for e in events] == [
        ("3", 1, "创新跨境金融"), ("1", 2, "建设海外仓"), ("2", 3, "提升通关效率"),
    ]  # fmt: skip
    items = (await either.get("office", f"plans/{PLAN}/measures"))["items"]
    assert [(item["measure"], item["title"]) for item in items] == [(e["measure"], e["title"]) for e in events]
    assert await either.facts("assignment.amended") == []


# --- what is gone ---------------------------------------------------------------------------------


async def test_a_unit_that_leaves_owes_what_began_before(either: City) -> None:
    await amended(either, without_unit("1", "commerce"), "2024-04-01")
    assert await states(either, "1", "commerce") == {
        "2023-Q4": "expected", "2024-Q1": "expected", "2024-Q2": "excused", "2024-Q3": "excused", "2024-Q4": "excused",
    }  # fmt: skip
    [event] = await either.facts("assignment.superseded")
    assert (event["measure"], event["unit"], event["role"]) == ("1", "commerce", "lead")
    assert [owed["period"] for owed in event["excused"]] == ["2024-Q2", "2024-Q3", "2024-Q4"]
    assert [owed["period"] for owed in event["owed"]] == ["2023-Q4", "2024-Q1"]
    assert sorted(fact["period"] for fact in await either.facts("report.excused")) == ["2024-Q2", "2024-Q3", "2024-Q4"]
    assert (await shown(either, "commerce", "1"))["state"] == "superseded"


async def test_a_period_that_straddles_the_day_stays_owed(city: City) -> None:
    await amended(city, without_unit("1", "commerce"), "2024-05-15")
    assert (await states(city, "1", "commerce"))[Q2] == "expected"
    await city.move_to("2024-07-01")
    assert (await city.submit("commerce", period=Q2))["state"] == "submitted"
    assert (await shown(city, "commerce", "1"))["state"] == "superseded"


async def test_nothing_is_submitted_to_what_is_excused(city: City) -> None:
    await amended(city, without_unit("1", "commerce"))
    await city.move_to("2024-10-08")
    answer = await city.put_report("commerce", period="2024-Q3")
    assert (answer.status_code, problem(answer)) == (409, "report-excused")
    assert (await city.get("commerce", report("commerce", period="2024-Q3")))["state"] == "excused"


async def test_what_was_submitted_stays_as_it_is(city: City) -> None:
    await city.submit("commerce")
    await amended(city, without_measure("1"))
    assert (await states(city, "1", "commerce"))[Q1] == "submitted"
    assert (await city.accept("commerce"))["state"] == "accepted"


async def test_nobody_acknowledges_what_was_taken_away(either: City) -> None:
    await amended(either, without_unit("1", "commerce"), "2024-01-01")
    answer = await either.ask("commerce", "POST", f"{assignment('commerce')}/acknowledge")
    assert (answer.status_code, problem(answer)) == (409, "assignment-superseded")
    assert "2024-01-01" in answer.json()["detail"]


async def test_the_clocks_of_what_was_taken_away_stop(either: City) -> None:
    await amended(either, without_unit("1", "commerce"), "2024-01-01")
    armed = [d for d in await either.deadlines(measure="1", unit="commerce") if d["next_at"]]
    assert [(d["kind"], d["period"]) for d in armed] == [(DeadlineKind.REPORT, "2023-Q4")]
    fired = await either.fire("2024-05-20")
    assert {(f["deadline"], f["period"]) for f in fired if (f["measure"], f["unit"]) == ("1", "commerce")} == {
        ("report", "2023-Q4")
    }


async def test_a_measure_that_ends_takes_its_assignments_along(either: City) -> None:
    await amended(either, without_measure("3"), "2024-01-01")
    [event] = await either.facts("plan.measure_ended")
    assert (event["measure"], event["effective_from"]) == ("3", "2024-01-01")
    assert [(e["measure"], e["unit"]) for e in await either.facts("assignment.superseded")] == [("3", "futian")]
    found = await either.get("office", f"plans/{PLAN}/measures/3")
    assert (found["ended_on"], found["assignments"]) == ("2024-01-01", 0)


async def test_what_was_taken_away_is_on_nobodys_list(started: City) -> None:
    before = {(todo["measure"], todo["kind"]) for todo in (await started.get("commerce", "todo"))["items"]}
    assert ("1", "acknowledge") in before
    await amended(started, without_unit("1", "commerce"), "2023-12-01")
    after = {(todo["measure"], todo["kind"]) for todo in (await started.get("commerce", "todo"))["items"]}
    assert after == {("2", "acknowledge")}


async def test_a_unit_that_comes_back_gets_its_assignment_again(either: City) -> None:
    await amended(either, without_unit("1", "commerce"), "2024-01-01")
    await either.move_to("2024-05-06")
    await amended(either, plan_file(), "2024-05-06")
    assert (await shown(either, "commerce", "1"))["state"] == "issued"
    assert await states(either, "1", "commerce") == {
        "2023-Q4": "expected", "2024-Q1": "excused", "2024-Q2": "expected", "2024-Q3": "expected", "2024-Q4": "expected",
    }  # fmt: skip
    assert sorted(fact["period"] for fact in await either.facts("report.reinstated")) == [
        "2024-Q2",
        "2024-Q3",
        "2024-Q4",
    ]
    again = (await either.facts("assignment.issued", measure="1", unit="commerce"))[-1]
    assert (again["acknowledge_due"], [owed["period"] for owed in again["obligations"]]) == (
        "2024-05-08", ["2024-Q2", "2024-Q3", "2024-Q4"],
    )  # fmt: skip
    armed = [d for d in await either.deadlines(measure="1", unit="commerce") if d["next_at"]]
    assert sorted(d["period"] for d in armed if d["kind"] == DeadlineKind.REPORT and d["period"] != "2023-Q4") == [
        "2024-Q2", "2024-Q3", "2024-Q4",
    ]  # fmt: skip


async def test_a_report_that_waits_for_the_amendment_goes_in_without_an_acknowledgement(either: City) -> None:
    """It is of a period that straddles the day, and the unit had not acknowledged."""
    await redraft(either, without_unit("1", "commerce"))
    await either.move_to("2024-04-03")
    body = AmendIn(effective_from=date(2024, 4, 4), reason="任务调整")
    async with either.service.write(Cause("office-head")) as work:
        await amend_plan(work, either.app.state.calendar, actor("office-head"), PLAN, body, None)
        waiting = asyncio.create_task(either.put_report("commerce"))
        await until_another_waits(work.connection)
    assert (await waiting).status_code == 201
    assert await either.facts("assignment.acknowledged", unit="commerce") == []


# --- what stays -----------------------------------------------------------------------------------


async def test_another_role_is_an_event_of_the_assignment_and_keeps_its_reports(either: City) -> None:
    await amended(either, with_role("2", "commerce", "responsible"), "2024-01-01")
    [event] = await either.facts("assignment.amended")
    assert (event["unit"], event["role_before"], event["role"]) == ("commerce", "cooperating", "responsible")
    assert (event["added"], event["excused"]) == ([], [])
    assert (await shown(either, "commerce", "2"))["role"] == "responsible"
    assert set((await states(either, "2", "commerce")).values()) == {"expected"}


async def test_a_longer_plan_asks_for_further_periods(either: City) -> None:
    await amended(either, plan_file(ends="2025-06-30"), "2024-01-01")
    events = await either.facts("assignment.amended")
    assert len(events) == 7
    assert [owed["period"] for owed in events[0]["added"]] == ["2025-Q1", "2025-Q2"]
    assert len(await either.reports()) == 35 + 14
    assert len([d for d in await either.deadlines(period="2025-Q2") if d["next_at"]]) == 7
    [plan] = await either.facts("plan.amended")
    assert [period["period"] for period in plan["periods"]][-2:] == ["2025-Q1", "2025-Q2"]


async def test_a_shorter_plan_excuses_what_begins_after_its_end(either: City) -> None:
    await amended(either, plan_file(ends="2024-08-31"), "2024-01-01")
    assert (await states(either, "3", "futian")) == {
        "2023-Q4": "expected", "2024-Q1": "expected", "2024-Q2": "expected", "2024-Q3": "expected", "2024-Q4": "excused",
    }  # fmt: skip
    assert len(await either.facts("report.excused")) == 7
    assert [d for d in await either.deadlines(period="2024-Q4") if d["next_at"]] == []


async def test_a_plan_that_was_shortened_can_be_made_longer_again(either: City) -> None:
    await amended(either, plan_file(ends="2024-08-31"), "2024-01-01")
    await amended(either, plan_file(), "2024-01-01")
    assert len(await either.facts("report.reinstated")) == 7
    assert len(await either.reports()) == 35
    assert set((await states(either, "3", "futian")).values()) == {"expected"}


async def test_dates_that_were_announced_stay_and_later_periods_follow_the_new_rule(city: City) -> None:
    reporting = {"cycle": "quarterly", "due": {"day_of_month": 28}}
    await amended(city, plan_file(ends="2025-03-31", reporting=reporting))
    dues = {r["period"]: r["due"].isoformat() for r in await city.reports(measure="3")}
    assert (dues[Q1], dues["2025-Q1"]) == ("2024-04-08", "2025-03-28")
    [plan] = await city.facts("plan.amended")
    assert {period["period"]: period["due"] for period in plan["periods"]} == dues


async def test_a_group_that_the_amendment_leaves_alone_keeps_its_members(city: City) -> None:
    await city.hear([city.people.group("districts", ["futian", "education"])])
    await amended(city, with_a_new_measure())
    assert [e["unit"] for e in (await city.facts("assignment.issued"))[7:]] == ["education"]
    assert await city.facts("assignment.superseded") == []


async def test_a_group_that_gets_another_part_is_expanded_by_todays_directory(city: City) -> None:
    await city.hear([city.people.group("districts", ["futian", "education"])])
    document = plan_file()
    measure(document, "1")["units"][1]["role"] = "cooperating"
    await amended(city, document)
    assert [e["unit"] for e in (await city.facts("assignment.issued"))[7:]] == ["education"]
    assert sorted(e["unit"] for e in await city.facts("assignment.superseded")) == ["luohu", "nanshan"]
    assert [(e["unit"], e["role"]) for e in await city.facts("assignment.amended")] == [("futian", "cooperating")]
    [plan] = await city.facts("plan.amended")
    assert plan["groups"] == {"districts": ["futian", "luohu", "nanshan"], "1/districts": ["futian", "education"]}


async def test_an_expansion_of_an_amendment_is_kept_by_the_next(city: City) -> None:
    await city.hear([city.people.group("districts", ["futian", "education"])])
    document = plan_file()
    measure(document, "1")["units"][1]["role"] = "cooperating"
    await amended(city, document)
    await city.hear([city.people.group("districts", ["luohu"])])
    await amended(city, document | {"title": "另一个标题"})
    assert len(await city.facts("assignment.superseded")) == 2


async def test_a_member_that_is_excused_later_leaves_with_the_amendment(city: City) -> None:
    document = plan_file()
    measure(document, "1")["units"][1]["excused"] = {"luohu": "没有保税仓库"}
    found = await amended(city, document)
    assert [(e["measure"], e["unit"]) for e in found["effects"]["superseded"]] == [("1", "luohu")]


async def test_another_plan_with_the_same_units_is_untouched(city: City) -> None:
    await city.draft(plan_file(key="inland", title="内陆方案"))
    await city.publish("inland")
    await amended(city, without_unit("1", "commerce"))
    others = await city.reports(plan="inland", unit="commerce")
    assert {str(r["state"]) for r in others} == {"expected"}
    assert (await city.get("office", assignment("commerce", plan="inland")))["state"] == "issued"


async def test_every_chain_of_an_amended_plan_holds(either: City) -> None:
    await amended(either, without_unit("1", "commerce"), "2024-01-01")
    await amended(either, with_a_new_measure(), "2024-02-01")
    for path in (f"plans/{PLAN}", assignment("commerce")):
        history = await either.get("auditor", f"{path}/history")
        assert [event["version"] for event in history] == list(range(1, len(history) + 1))
        assert [event["prev"] for event in history] == ["", *(event["hash"] for event in history[:-1])]
