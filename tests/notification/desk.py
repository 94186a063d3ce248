"""A notification service on a real database, with clocks that the test moves and mail that lands in a folder."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import Table, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.names import Role
from services.notification.app import create_service, web_app
from services.notification.delivery import DeliveryWorker
from services.notification.models import accounts, contact_points
from services.notification.settings import NotificationSettings
from shared.bus.embedded import EmbeddedBus
from shared.db import Database
from shared.db.bulk import upsert_rows
from shared.db.migrations import upgrade
from shared.events import Recorded
from shared.events.topics import TOPICS
from shared.runtime import Service
from tests.notification.events import MONDAY, Story, account_id
from tests.shared.small_service import Keys, token

QUIET_SECONDS = 1.0
SQLITE = "sqlite:///"


class Clock:
    """Both kinds of time, standing still until a test moves them."""

    def __init__(self) -> None:
        self.business = MONDAY
        self.system = datetime(2026, 1, 5, 3, 0, tzinfo=UTC)

    async def now(self, connection: AsyncConnection) -> datetime:
        return self.business

    def system_now(self) -> datetime:
        return self.system

    def pass_system(self, **span: float) -> None:
        self.system += timedelta(**span)


class Desk:
    """What a test does with the service."""

    def __init__(self, service: Service, worker: DeliveryWorker, clock: Clock) -> None:
        self.service, self.worker, self.clock = service, worker, clock
        self.story = Story()

    @cached_property
    def client(self) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app_of(self.service))
        return httpx.AsyncClient(transport=transport, base_url="http://test/api/notification/v1/")

    async def hear(self, *events: Recorded[Any] | Sequence[Recorded[Any]]) -> None:
        """Let every consumer apply the events, as one batch each."""
        flat = [event for some in events for event in (some if isinstance(some, Sequence) else [some])]
        for consumer in self.service.consumers:
            wanted = [event for event in flat if event.data.type in consumer.event_types()]
            async with self.service.database.write() as connection:
                await consumer.apply(connection, wanted)

    async def staff(self, *, with_addresses: bool = True) -> None:
        """The liaison and head of Futian and Guangming, the customs' liaison, the office and its head."""
        people = [self.story.account("office", Role.OFFICE), self.story.account("office-head", Role.OFFICE_HEAD)]
        for unit in ("futian", "guangming", "customs"):
            people += [self.story.unit(unit), self.story.account(unit, Role.LIAISON, unit)]
            people.append(self.story.account(f"{unit}-head", Role.UNIT_HEAD, unit))
        await self.hear(people, self.story.plan())
        if with_addresses:
            await self.enter_addresses("office", "office-head", "futian", "futian-head", "guangming", "customs")

    async def enter_addresses(self, *usernames: str, locale: str = "zh", display_name: str | None = None) -> None:
        rows = [
            {
                "account": account_id(username),
                "email": f"{username}@example.org",
                "display_name": username if display_name is None else display_name,
                "locale": locale,
                "revision": 1,
            }
            for username in usernames
        ]
        async with self.service.database.write() as connection:
            await upsert_rows(connection, contact_points, rows)

    async def deliver(self) -> None:
        """Address what waits, let the quiet time pass, send what is due."""
        await self.worker.deliver_once()
        self.clock.pass_system(seconds=QUIET_SECONDS)
        await self.worker.deliver_once()

    async def rows(self, table: Table, **where: Any) -> list[Mapping[str, Any]]:
        query = select(table).where(*(table.c[name] == value for name, value in where.items()))
        async with self.service.database.read() as connection:
            return [dict(row._mapping) for row in await connection.execute(query)]

    async def states(self, table: Table, **where: Any) -> list[str]:
        return sorted(row["state"] for row in await self.rows(table, **where))

    async def events(self, kind: str) -> list[Mapping[str, Any]]:
        return await self.rows(self.service.tables.log, type=kind)

    def mail(self) -> list[EmailMessage]:
        """Messages in the folder, the oldest first."""
        folder = self.service.settings.data / "mail"
        files = sorted(folder.glob("*.eml"), key=lambda file: (file.stat().st_mtime_ns, file.name))
        return [BytesParser(EmailMessage, policy=policy.default).parsebytes(file.read_bytes()) for file in files]

    def mail_to(self, username: str) -> list[EmailMessage]:
        return [message for message in self.mail() if f"{username}@example.org" in message["To"]]

    async def ask(self, username: str | None, method: str, path: str, **request: Any) -> httpx.Response:
        """Send a request as somebody, or as nobody."""
        headers = {**request.pop("headers", {}), **(sign_in(username) if username else {})}
        return await self.client.request(method, path, headers=headers, **request)

    async def inbox(self, username: str) -> list[dict[str, Any]]:
        answer = await self.ask(username, "GET", "inbox")
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def disable(self, username: str) -> None:
        async with self.service.database.write() as connection:
            await connection.execute(update(accounts).where(accounts.c.username == username).values(active=False))


@asynccontextmanager
async def open_desk(folder: Path, database_url: str = "", **settings: Any) -> AsyncIterator[Desk]:
    wanted = NotificationSettings(
        data=folder,
        database_url=database_url or f"sqlite:///{folder / 'notification.db'}",
        daily_quiet_seconds=QUIET_SECONDS,
        urgent_quiet_seconds=QUIET_SECONDS,
        **settings,
    )
    bus = EmbeddedBus(folder / "bus.db")
    await migrate(wanted.database_for("notification"))
    service, clock = create_service(wanted, bus), Clock()
    [worker] = service.workers
    assert isinstance(worker, DeliveryWorker)
    service.clock, worker.system_now = clock, clock.system_now
    await bus.start()
    await bus.create_topics(TOPICS)
    yield Desk(service, worker, clock)
    await bus.stop()
    await service.database.close()


def sign_in(username: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(account_id(username), preferred_username=username)}"}


BUILT: list[FastAPI] = []
"""The routes, once they were built, which takes longer than most tests; each desk puts its own service behind them."""


def app_of(service: Service) -> FastAPI:
    if not BUILT:
        BUILT.append(web_app(service, Keys()))
    [app] = BUILT
    [worker] = service.workers
    assert isinstance(worker, DeliveryWorker)
    app.state.service, app.state.deliveries, app.state.end_streams = service, worker, worker.doorbell.close
    return app


MIGRATED: list[bytes] = []
"""The file of an empty SQLite database, once it was made: copying it is faster than every migration anew."""


async def migrate(url: str) -> None:
    if MIGRATED and url.startswith(SQLITE):
        _file(url).write_bytes(MIGRATED[0])
        return
    database = Database(url)
    await upgrade(database, "services.notification")
    await database.close()
    if url.startswith(SQLITE):
        MIGRATED.append(_file(url).read_bytes())


def _file(url: str) -> Path:
    return Path(url.removeprefix(SQLITE))
