"""The deliveries' worker: looks for recipients, then sends the e-mail that is due.

At least once: a crash between sending and recording repeats an e-mail at most once, with the same Message-ID.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notification.addressing import ALARM_AFTER, address_notices
from services.notification.channels.email import EmailChannel, Message, NotSent, RefusedForGood, address
from services.notification.channels.inbox import Doorbell
from services.notification.days import ZONE
from services.notification.mailing import QuietTimes, open_daily_mails
from services.notification.metrics import EMAILS, FAILED, FOR_NOBODY
from services.notification.models import effects
from services.notification.queries import (
    count_failed_deliveries,
    count_mails_to_send,
    count_notices_for_nobody,
    count_waiting_notices,
    find_next_daily,
    find_next_send,
)
from services.notification.rules import tell
from services.notification.sending import ClaimedMail, claim_mails, record_failure, record_sent
from services.notification.wording import Wording
from shared.clock import system_now
from shared.db.bulk import insert_missing
from shared.errors import Unavailable
from shared.event_log.work import UnitOfWork
from shared.faultpoints import faultpoint
from shared.web.language import Language
from shared.worker import EMBEDDED_POLL_SECONDS

if TYPE_CHECKING:
    from email.headerregistry import Address

    from shared.runtime import Service

PRODUCTION_POLL_SECONDS = 0.5
NOTICES_PER_ROUND = 50
"""Each is an event of its own; on SQLite, where nobody else writes meanwhile, a round takes some 50 ms."""
MAILS_PER_ROUND = 10
"""Sent side by side."""
SEND_SECONDS = 45.0
"""Well within the lease."""
LANGUAGES: dict[str, Language] = {"zh": "zh-CN", "en": "en"}
log = structlog.get_logger()


@dataclass
class DeliveryWorker:
    """Several may run, in one process or many: notices and e-mails are each taken by one."""

    service: "Service"
    channel: EmailChannel
    sender: "Address"
    wording: Wording
    quiet: QuietTimes
    doorbell: Doorbell = field(default_factory=Doorbell)
    system_now: Callable[[], datetime] = system_now
    name: str = "deliveries"
    _woken: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self) -> None:
        """There may be something to do: notices came in, or an operator asked for another attempt."""
        self._woken.set()

    async def run(self) -> None:
        """Deliver until cancelled. What cannot be delivered now is tried again; nothing is dropped."""
        await self._remember_start()
        while True:
            self._woken.clear()
            try:
                await self.deliver_once()
                pause = await self._seconds_until_next()
            except (DBAPIError, OSError, Unavailable) as lost:
                log.warning("deliveries wait for their database", error=str(lost))
                pause = self._poll_seconds
            await self._rest(pause)

    async def deliver_once(self) -> None:
        """Give every waiting notice its recipients, so that an e-mail is complete when it goes; then send what is due."""
        while await self._round():
            pass

    async def work_left(self, connection: AsyncConnection, now: datetime) -> int:
        at = self.system_now()
        FOR_NOBODY.set(await count_notices_for_nobody(connection, at - ALARM_AFTER))
        FAILED.set(await count_failed_deliveries(connection))
        return await count_waiting_notices(connection, at) + await count_mails_to_send(connection, now, at)

    async def next_due(self, connection: AsyncConnection, now: datetime) -> datetime | None:
        """When the next daily e-mail may go."""
        return await find_next_daily(connection, now)

    async def _remember_start(self) -> None:
        """On the very first start: what happened before is nobody's news."""
        async with self.service.write() as work:
            await insert_missing(work.connection, effects, [{"consumer": tell.name, "since": work.now}])

    async def _round(self) -> bool:
        """One transaction, and the sending that it claimed. Returns whether there was anything to do."""
        async with self.service.write() as work:
            addressed = await address_notices(work, self.system_now(), self.quiet, NOTICES_PER_ROUND)
            claimed = [] if addressed.notices else await self._claim(work)
        self.doorbell.ring(addressed.inboxes)
        faultpoint("delivery.after_claim")
        await asyncio.gather(*(self._send(mail) for mail in claimed))
        return bool(addressed.notices or claimed)

    async def _claim(self, work: UnitOfWork) -> list[ClaimedMail]:
        await open_daily_mails(work, self.system_now(), self.quiet)
        return await claim_mails(work, self.system_now(), MAILS_PER_ROUND)

    async def _send(self, mail: ClaimedMail) -> None:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self.channel.send(self._message(mail))
        except (NotSent, TimeoutError) as failure:
            await self._record_failure(mail, str(failure) or "timed out", for_good=isinstance(failure, RefusedForGood))
        except Exception as fault:
            log.exception("e-mail cannot be built", mail=str(mail.id))
            await self._record_failure(mail, f"{type(fault).__name__}: {fault}"[:300], for_good=True)
        else:
            faultpoint("delivery.after_send")
            async with self.service.write() as work:
                await record_sent(work, mail)
            EMAILS.labels("sent").inc()

    async def _record_failure(self, mail: ClaimedMail, error: str, *, for_good: bool) -> None:
        EMAILS.labels("refused" if for_good else "failed").inc()
        log.warning("e-mail not sent", mail=str(mail.id), attempt=mail.attempt, error=error)
        async with self.service.write() as work:
            await record_failure(work, mail, error, for_good=for_good, system_now=self.system_now())

    def _message(self, mail: ClaimedMail) -> Message:
        language = LANGUAGES[mail.contact.locale]
        worded = self.wording.mail(
            mail.notices, mail.names, mail.contact.display_name or mail.recipient, language, self.sender.display_name
        )
        return Message(
            id=mail.id,
            account=mail.recipient,
            sender=self.sender,
            to=address(mail.contact.display_name, mail.contact.email),
            subject=worded.subject,
            text=worded.text,
            html=worded.html,
            at=mail.now.astimezone(ZONE),
            language=language,
        )

    async def _seconds_until_next(self) -> float:
        async with self.service.read() as view:
            due_at = await find_next_send(view.connection, view.now)
        until_due = (due_at - self.system_now()).total_seconds() if due_at else self._poll_seconds
        return max(0.0, min(self._poll_seconds, until_due))

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()

    @property
    def _poll_seconds(self) -> float:
        return EMBEDDED_POLL_SECONDS if self.service.settings.embedded else PRODUCTION_POLL_SECONDS


def quiet_times(daily_seconds: float, urgent_seconds: float) -> QuietTimes:
    return QuietTimes(timedelta(seconds=daily_seconds), timedelta(seconds=urgent_seconds))
