"""Projections: what is known of one subject, as a pure function of its row and its next event.

A handler sees only the row of its subject and needs no other, so a batch is loaded in one statement per table, folded in
memory and written back, and a rebuild from the first event gives the same rows.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Column, Integer, String, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.consumer.tables import ConsumerTables
from shared.db.bulk import copy_rows, rows_in, update_rows, upsert_rows
from shared.db.columns import UtcDateTime
from shared.events.event import Event, Recorded

E = TypeVar("E", bound=Event)
FIRST_GENERATION = 1


class Row(dict[str, Any]):
    """A row as a handler sees it: read like a dictionary, changed by `with_`, which gives a new one."""

    def with_(self, **changes: Any) -> "Row":
        return Row({**self, **changes})


Parts = Mapping[str, Row]
RowHandler = Callable[[Row, Recorded[E]], Row]
PartHandler = Callable[[Row, Recorded[E]], Row | None]
PartsHandler = Callable[[Recorded[E]], Parts]
Fold = Callable[[Parts, Recorded[Any]], Parts]
"""Given the current rows of a subject by part, the rows that the event changes or adds."""


def history_columns() -> list[Any]:
    """Key and life of a row in a table that answers both "now" (`until` is null) and "as of that day"."""
    return [
        Column("generation", Integer, primary_key=True, autoincrement=False),
        Column("subject", String(120), primary_key=True),
        Column("part", String(63), primary_key=True),
        Column("version", Integer, primary_key=True, autoincrement=False),
        Column("since", UtcDateTime, nullable=False),
        Column("until", UtcDateTime),
    ]


def current_columns() -> list[Any]:
    """Key of a row in a table that only knows the present."""
    return [
        Column("subject", String(120), primary_key=True),
        Column("part", String(40), primary_key=True),
        Column("version", Integer, nullable=False),
    ]


@dataclass
class ProjectedTable:
    """The rows of one table and the handlers that fold events into them."""

    table: Table
    folds: dict[type[Event], Fold] = field(default_factory=dict)
    columns: tuple[str, ...] = field(init=False)
    names: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self.columns = tuple(column.name for column in self.table.columns)
        self.names = frozenset(self.columns)

    @property
    def keeps_history(self) -> bool:
        return "until" in self.table.c

    def on(self, *events: type[E]) -> Callable[[RowHandler[E]], RowHandler[E]]:
        """Declare the handler of a subject's only row: `(row, event) -> row`; the row is empty before the first."""

        def declare(handler: RowHandler[E]) -> RowHandler[E]:
            for cls in events:
                self._declare(cls, lambda parts, event: {"": handler(parts.get("", Row()), event)})
            return handler

        return declare

    def parts_on(self, *events: type[E]) -> Callable[[PartsHandler[E]], PartsHandler[E]]:
        """Declare a handler that gives several rows of a subject at once, by part."""

        def declare(handler: PartsHandler[E]) -> PartsHandler[E]:
            for cls in events:
                self._declare(cls, lambda _parts, event: handler(event))
            return handler

        return declare

    def each_part_on(self, *events: type[E]) -> Callable[[PartHandler[E]], PartHandler[E]]:
        """Declare a handler of every row that a subject has: `(row, event) -> row`; None leaves a row as it is."""

        def declare(handler: PartHandler[E]) -> PartHandler[E]:
            def fold(parts: Parts, event: Recorded[E]) -> Parts:
                changed = {part: handler(row, event) for part, row in parts.items()}
                return {part: row for part, row in changed.items() if row is not None}

            for cls in events:
                self._declare(cls, fold)
            return handler

        return declare

    def _declare(self, cls: type[Event], fold: Fold) -> None:
        if cls in self.folds:
            raise ValueError(f"{self.table.name} already has a handler for {cls.type}")
        self.folds[cls] = fold

    async def apply(self, connection: AsyncConnection, events: Sequence[Recorded[Any]], generation: int) -> None:
        mine = [event for event in events if type(event.data) in self.folds]
        if not mine:
            return
        current = await self._load(connection, _begun_before(mine), generation)
        if self.keeps_history:
            await self._write_history(connection, *fold_history(self.folds, current, mine), generation)
        else:
            rows = fold_current(self.folds, current, mine)
            complete = [dict(zip(self.columns, self._values(row), strict=True)) for row in rows]
            await upsert_rows(connection, self.table, complete)

    async def _load(
        self, connection: AsyncConnection, subjects: Iterable[str], generation: int
    ) -> dict[str, dict[str, Row]]:
        where = (self.table.c.generation == generation, self.table.c.until.is_(None)) if self.keeps_history else ()
        by_subject: dict[str, dict[str, Row]] = {}
        for row in await rows_in(connection, self.table, "subject", subjects, *where):
            by_subject.setdefault(row["subject"], {})[row["part"]] = Row(row)
        return by_subject

    async def _write_history(
        self, connection: AsyncConnection, closed: list[dict[str, Any]], born: list[Row], generation: int
    ) -> None:
        await update_rows(connection, self.table, [{**row, "generation": generation} for row in closed])
        if born:
            rows = [self._values({**row, "generation": generation}) for row in born]
            await copy_rows(connection, self.table, self.columns, rows)

    def _values(self, row: Mapping[str, Any]) -> list[Any]:
        """In the order of the columns, absent ones null. Raises KeyError for a name that the table does not have."""
        if not row.keys() <= self.names:
            raise KeyError(f"{self.table.name} has no column {', '.join(sorted(row.keys() - self.names))}")
        return [row.get(name) for name in self.columns]


