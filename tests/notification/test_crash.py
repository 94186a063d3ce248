"""A worker that is killed: nothing is lost, and at most one duplicate comes of it, with the same Message-ID."""

import asyncio
import os
import signal
import sys
from datetime import timedelta

import pytest

from services.notification.channels.email import SmtpServer
from services.notification.models import deliveries, mails
from services.notification.sending import LEASE
from shared.clock import system_now
from tests.notification.desk import Desk
from tests.notification.test_email import Postbox, mail_server


async def killed_at(place: str, desk: Desk, smtp_url: str = "") -> int:
    """Run a worker in another process until it dies there. Returns its exit code."""
    settings = desk.service.settings
    environment = {
        **os.environ,
        "DUBAN_DATA": str(settings.data),
        "DUBAN_DATABASE_URL": settings.database_url.get_secret_value(),
        "DUBAN_SMTP_URL": smtp_url,
        "DUBAN_DEMO": "1",
        "DUBAN_DEMO_STARTS": desk.clock.business.isoformat(),
        "DUBAN_FAULT": f"{place}:1:KILL",
    }
    command = (sys.executable, "-m", "tests.notification.one_round")
    process = await asyncio.create_subprocess_exec(*command, env=environment)
    return await process.wait()


async def ready_to_send(desk: Desk) -> None:
    """A mail that is due by the machine's clock, which the other process reads."""
    desk.clock.system = system_now() - timedelta(minutes=1)
    await desk.hear(desk.story.returned())
    await desk.worker.deliver_once()


async def another_worker_follows(desk: Desk) -> None:
    desk.clock.system = system_now() + LEASE
    await desk.worker.deliver_once()


@pytest.mark.faults
@pytest.mark.parametrize(("place", "copies"), [("delivery.after_claim", 1), ("delivery.after_send", 2)])
async def test_a_killed_worker_costs_at_most_one_duplicate(desk: Desk, place: str, copies: int) -> None:
    await ready_to_send(desk)
    postbox = Postbox()
    async with mail_server(postbox) as url:
        assert await killed_at(place, desk, url) == -signal.SIGKILL
        desk.worker.channel = SmtpServer.parse(url)
        await another_worker_follows(desk)
        await another_worker_follows(desk)
    assert len(postbox.taken) == copies
    assert len({message["Message-ID"] for message in postbox.taken}) == 1
    assert await desk.states(deliveries) == ["sent", "sent"]
    assert len(await desk.events("notice.sent")) == 2


@pytest.mark.faults
async def test_a_killed_worker_leaves_no_half_of_a_message_in_the_folder(desk: Desk) -> None:
    await ready_to_send(desk)
    assert await killed_at("file.before_rename", desk) == -signal.SIGKILL
    assert desk.mail() == []
    await another_worker_follows(desk)
    assert len(desk.mail()) == 1
    assert await desk.states(mails) == ["sent"]
