"""A service built only from shared parts, as small as delivery can be shown on: parcels that are sent and moved."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Column, Integer, MetaData, String, Table, delete, func, select
from sqlmodel import SQLModel

from shared.bus import Bus
from shared.clock import clock_table
from shared.consumer import ConsumerTables, Projection, Row
from shared.consumer.projection import current_columns, history_columns
from shared.consumer.runner import Runner
from shared.db import Database, table_of
from shared.db.naming import NAMING
from shared.event_log import Aggregate, EventLogTables, loaded
from shared.event_log.tables import make_append_only
from shared.events.event import Event, Recorded, event
from shared.events.topics import topic_of
from shared.ids import new_id
from shared.runtime import Service
from shared.settings import ServiceSettings
from shared.testing.clocks import SetClock

PARTITIONS = 3
SERVICE = "parcels"


class ParcelTable(SQLModel):
    metadata = MetaData(naming_convention=NAMING)


@event("parcel.sent", version="1.0")
class ParcelSent(Event):
    route: str
    place: str


@event("parcel.moved", version="1.0")
class ParcelMoved(Event):
    place: str


@event("parcel.weighed", version="1.0")
class ParcelWeighed(Event):
    """No consumer here wants it."""

    grams: int


class Parcel(Aggregate, ParcelTable, table=True):
    noun: ClassVar[str] = "parcel"

    route: str
    place: str
    grams: int = 0

    @property
    def partition_key(self) -> str:
        return self.route

    @classmethod
    def send(cls, place: str = "shenzhen", route: str = "north", **given: Any) -> "tuple[Parcel, ParcelSent]":
        return cls(route=route, place=place, **given), ParcelSent(route=route, place=place)

    def move(self, place: str) -> ParcelMoved:
        self.place = place
        return ParcelMoved(place=place)

    def move_and_weigh(self, place: str, grams: int) -> list[Event]:
        self.grams = grams
        return [self.move(place), ParcelWeighed(grams=grams)]


PARCELS = table_of(Parcel)
EVENT_LOG = EventLogTables(ParcelTable.metadata)
CONSUMING = ConsumerTables(ParcelTable.metadata)
CLOCK = clock_table(ParcelTable.metadata)
STAYS = Table("stays", ParcelTable.metadata, *history_columns(), Column("place", String), Column("route", String))
WHEREABOUTS = Table("whereabouts", ParcelTable.metadata, *current_columns(), Column("place", String))
APPLIED = Table(
    "applied",
    ParcelTable.metadata,
    Column("n", Integer, primary_key=True, autoincrement=True),
    Column("subject", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("event_id", String, nullable=False),
)


def tracking(name: str = "parcels.tracking", service: str = SERVICE) -> Projection:
    """Where each parcel is and was."""
    projection = Projection(name, topics=[topic_of(service)], generations=CONSUMING)
    stays, whereabouts = projection.table(STAYS), projection.table(WHEREABOUTS)

    @stays.on(ParcelSent)
    def begin(row: Row, event: Recorded[ParcelSent]) -> Row:
        return row.with_(place=event.data.place, route=event.data.route)

    @stays.on(ParcelMoved)
    def go_on(row: Row, event: Recorded[ParcelMoved]) -> Row:
        return row.with_(place=event.data.place)

    @whereabouts.on(ParcelSent, ParcelMoved)
    def stand(row: Row, event: Recorded[ParcelSent | ParcelMoved]) -> Row:
        return row.with_(place=event.data.place)

    return projection


@dataclass
class Journal:
    """A consumer that writes down each event it is given, and would so betray one that it is given twice."""

    name: str = "parcels.journal"
    topics: Sequence[str] = (topic_of(SERVICE),)
    before: Callable[[Recorded[Event]], None] = lambda _event: None
    """Called first for each event; a test lets it raise."""
    types: frozenset[str] = frozenset({"parcel.sent", "parcel.moved"})

    def event_types(self) -> frozenset[str]:
        return self.types

    async def apply(self, connection: Any, events: Sequence[Recorded[Event]]) -> None:
        for each in events:
            self.before(each)
            row = {"subject": each.subject, "version": each.version, "event_id": str(each.id)}
            await connection.execute(APPLIED.insert().values(row))


@dataclass
class Parcels:
    """The running service, and what tests ask of it."""

    service: Service
    clock: SetClock
    journal: Journal
    tracking: Projection
    sent: list[Parcel] = field(default_factory=list)

    @property
    def database(self) -> Database:
        return self.service.database

    @property
    def bus(self) -> Bus:
        return self.service.bus

    def runner(self, journal: Journal | None = None) -> Runner:
        """Another process's runner of the journal."""
        return Runner(journal or self.journal, self.database, CONSUMING, self.bus)

    async def send(self, place: str = "shenzhen", route: str = "north") -> Parcel:
        async with self.service.write() as work:
            return await work.add(*Parcel.send(place, route))

    async def load(self, id_: UUID) -> Parcel:
        async with self.database.read() as connection:
            row = (await connection.execute(select(PARCELS).where(PARCELS.c.id == id_))).one()
            return loaded(Parcel, row._mapping)

    async def move(self, parcel: Parcel, *places: str) -> Parcel:
        """One transaction for each place."""
        for place in places:
            async with self.service.write() as work:
                row = (await work.connection.execute(select(PARCELS).where(PARCELS.c.id == parcel.id))).one()
                parcel = loaded(Parcel, row._mapping)
                await work.record(parcel, parcel.move(place))
        return parcel

    async def rows(self, table: Table, *order: str) -> list[dict[str, Any]]:
        async with self.database.read() as connection:
            found = await connection.execute(select(table).order_by(*(table.c[name] for name in order)))
            return [dict(row._mapping) for row in found]

    async def count(self, table: Table) -> int:
        async with self.database.read() as connection:
            return int((await connection.execute(select(func.count()).select_from(table))).scalar_one())

    async def applied(self) -> dict[str, list[int]]:
        """The versions that the journal was given, by subject, in the order in which it was."""
        versions: dict[str, list[int]] = {}
        for row in await self.rows(APPLIED, "n"):
            versions.setdefault(row["subject"], []).append(row["version"])
        return versions

    async def clear(self, *tables: Table) -> None:
        async with self.database.write() as connection:
            for table in tables:
                await connection.execute(delete(table))


