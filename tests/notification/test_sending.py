"""Sending: leases, retries, giving up, and what is no longer worth sending."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from contracts.names import Role
from services.notification.channels.email import Message, NotSent, RefusedForGood
from services.notification.delivery import MAILS_PER_ROUND
from services.notification.metrics import FAILED
from services.notification.models import deliveries, mails
from services.notification.sending import LEASE, RETRY_AFTER, claim_mails, record_sent
from tests.notification.desk import Desk
from tests.notification.events import MONDAY, account_id, at
from tests.notification.test_email import Postbox, mail_server


@dataclass
class Server:
    """A channel that answers as told, and remembers what it was given."""

    failures: list[Exception] = field(default_factory=list)
    given: list[Message] = field(default_factory=list)

    async def send(self, message: Message) -> None:
        self.given.append(message)
        if self.failures:
            raise self.failures.pop(0)


@pytest.fixture
def server(desk: Desk) -> Server:
    desk.worker.channel = server = Server()
    return server


async def email_states(desk: Desk) -> list[str]:
    return await desk.states(deliveries, channel="email")


async def try_later(desk: Desk) -> None:
    [mail] = await desk.rows(mails)
    desk.clock.system = mail["due_at"]
    await desk.worker.deliver_once()


async def test_what_the_server_took_is_sent_and_proved(desk: Desk, server: Server) -> None:
    await desk.hear(desk.story.returned())
    await desk.deliver()
    assert await email_states(desk) == ["sent"]
    assert len(await desk.events("notice.sent")) == 2
    assert await desk.states(mails) == ["sent"]


async def test_a_mail_carries_business_time_although_retries_follow_system_time(desk: Desk, server: Server) -> None:
    await desk.hear(desk.story.returned())
    await desk.deliver()
    assert server.given[0].at == MONDAY


async def test_a_failed_attempt_is_repeated_on_schedule_with_the_same_message_id(desk: Desk, server: Server) -> None:
    server.failures = [NotSent("451 try later"), NotSent("451 try later")]
    await desk.hear(desk.story.returned())
    await desk.deliver()
    assert await email_states(desk) == ["pending"]
    started = desk.clock.system
    await try_later(desk)
    assert desk.clock.system - started == RETRY_AFTER[0]
    await try_later(desk)
    assert desk.clock.system - started == RETRY_AFTER[0] + RETRY_AFTER[1]
    assert await email_states(desk) == ["sent"]
    assert len({message.message_id for message in server.given}) == 1


async def test_before_its_time_no_attempt_is_repeated(desk: Desk, server: Server) -> None:
    server.failures = [NotSent("451 try later")]
    await desk.hear(desk.story.returned())
    await desk.deliver()
    desk.clock.pass_system(seconds=RETRY_AFTER[0].total_seconds() - 1)
    await desk.worker.deliver_once()
    assert len(server.given) == 1


async def test_a_mail_that_waits_to_be_retried_does_not_keep_the_service_from_settling(
    desk: Desk, server: Server
) -> None:
    server.failures = [NotSent("451 try later")]
    await desk.hear(desk.story.returned())
    await desk.deliver()
    assert (await desk.service.work_left())["deliveries"] == 0


async def test_when_all_attempts_are_used_up_an_operator_is_told(desk: Desk, server: Server) -> None:
    server.failures = [NotSent("451 try later")] * (len(RETRY_AFTER) + 1)
    await desk.hear(desk.story.returned())
    await desk.deliver()
    for _ in RETRY_AFTER:
        await try_later(desk)
    assert await email_states(desk) == ["failed"]
    [failed] = await desk.events("notice.failed")
    assert b'"attempts":7' in failed["payload"]
    assert b"451 try later" in failed["payload"]
    await desk.service.work_left()
    assert FAILED._value.get() == 1


async def test_a_final_refusal_is_not_repeated(desk: Desk, server: Server) -> None:
    server.failures = [RefusedForGood("550 no such user")]
    await desk.hear(desk.story.returned())
    await desk.deliver()
    assert await email_states(desk) == ["failed"]
    assert len(await desk.events("notice.failed")) == 1


async def test_a_message_that_cannot_be_built_fails_alone(desk: Desk, server: Server) -> None:
    await desk.enter_addresses("futian", locale="xx")
    await desk.hear(desk.story.returned(), desk.story.returned(unit="guangming"))
    await desk.deliver()
    states = {row["recipient"]: row["state"] for row in await desk.rows(deliveries, channel="email")}
    assert states == {"futian": "failed", "guangming": "sent"}


async def test_an_operator_may_have_a_failed_mail_tried_again(desk: Desk, server: Server) -> None:
    server.failures = [RefusedForGood("550 no such user")]
    await desk.hear(desk.story.returned())
    await desk.deliver()
    [failed] = await desk.rows(deliveries, channel="email")
    answer = await desk.ask("office", "POST", f"deliveries/{failed['id']}/retry")
    assert (answer.status_code, answer.json()["state"]) == (200, "pending")
    desk.clock.system += timedelta(days=3650)  # the route reads the machine's clock
    await desk.worker.deliver_once()
    assert await email_states(desk) == ["sent"]


async def test_a_retry_that_comes_after_the_date_is_closed_as_expired(desk: Desk, server: Server) -> None:
    server.failures = [NotSent("451 try later")]
    await desk.hear(desk.story.returned())
    await desk.deliver()
    desk.clock.business = at("2024-04-12")
    await try_later(desk)
    assert await email_states(desk) == ["expired"]
    assert await desk.states(mails) == ["closed"]
    assert len(server.given) == 1


async def test_a_reminder_is_retired_when_the_report_comes_before_the_mail_goes(desk: Desk, server: Server) -> None:
    await desk.hear(desk.story.rung(0, Role.LIAISON))
    await desk.worker.deliver_once()
    await desk.hear(desk.story.submitted())
    await desk.deliver()
    states = {row["recipient"]: row["state"] for row in await desk.rows(deliveries, channel="email")}
    assert states == {"futian": "moot", "office": "sent"}


async def test_what_is_moot_leaves_the_mail_and_the_rest_goes(desk: Desk, server: Server) -> None:
    await desk.hear(desk.story.rung(0, Role.LIAISON), desk.story.issued("15"))
    await desk.worker.deliver_once()
    await desk.hear(desk.story.submitted())
    await desk.deliver()
    [mail] = [message for message in server.given if message.account == "futian"]
    assert mail.subject.startswith("新交办")


async def test_an_address_that_was_taken_back_leaves_the_delivery_unreachable(desk: Desk, server: Server) -> None:
    await desk.hear(desk.story.returned())
    await desk.worker.deliver_once()
    point = {"email": "", "display_name": "", "locale": "zh"}
    answer = await desk.ask("futian", "PUT", "contact-points/futian", json=point, headers={"If-Match": '"1"'})
    assert answer.status_code == 200
    await desk.deliver()
    assert await email_states(desk) == ["unreachable"]
    assert server.given == []


async def test_a_worker_that_dies_after_claiming_is_followed_by_another_when_the_lease_ends(
    desk: Desk, server: Server
) -> None:
    await desk.hear(desk.story.returned())
    await desk.worker.deliver_once()
    desk.clock.pass_system(seconds=1)
    async with desk.service.write() as work:
        assert len(await claim_mails(work, desk.clock.system, 10)) == 1
    await desk.worker.deliver_once()
    assert server.given == []
    assert (await desk.service.work_left())["deliveries"] == 1
    desk.clock.system += LEASE
    await desk.worker.deliver_once()
    assert len(server.given) == 1
    assert await email_states(desk) == ["sent"]


async def test_a_worker_whose_lease_has_passed_on_records_nothing(desk: Desk, server: Server) -> None:
    await desk.hear(desk.story.returned())
    await desk.worker.deliver_once()
    desk.clock.pass_system(seconds=1)
    async with desk.service.write() as work:
        [slow] = await claim_mails(work, desk.clock.system, 10)
    desk.clock.system += LEASE
    async with desk.service.write() as work:
        [fast] = await claim_mails(work, desk.clock.system, 10)
    for claimed in (slow, fast):
        async with desk.service.write() as work:
            await record_sent(work, claimed)
    assert slow.id == fast.id
    assert len(await desk.events("notice.sent")) == 2  # inbox and e-mail, once each


async def test_two_workers_claim_disjoint_mails(desk: Desk, server: Server) -> None:
    people = [desk.story.account(f"person-{n}", Role.LIAISON, "futian") for n in range(2 * MAILS_PER_ROUND)]
    await desk.hear(people)
    await desk.enter_addresses(*(f"person-{n}" for n in range(2 * MAILS_PER_ROUND)))
    await desk.hear(desk.story.returned())
    await desk.worker.deliver_once()
    desk.clock.pass_system(seconds=1)
    await asyncio.gather(desk.worker.deliver_once(), desk.worker.deliver_once())
    assert sorted(message.account for message in server.given) == sorted(
        ["futian", *(f"person-{n}" for n in range(2 * MAILS_PER_ROUND))]
    )


async def test_nothing_is_lost_where_a_mail_was_claimed_while_another_worker_added_to_it(
    desk: Desk, server: Server
) -> None:
    await desk.hear(desk.story.returned(measure="15"))
    await desk.worker.deliver_once()
    desk.clock.pass_system(seconds=1)
    async with desk.service.write() as work:
        await claim_mails(work, desk.clock.system, 10)
    await desk.hear(desk.story.returned(measure="16"))
    await desk.deliver()
    desk.clock.system += LEASE
    await desk.worker.deliver_once()
    assert await email_states(desk) == ["sent", "sent"]
    assert len({message.id for message in server.given}) == 2


@pytest.mark.parametrize("postbox", [Postbox(accepts="451 busy"), Postbox(drops=True), Postbox(recipient="450 busy")])
async def test_a_real_server_that_fails_once_gets_the_same_message_again(desk: Desk, postbox: Postbox) -> None:
    postbox = replace(postbox, taken=[])  # each database gets one of its own
    async with mail_server(postbox) as url:
        from services.notification.channels.email import SmtpServer

        desk.worker.channel = SmtpServer.parse(url)
        await desk.hear(desk.story.returned())
        await desk.deliver()
        assert await email_states(desk) == ["pending"]
        before = len(postbox.taken)
        postbox.accepts = postbox.recipient = "250 OK"
        postbox.drops = False
        await try_later(desk)
    assert await email_states(desk) == ["sent"]
    assert len(postbox.taken) == before + 1
    assert len({message["Message-ID"] for message in postbox.taken}) == 1


async def test_a_declined_daily_mail_is_not_sent_but_urgent_ones_are(desk: Desk, server: Server) -> None:
    await desk.ask("futian", "PUT", "preferences", json={"daily_email": False})
    await desk.hear(desk.story.issued("15"), desk.story.returned())
    await desk.deliver()
    assert await email_states(desk) == ["declined", "sent"]
    assert len(server.given) == 1
    assert len(await desk.inbox("futian")) == 2


async def test_the_worker_goes_on_after_its_database_was_away(
    desk: Desk, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    async def lose_the_database_once() -> None:
        calls.append(1)
        if len(calls) == 1:
            raise OSError("gone")
        if len(calls) == 3:
            raise asyncio.CancelledError

    monkeypatch.setattr(desk.worker, "deliver_once", lose_the_database_once)
    desk.worker.wake()
    monkeypatch.setattr(type(desk.worker), "_poll_seconds", 0.0)
    with pytest.raises(asyncio.CancelledError):
        await desk.worker.run()
    assert len(calls) == 3


async def test_the_recipient_reads_their_own_language(desk: Desk, server: Server) -> None:
    await desk.enter_addresses("futian", locale="en", display_name="Zhang San")
    await desk.hear(desk.story.returned())
    await desk.deliver()
    [message] = server.given
    assert message.subject == "Returned: measure 17, Q1 2024; please resubmit by 2024-04-11"
    assert message.text.startswith("Dear Zhang San,")
    assert message.language == "en"


async def test_a_late_address_brings_what_was_missed(desk: Desk, server: Server) -> None:
    await desk.hear(desk.story.account("newcomer", Role.UNIT_HEAD, "guangming"))
    await desk.hear(desk.story.rung(1, Role.UNIT_HEAD, unit="guangming"))
    await desk.deliver()
    server.given.clear()
    answer = await desk.ask("newcomer", "PUT", "contact-points/newcomer", json={"email": "new@example.org"})
    assert answer.status_code == 200
    desk.clock.system += timedelta(days=3650)  # the route reads the machine's clock
    await desk.worker.deliver_once()
    assert [message.to.addr_spec for message in server.given] == ["new@example.org"]
    assert {row["state"] for row in await desk.rows(deliveries, account=account_id("newcomer"))} == {"sent"}


async def test_a_late_address_brings_nothing_that_is_old(desk: Desk, server: Server) -> None:
    await desk.hear(desk.story.account("newcomer", Role.UNIT_HEAD, "guangming"))
    await desk.hear(desk.story.issued(unit="guangming"), desk.story.rung(1, Role.UNIT_HEAD, unit="guangming"))
    await desk.deliver()
    server.given.clear()
    desk.clock.business = at("2024-04-16")
    await desk.ask("newcomer", "PUT", "contact-points/newcomer", json={"email": "new@example.org"})
    desk.clock.system += timedelta(days=3650)
    await desk.worker.deliver_once()
    assert server.given == []
