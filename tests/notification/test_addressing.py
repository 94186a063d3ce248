"""From notices to people, inboxes and e-mails."""

import asyncio
from datetime import timedelta

import structlog

from contracts.names import DeadlineKind, Relation, Role
from contracts.task import MeasureAmended
from services.notification.addressing import ALARM_AFTER
from services.notification.metrics import FOR_NOBODY
from services.notification.models import deliveries, mails, measures, notices
from shared.event_log.verify import verify_chains
from tests.notification.desk import Desk
from tests.notification.events import MONDAY, PLAN, account_id, at


async def test_the_liaison_of_the_unit_hears_and_nobody_else(desk: Desk) -> None:
    await desk.hear(desk.story.returned())
    await desk.deliver()
    assert {row["recipient"] for row in await desk.rows(deliveries)} == {"futian"}
    assert [message["To"].addresses[0].addr_spec for message in desk.mail()] == ["futian@example.org"]


async def test_the_inbox_is_proved_by_an_event_in_the_same_transaction(desk: Desk) -> None:
    await desk.hear(desk.story.accepted())
    await desk.deliver()
    [delivery] = await desk.rows(deliveries)
    [event] = await desk.events("notice.sent")
    assert (delivery["channel"], delivery["state"], delivery["sent_at"]) == ("inbox", "sent", MONDAY)
    assert event["subject"] == f"notice/{delivery['notice']}"


async def test_the_same_event_twice_is_told_once(desk: Desk) -> None:
    event = desk.story.returned()
    await desk.hear(event)
    await desk.deliver()
    await desk.hear(event)
    await desk.deliver()
    assert len(await desk.rows(deliveries)) == 2
    assert len(desk.mail()) == 1


async def test_everybody_who_holds_the_role_hears(desk: Desk) -> None:
    await desk.hear(desk.story.account("futian-2", Role.LIAISON, "futian"), desk.story.returned())
    await desk.deliver()
    told = {row["recipient"] for row in await desk.rows(deliveries, channel="inbox")}
    assert told == {"futian", "futian-2"}


async def test_an_account_of_other_plans_only_does_not_hear(desk: Desk) -> None:
    await desk.hear(
        desk.story.account("elsewhere", Role.LIAISON, "futian", plans=["other-plan"]), desk.story.returned()
    )
    await desk.deliver()
    assert "elsewhere" not in {row["recipient"] for row in await desk.rows(deliveries)}


async def test_a_disabled_account_does_not_hear(desk: Desk) -> None:
    await desk.hear(desk.story.account("gone", Role.LIAISON, "futian", active=False), desk.story.returned())
    await desk.deliver()
    assert "gone" not in {row["recipient"] for row in await desk.rows(deliveries)}


async def test_a_notice_waits_for_somebody_to_tell(desk: Desk) -> None:
    await desk.disable("futian")
    await desk.hear(desk.story.returned())
    await desk.deliver()
    assert await desk.states(notices) == ["waiting"]
    await desk.hear(desk.story.account("newcomer", Role.LIAISON, "futian"))
    desk.clock.pass_system(minutes=1)
    await desk.deliver()
    assert await desk.states(notices) == ["addressed"]
    assert len(await desk.inbox("newcomer")) == 1


async def test_a_notice_for_nobody_raises_the_alarm_after_ten_minutes(desk: Desk) -> None:
    await desk.disable("futian")
    await desk.hear(desk.story.returned())
    with structlog.testing.capture_logs() as logs:
        await desk.deliver()
        await desk.service.work_left()
        assert not [line for line in logs if line["log_level"] == "critical"]
        assert FOR_NOBODY._value.get() == 0
        desk.clock.pass_system(seconds=ALARM_AFTER.total_seconds())
        await desk.deliver()
        await desk.service.work_left()
    assert [line["event"] for line in logs if line["log_level"] == "critical"] == ["notice for nobody"]
    assert FOR_NOBODY._value.get() == 1


async def test_a_notice_for_nobody_does_not_keep_the_service_from_settling(desk: Desk) -> None:
    await desk.disable("futian")
    await desk.hear(desk.story.returned())
    await desk.worker.deliver_once()
    assert (await desk.service.work_left())["deliveries"] == 0


async def test_what_has_expired_is_told_to_nobody_and_says_so(desk: Desk) -> None:
    await desk.hear(desk.story.returned())
    desk.clock.business = at("2024-04-12")
    await desk.deliver()
    assert await desk.states(notices) == ["expired"]
    assert await desk.rows(deliveries) == []