def _begun_before(events: Sequence[Recorded[Any]]) -> set[str]:
    """The subjects that may have rows: an aggregate's first event finds none."""
    return {event.subject for event in events} - {event.subject for event in events if event.version == 1}


def fold_history(
    folds: Mapping[type[Event], Fold], current: dict[str, dict[str, Row]], events: Sequence[Recorded[Any]]
) -> tuple[list[dict[str, Any]], list[Row]]:
    """Fold events in order. Returns the stored rows to close and the new rows, each closed by the next."""
    closed: list[dict[str, Any]] = []
    born: dict[tuple[str, str], list[Row]] = {}
    for event in events:
        parts = current.setdefault(event.subject, {})
        for part, row in folds[type(event.data)](parts, event).items():
            if (event.subject, part) in born:
                born[event.subject, part][-1]["until"] = event.time
            elif part in parts:
                closed.append(_closing(event, part, parts[part]["version"]))
            key = {"subject": event.subject, "part": part, "version": event.version, "since": event.time, "until": None}
            parts[part] = Row({**row, **key})
            born.setdefault((event.subject, part), []).append(parts[part])
    return closed, [row for rows in born.values() for row in rows]


def _closing(event: Recorded[Any], part: str, version: int) -> dict[str, Any]:
    return {"subject": event.subject, "part": part, "version": version, "until": event.time}


def fold_current(
    folds: Mapping[type[Event], Fold], current: dict[str, dict[str, Row]], events: Sequence[Recorded[Any]]
) -> list[Row]:
    """Fold events in order and return the last row of each subject and part."""
    changed: dict[tuple[str, str], Row] = {}
    for event in events:
        parts = current.setdefault(event.subject, {})
        for part, row in folds[type(event.data)](parts, event).items():
            parts[part] = Row({**row, "subject": event.subject, "part": part, "version": event.version})
            changed[event.subject, part] = parts[part]
    return list(changed.values())


async def live_generation(connection: AsyncConnection, tables: ConsumerTables, name: str) -> int:
    """The generation of a projection's history tables that readers see, as this transaction knows it."""
    table = tables.generation
    pointer = await connection.execute(select(table.c.generation).where(table.c.consumer == name))
    return pointer.scalar_one_or_none() or FIRST_GENERATION


class Projection:
    """A consumer whose effect is rows of its own tables and nothing else, so that it can be rebuilt.

    The name is the consumer group; renaming it would read everything again. With `generations` it writes to the live
    generation of its history tables, which a rebuild may change between two batches.
    """

    def __init__(self, name: str, *, topics: Sequence[str], generations: ConsumerTables | None = None) -> None:
        self.name = name
        self.topics = tuple(topics)
        self.tables: list[ProjectedTable] = []
        self._generations = generations
        self._fixed: int | None = None if generations else FIRST_GENERATION

    def table(self, table: Table) -> ProjectedTable:
        projected = ProjectedTable(table)
        self.tables.append(projected)
        return projected

    @property
    def can_be_rebuilt(self) -> bool:
        """Whether a second generation can be built beside the live one: tables of the present have only one."""
        return self._generations is not None and all(projected.keeps_history for projected in self.tables)

    def event_types(self) -> frozenset[str]:
        return frozenset(cls.type for projected in self.tables for cls in projected.folds)

    def for_generation(self, generation: int) -> "Projection":
        """The same projection into another generation of its tables, with offsets of its own."""
        twin = Projection(f"{self.name}@{generation}", topics=self.topics)
        twin.tables, twin._fixed = self.tables, generation
        return twin

    async def apply(self, connection: AsyncConnection, events: Sequence[Recorded[Event]]) -> None:
        """Fold a batch, in order, into every table that has a handler for it."""
        generation = await self._generation(connection)
        for projected in self.tables:
            await projected.apply(connection, events, generation)

    async def _generation(self, connection: AsyncConnection) -> int:
        if self._fixed is not None:
            return self._fixed
        assert self._generations
        return await live_generation(connection, self._generations, self.name)