async def create_tables(database: Database) -> None:
    async with database.write() as connection:
        await connection.run_sync(ParcelTable.metadata.create_all)
        await connection.run_sync(make_append_only)


def create_parcels(url: str, bus: Bus, folder: Path, name: str = SERVICE) -> Parcels:
    """The service, not started. A second one on the same database is a second process of it."""
    topics, clock = [topic_of(name)], SetClock()
    journal, projection = Journal(topics=topics), tracking(service=name)
    service = Service.create(
        name,
        ServiceSettings(data=folder, database_url=url),  # type: ignore[arg-type]  # pydantic makes it secret
        tables=EVENT_LOG,
        consuming=CONSUMING,
        clock=CLOCK,
        bus=bus,
        consumers=[journal, projection],
        aggregates={"parcel": PARCELS},
    )
    service.clock = clock
    return Parcels(service, clock, journal, projection)


@asynccontextmanager
async def parcels_on(url: str, bus: Bus, folder: Path, *, name: str = "") -> AsyncIterator[Parcels]:
    """The service with its tables and its topic, not started."""
    parcels = create_parcels(url, bus, folder, name or SERVICE)
    await create_tables(parcels.database)
    await bus.create_topics({topic_of(parcels.service.name): PARTITIONS})
    yield parcels
    await parcels.database.close()


def unique_name() -> str:
    return f"{SERVICE}{new_id().hex[-10:]}"


def positions(rows: Iterable[dict[str, Any]]) -> list[int]:
    return [row["position"] for row in rows]
