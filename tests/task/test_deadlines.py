"""The timer worker: every rung once, at its time or later, also after downtime and with several workers."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from contracts.names import DeadlineKind
from services.task.deadlines import DeadlineWorker
from services.task.queries.assignments import lock_assignment_by_id
from services.task.queries.reports import ReportKey, lock_report
from shared.testing.locks import until_another_waits
from tests.task.city import OTHER, City, assignment
from tests.task.facts import PLAN, Q1, Q4, actor, instant, plan_file

Fired = list[dict[str, Any]]


def rungs(fired: Fired, *, deadline: str = "report", measure: str = "3", period: str | None = Q1) -> list[int]:
    """What fired for one duty of Futian."""
    return [
        rung["rung"]
        for rung in fired
        if (rung["unit"], rung["deadline"], rung["measure"], rung["period"]) == ("futian", deadline, measure, period)
    ]


def counted(fired: Fired) -> Counter[tuple[Any, ...]]:
    """How often each rung of each duty fired."""
    key = ("unit", "measure", "period", "deadline", "rung")
    return Counter(tuple(rung[name] for name in key) for rung in fired)


async def test_nothing_fires_while_nothing_is_due(started: City) -> None:
    assert await started.fire() == []
    assert await started.fire("2023-12-05T08:59:59") == []


async def test_acknowledgement_is_reminded_of_on_its_day_and_escalated_after(either: City) -> None:
    days = ["2023-12-05", "2023-12-06", "2023-12-08", "2023-12-14", "2023-12-21"]
    fired = [rungs(await either.fire(day), deadline="acknowledge", period=None) for day in days]
    assert fired == [[0], [1], [3], [7], []]


async def test_a_receipt_ends_its_escalations(started: City) -> None:
    await started.fire("2023-12-05")
    await started.ask("futian", "POST", f"{assignment('futian', '3')}/acknowledge")
    fired = await started.fire("2023-12-14")
    assert rungs(fired, deadline="acknowledge", period=None) == []
    assert rungs(fired, deadline="acknowledge", measure="1", period=None) == [1, 3, 7]


async def test_a_report_is_reminded_of_from_five_days_before_and_not_before_it_opens(started: City) -> None:
    seen: dict[str, list[int]] = {}
    for day in ("03-26", "03-27", "03-28", "03-29", "04-01", "04-02", "04-03", "04-07", "04-08"):
        seen[day] = rungs(await started.fire(f"2024-{day}"))
    assert {day: found for day, found in seen.items() if found} == {
        "03-29": [-5],
        "04-02": [-3],
        "04-07": [-1],
        "04-08": [0],
    }


async def test_reminders_before_a_short_opening_are_left_out(town: City) -> None:
    short = {"cycle": "monthly", "due": {"working_days_after_period_end": 2}, "opens_working_days_before_due": 1}
    await town.draft(plan_file(reporting=short))
    await town.publish(first_period="2024-03")
    fired = await town.fire("2024-04-02")  # March opens on 1 April and is due on the 2nd
    assert rungs(fired, period="2024-03") == [-1, 0]


async def test_what_is_missing_is_escalated_again_and_again(started: City) -> None:
    await started.fire("2024-04-08")
    days = ["2024-04-09", "2024-04-11", "2024-04-17", "2024-04-24"]
    assert [rungs(await started.fire(day)) for day in days] == [[1], [3], [7], [12]]


async def test_what_can_no_longer_be_submitted_is_told_to_the_office_once_and_then_rests(either: City) -> None:
    await either.fire("2024-04-24")
    assert rungs(await either.fire("2024-04-28T23:59:59")) == []
    locked = [rung for rung in await either.fire("2024-04-29") if rung["period"] == Q1 and rung["measure"] == "3"]
    assert [(rung["kind"], rung["audience"]) for rung in locked] == [("locked", ["office"])]
    assert rungs(await either.fire("2026-04-29")) == []
    [deadline] = await either.deadlines(kind="report", unit="futian", measure="3", period=Q1)
    assert deadline["next_at"] is None


async def test_a_resubmission_stays_open_after_the_lock_and_so_does_its_ladder(city: City) -> None:
    await city.submit("futian", measure="3")
    await city.move_to("2024-05-06")
    await city.send_back("futian", measure="3")
    assert rungs(await city.fire("2024-05-10"), deadline="resubmit") == [-1, 0, 1]
    await city.submit("futian", OTHER, measure="3", if_match='"1"')


async def test_a_requested_units_ladder_stops_at_the_office(started: City) -> None:
    fired = await started.fire("2024-06-30")
    late = [rung for rung in fired if rung["unit"] == "customs" and rung["period"] == Q1 and rung["rung"] > 0]
    assert [(rung["rung"], rung["kind"], rung["audience"]) for rung in late] == [
        (3, "overdue", ["office"]),
        (16, "locked", ["office"]),
    ]


async def test_a_submitted_report_is_reminded_of_no_more_and_its_deadline_retires(either: City) -> None:
    await either.fire("2024-04-02")
    await either.submit("futian", measure="3")
    assert rungs(await either.fire("2024-04-30")) == []
    [deadline] = await either.deadlines(kind="report", unit="futian", measure="3", period=Q1)
    assert (deadline["next_at"], deadline["retired_at"]) == (None, instant("2024-04-30"))


async def test_a_returned_report_is_not_missing_but_its_resubmission_may_be(either: City) -> None:
    await either.move_to("2024-04-08")
    await either.submit("futian", measure="3")
    await either.send_back("futian", measure="3")
    fired = await either.fire("2024-04-18")
    assert rungs(fired) == []
    assert rungs(fired, deadline="resubmit") == [-1, 0, 1, 3]


async def test_a_resubmission_ends_its_reminders(city: City) -> None:
    await city.submit("futian", measure="3")
    await city.send_back("futian", measure="3")
    await city.fire("2024-04-10")
    await city.submit("futian", OTHER, measure="3", if_match='"1"')
    assert rungs(await city.fire("2024-04-30"), deadline="resubmit") == []


async def test_a_return_as_empty_is_reminded_of_as_a_resubmission_only(city: City) -> None:
    await city.submit("futian", measure="3")
    await city.send_back("futian", who="office-head", measure="3", kind="empty")
    fired = await city.fire("2024-04-12")
    assert (rungs(fired), rungs(fired, deadline="resubmit")) == ([], [-1, 0, 1])


async def test_weeks_of_downtime_record_every_rung_and_leave_one_to_be_told(either: City) -> None:
    fired = await either.fire("2024-04-25T14:00")
    mine = [rung for rung in fired if (rung["unit"], rung["measure"], rung["period"]) == ("futian", "3", Q1)]
    assert [(rung["rung"], rung["superseded"]) for rung in mine] == [
        (-5, True), (-3, True), (-1, True), (0, True), (1, True), (3, True), (7, True), (12, False)
    ]  # fmt: skip
    assert {rung["fired_at"] for rung in mine} == {"2024-04-25T06:00:00Z"}
    assert mine[-1]["scheduled_for"] == "2024-04-24T09:00:00+08:00"


async def test_a_restarted_worker_fires_nothing_again(either: City) -> None:
    await either.fire("2024-04-25")
    either.worker = either.new_worker()
    assert await either.fire() == []


async def test_a_worker_that_never_sleeps_fires_what_a_late_one_would(started: City) -> None:
    for days in range(30):
        await started.move_to(instant("2024-03-27") + timedelta(days=days))
        await started.fire()
    fired = await started.facts("deadline.rung_fired")
    assert set(counted(fired).values()) == {1}
    assert rungs(fired) == [-5, -3, -1, 0, 1, 3, 7, 12]


async def test_two_workers_at_once_fire_each_rung_once(either: City) -> None:
    await either.move_to("2024-04-25")
    others = [either.new_worker() for _ in range(3)]

    async def work(worker: DeadlineWorker) -> None:
        while await worker.fire_once():
            pass

    await asyncio.gather(*(work(worker) for worker in (either.worker, *others)))
    await either.fire()  # a worker that found everything locked looks again later
    fired = await either.facts("deadline.rung_fired")
    assert set(counted(fired).values()) == {1}
    assert rungs(fired) == [-5, -3, -1, 0, 1, 3, 7, 12]


async def test_timers_lock_in_the_order_in_which_a_submission_does(either: City) -> None:
    """Otherwise each could hold what the other waits for, and the database would end one of them."""
    await either.move_to("2024-04-17")
    async with either.service.write() as work:
        found = await lock_report(work, ReportKey(PLAN, "3", "futian", Q1), actor("futian"))
        timers = asyncio.create_task(either.worker.fire_once())
        await until_another_waits(work.connection)
        await lock_assignment_by_id(work.connection, found.report.assignment_id)
    assert await timers


async def test_a_transaction_takes_no_more_than_its_share(started: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.task.deadlines.RUNGS_PER_TRANSACTION", 5)
    await started.move_to("2023-12-05")
    assert [await started.worker.fire_once() for _ in range(3)] == [5, 2, 0]


async def test_a_rung_is_an_event_of_its_deadline_with_its_chain(started: City) -> None:
    await started.fire("2023-12-06")
    log = started.service.tables.log
    [deadline] = await started.deadlines(kind="acknowledge", unit="customs")
    versions = [row["aggregate_version"] for row in await started.rows(log, subject=f"deadline/{deadline['id']}")]
    assert versions == [1]
    assert deadline["version"] == 1
    assert {row["partition_key"] for row in await started.rows(log)} == {str(deadline["plan_id"])}


async def test_what_is_due_counts_as_work_left_and_the_next_instant_is_known(started: City) -> None:
    async with started.service.read() as view:
        assert await started.worker.work_left(view.connection, view.now) == 0
        assert await started.worker.next_due(view.connection, view.now) == instant("2023-12-05")
    await started.move_to("2023-12-05")
    async with started.service.read() as view:
        assert await started.worker.work_left(view.connection, view.now) == 7


async def test_the_running_service_fires_when_the_clock_is_moved(started: City) -> None:
    await started.service.bus.start()
    async with started.service.running("worker"):
        moved = await started.ask("admin", "POST", "clock", json={"to": "2023-12-05T09:00:00+08:00"})
        assert moved.status_code == 200
        while not await started.facts("deadline.rung_fired"):
            await asyncio.sleep(0.02)
    await started.service.bus.stop()
    assert len(await started.facts("deadline.rung_fired")) == 7


async def test_periods_before_the_first_have_no_timers(started: City) -> None:
    periods = {row["period"] for row in await started.deadlines(kind=DeadlineKind.REPORT)}
    assert min(period for period in periods if period) == Q4
    assert {row["plan"] for row in await started.deadlines()} == {PLAN}