async def test_what_was_done_before_anybody_was_told_is_moot(desk: Desk) -> None:
    await desk.hear(desk.story.rung(0, Role.LIAISON), desk.story.submitted())
    await desk.deliver()
    assert [row["state"] for row in await desk.rows(notices, template="report_reminder")] == ["moot"]
    assert await desk.inbox("futian") == []


async def test_reminders_of_what_an_amendment_excused_or_took_away_are_moot(desk: Desk) -> None:
    story = desk.story
    await desk.hear(story.issued(), story.rung(0, Role.LIAISON), story.excused())
    await desk.hear(story.rung(1, Role.LIAISON, deadline=DeadlineKind.ACKNOWLEDGE), story.superseded())
    await desk.deliver()
    states = {row["template"]: row["state"] for row in await desk.rows(notices)}
    assert (states["report_reminder"], states["acknowledge_overdue"]) == ("moot", "moot")
    assert states["assignment_superseded"] == "addressed"


async def test_what_is_asked_for_again_is_reminded_of_again(desk: Desk) -> None:
    story = desk.story
    await desk.hear(story.excused(), story.reinstated(), story.rung(0, Role.LIAISON))
    await desk.deliver()
    assert [row["state"] for row in await desk.rows(notices, template="report_reminder")] == ["addressed"]


async def test_a_measure_is_called_what_an_amendment_calls_it(desk: Desk) -> None:
    [published] = [event for event in desk.story.plan() if getattr(event.data, "measure", "") == "17"]
    facts = published.data.model_dump() | {"title": "提升公共海外仓", "effective_from": MONDAY.date()}
    await desk.hear(published, desk.story.record(published.subject, MeasureAmended(**facts)))
    [row] = await desk.rows(measures, measure="17")
    assert row["title"] == "提升公共海外仓"


async def test_what_happened_before_the_service_first_ran_is_nobodys_news(desk: Desk) -> None:
    await desk.worker._remember_start()
    desk.story.now = MONDAY - timedelta(seconds=1)
    await desk.hear(desk.story.returned())
    await desk.deliver()
    assert await desk.states(notices) == ["silent"]


async def test_a_later_start_does_not_move_the_beginning(desk: Desk) -> None:
    await desk.worker._remember_start()
    desk.clock.business = at("2024-04-09")
    await desk.worker._remember_start()
    await desk.hear(desk.story.returned())
    await desk.deliver()
    assert await desk.states(notices) == ["addressed"]


# --- which e-mail ---------------------------------------------------------------------------------


async def test_a_days_assignments_come_in_one_mail(desk: Desk) -> None:
    await desk.hear(*(desk.story.issued(measure) for measure in ("15", "16", "17")))
    await desk.deliver()
    [message] = desk.mail()
    assert message["Subject"].startswith("3件事项：新交办3")


async def test_a_daily_mail_waits_while_more_is_coming(desk: Desk) -> None:
    for measure in ("15", "16", "17"):
        await desk.hear(desk.story.issued(measure))
        await desk.worker.deliver_once()
        desk.clock.pass_system(seconds=0.9)
    assert desk.mail() == []
    desk.clock.pass_system(seconds=0.1)
    await desk.worker.deliver_once()
    assert len(desk.mail()) == 1


async def test_there_is_one_daily_mail_a_day_and_the_rest_comes_the_next_morning(desk: Desk) -> None:
    await desk.hear(desk.story.issued("15"))
    await desk.deliver()
    await desk.hear(desk.story.issued("16"), desk.story.issued("17"))
    await desk.deliver()
    assert len(desk.mail_to("futian")) == 1
    desk.clock.business = at("2024-04-09")
    await desk.deliver()
    [_, second] = desk.mail_to("futian")
    assert second["Subject"].startswith("2件事项：新交办2")


async def test_the_next_morning_is_what_the_clock_is_due_to_stop_at(desk: Desk) -> None:
    assert await desk.service.next_due() is None
    await desk.hear(desk.story.issued("15"))
    await desk.deliver()
    await desk.hear(desk.story.issued("16"))
    await desk.deliver()
    assert await desk.service.next_due() == at("2024-04-09", 9)


async def test_what_comes_at_night_waits_for_the_morning(desk: Desk) -> None:
    desk.clock.business = at("2024-04-08", 7)
    await desk.hear(desk.story.issued())
    await desk.deliver()
    assert desk.mail() == []
    assert await desk.service.next_due() == at("2024-04-08", 9)


