"""Databases to this build's shape, topics with their partitions: at each start of `duban up`, and by `duban db upgrade`."""

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from services.duban.catalogue import WITH_DATABASE, service_kind, settings_of_all
from services.duban.refusals import BUS_SILENT, CannotStart, plain_reasons
from shared.bus.base import Bus
from shared.db import Database
from shared.db.migrations import is_behind, refuse_newer, upgrade
from shared.errors import Unavailable
from shared.events.topics import TOPICS
from shared.runtime import open_bus_from
from shared.settings import ServiceSettings

Settings = Mapping[str, ServiceSettings]
UNPREPARED = (
    "数据库还没有升级到这个版本，请先运行 duban db upgrade。 "
    "The database has not been brought to this version; run duban db upgrade first."
)


async def upgrade_everything(say: Callable[[str], None]) -> None:
    """Idempotent; run by one job before the services start. Raises CannotStart."""
    settings = settings_of_all()
    with plain_reasons():
        await check_backends(settings)
        await upgrade_databases(settings)
        say(f"数据库已升级 databases are up to date: {', '.join(WITH_DATABASE)}")
        async with started_bus(settings["task"]):
            say(f"主题就绪 topics are there: {', '.join(TOPICS)}")


async def check_backends(settings: Settings) -> None:
    """That every database can be used and a broker answers, before anything is made.

    Raises DatabaseNewerThanCode or CannotStart.
    """
    for name in WITH_DATABASE:
        if _is_made(settings[name].database_for(name)):
            await _at_database(name, settings[name], refuse_newer)
    if not settings["task"].embedded and not await _bus_answers(settings["task"]):
        raise CannotStart(BUS_SILENT)


async def upgrade_databases(settings: Settings) -> None:
    """Bring every service's database to this build's shape. Raises DatabaseNewerThanCode or CannotStart."""
    for name in WITH_DATABASE:
        await _at_database(name, settings[name], upgrade)


async def refuse_unprepared(name: str, settings: ServiceSettings) -> None:
    """Raises CannotStart where nobody has run `duban db upgrade`. A database that is away may be back in a moment."""
    address = settings.database_for(name)
    if not _is_made(address):
        raise CannotStart(UNPREPARED)
    with suppress(Unavailable):
        async with closing(Database(address, 1)) as database:
            if await is_behind(database, service_kind(name).package):
                raise CannotStart(UNPREPARED)


@contextmanager
def named_database(name: str, settings: ServiceSettings) -> Iterator[None]:
    """A failure of the service's database inside is CannotStart, with its address."""
    try:
        yield
    except (DBAPIError, Unavailable) as unfit:
        place = make_url(settings.database_for(name)).render_as_string(hide_password=True)
        why = getattr(unfit, "orig", None) or unfit.__cause__
        raise CannotStart(_unfit(place, getattr(why, "orig", why), "DUBAN_DATABASE_URL")) from unfit


@asynccontextmanager
async def closing(database: Database) -> AsyncIterator[Database]:
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def started_bus(settings: ServiceSettings) -> AsyncIterator[Bus]:
    """The bus with its topics. Raises BusUnavailable, or CannotStart where the file of an embedded one is none."""
    bus = open_bus_from(settings)
    try:
        await bus.start()
    except sqlite3.Error as unfit:
        raise CannotStart(_unfit(settings.bus_url, unfit, "DUBAN_BUS_URL")) from unfit
    try:
        await bus.create_topics(TOPICS)
        yield bus
    finally:
        await bus.stop()


async def _bus_answers(settings: ServiceSettings) -> bool:
    bus = open_bus_from(settings)
    try:
        return await bus.reachable()
    finally:
        await bus.stop()


def _is_made(address: str) -> bool:
    """An SQLite file comes into being when it is opened; a database of PostgreSQL has to be there."""
    url = make_url(address)
    return url.get_backend_name() != "sqlite" or Path(url.database or "").exists()


async def _at_database(
    name: str, settings: ServiceSettings, action: Callable[[Database, str], Awaitable[None]]
) -> None:
    with named_database(name, settings):
        async with closing(Database(settings.database_for(name), 1)) as database:
            await action(database, service_kind(name).package)


def _unfit(place: str, why: object, setting: str) -> str:
    return (
        f"{place} 打不开或没有应答，请检查它或修改 {setting}。 "
        f"{place} cannot be opened or does not answer; check it or correct {setting}. ({why})"
    )