async def test_the_mornings_mail_takes_along_what_the_morning_brings(desk: Desk) -> None:
    desk.clock.business = at("2024-04-08", 7)
    await desk.hear(desk.story.issued("15"))
    await desk.deliver()
    desk.clock.business = MONDAY
    await desk.worker.deliver_once()
    await desk.hear(desk.story.rung(0, Role.LIAISON))
    await desk.deliver()
    [message] = desk.mail()
    assert message["Subject"].startswith("2件事项：即将到期1、新交办1")


async def test_a_reminder_that_the_next_daily_mail_would_bring_too_late_goes_at_once(desk: Desk) -> None:
    await desk.hear(desk.story.issued("15"))
    await desk.deliver()
    await desk.hear(desk.story.rung(0, Role.LIAISON))
    await desk.deliver()
    assert [message["Subject"] for message in desk.mail()][1].startswith("请报送：措施17")


async def test_urgent_notices_that_come_together_share_a_mail(desk: Desk) -> None:
    late = [desk.story.rung(1, Role.UNIT_HEAD, measure=measure) for measure in ("15", "16", "17")]
    await desk.hear(late)
    await desk.deliver()
    [message] = desk.mail()
    assert message["Subject"].startswith("3件事项：逾期3")


async def test_urgent_notices_go_although_the_daily_mail_has_gone(desk: Desk) -> None:
    await desk.hear(desk.story.issued("15"))
    await desk.deliver()
    await desk.hear(desk.story.returned())
    await desk.deliver()
    assert len(desk.mail_to("futian")) == 2


async def test_whoever_has_no_address_reads_it_in_the_inbox(desk: Desk) -> None:
    await desk.hear(desk.story.account("newcomer", Role.UNIT_HEAD, "futian"), desk.story.rung(1, Role.UNIT_HEAD))
    await desk.deliver()
    assert len(await desk.inbox("newcomer")) == 1
    [by_email] = await desk.rows(deliveries, recipient="newcomer", channel="email")
    assert by_email["state"] == "unreachable"


async def test_a_unit_that_may_only_be_asked_reads_no_word_of_supervision_in_the_whole_message(desk: Desk) -> None:
    await desk.hear(desk.story.issued("15", "customs", Relation.REQUESTED))
    await desk.deliver()
    [message] = desk.mail_to("customs")
    for word in ("督办", "逾期", "交办"):
        assert word not in str(message["From"]) + str(message["Subject"]) + message.as_string()


async def test_two_workers_take_disjoint_notices_and_leave_none(desk: Desk) -> None:
    people = [desk.story.account(f"person-{n}", Role.LIAISON, "guangming") for n in range(5)]
    await desk.hear(people, *(desk.story.issued(measure, "guangming") for measure in ("15", "16", "17")))
    await asyncio.gather(*(desk.worker.deliver_once() for _ in range(2)))
    await desk.deliver()
    assert len(await desk.rows(deliveries, channel="inbox")) == 18
    assert len(await desk.events("notice.sent")) == 18 + 3  # and three in the one e-mail to whoever has an address
    assert len(desk.mail()) == 1


async def test_every_notices_chain_verifies(desk: Desk) -> None:
    await desk.hear(desk.story.returned(), desk.story.submitted(), desk.story.rung(0, Role.LIAISON))
    await desk.deliver()
    async with desk.service.read() as view:
        found = await verify_chains(view.connection, desk.service.tables, dict(desk.service.aggregates))
    assert (found.broken, found.aggregates) == ([], 2)


async def test_mail_of_an_account_is_apart_by_plan(desk: Desk) -> None:
    await desk.hear(desk.story.issued("15"))
    other = desk.story.issued("16")
    await desk.hear(
        type(other)(other.id, other.subject, 1, other.time, "", other.data.model_copy(update={"plan": "p2"}))
    )
    await desk.deliver()
    rows = await desk.rows(mails, account=account_id("futian"))
    assert {row["plan"] for row in rows} == {PLAN, "p2"}
    assert len(rows) == 2
    assert len(desk.mail()) == 2


async def test_a_settled_service_has_nothing_left(desk: Desk) -> None:
    await desk.hear(desk.story.returned(), desk.story.issued())
    assert (await desk.service.work_left())["deliveries"] == 2
    await desk.worker.deliver_once()
    assert (await desk.service.work_left())["deliveries"] == 2  # the two e-mails, which wait for more to join them
    await desk.deliver()
    assert (await desk.service.work_left())["deliveries"] == 0
