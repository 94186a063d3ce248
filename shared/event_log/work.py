"""The unit of work of a command: one transaction that carries the change, its events and what is to be sent."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Table, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.db import table_of
from shared.db.bulk import in_parts, update_rows
from shared.errors import AppError, Text
from shared.event_log.aggregate import Aggregate, changes
from shared.event_log.append import append, change_and_append
from shared.event_log.chain import link
from shared.event_log.tables import EventLogTables
from shared.events.envelope import MAX_DATA_BYTES, Envelope
from shared.events.event import Event
from shared.ids import new_id

A = TypeVar("A", bound=Aggregate)


class EventTooLarge(AppError):
    code, status = "event-too-large", 413
    title = Text("内容过大", "Content too large")
    detail = Text(
        "内容有 {size} 字节，最多 {limit} 字节，请精简或作为附件上传。",
        "{size} bytes exceed the limit of {limit}; shorten it or attach a file.",
    )


@dataclass(frozen=True, slots=True)
class Cause:
    """Why something happens: who acts, and the request or event that led to it."""

    actor: str = "system"
    correlation_id: str = ""
    causation_id: str = ""
    traceparent: str = ""


@dataclass(slots=True)
class UnitOfWork:
    """Commands record through it and never commit; whoever opened it does, before an answer is sent."""

    connection: AsyncConnection
    now: datetime
    """Business time, the same during the whole transaction."""
    service: str
    tables: EventLogTables
    cause: Cause = field(default_factory=Cause)
    after_commit: list[Callable[[], None]] = field(default_factory=list)
    """Called once the transaction has been committed, such as to wake a worker; a rollback forgets them."""
    recorded: int = 0

    async def record(self, aggregate: A, events: Event | Sequence[Event]) -> A:
        """Write a changed aggregate and its events. Raises VersionConflict when it was changed meanwhile."""
        rows = self._log_rows(aggregate, _as_list(events))
        await change_and_append(
            self.connection, self.tables, _table(aggregate), {"id": aggregate.id, **changes(aggregate)}, rows
        )
        self.recorded += len(rows)
        return aggregate

    async def add(self, aggregate: A, events: Event | Sequence[Event]) -> A:
        """Insert a new aggregate with its first events."""
        await self.add_all([(aggregate, events)])
        return aggregate

    async def add_all(self, born: Iterable[tuple[Aggregate, Event | Sequence[Event]]]) -> None:
        """Insert many new aggregates, which may be of several kinds, and their events in the order given.

        Others get their turn meanwhile: on SQLite no statement of a transaction waits for anything.
        """
        for part in in_parts(born):
            await self._add_part(part)
            await asyncio.sleep(0)

    async def _add_part(self, born: Sequence[tuple[Aggregate, Event | Sequence[Event]]]) -> None:
        rows: list[dict[str, Any]] = []
        by_table: dict[Table, list[dict[str, Any]]] = {}
        for aggregate, events in born:
            rows += self._log_rows(aggregate, _as_list(events))
            by_table.setdefault(_table(aggregate), []).append(_columns(aggregate))
        for table, values in by_table.items():
            await self.connection.execute(insert(table), values)
        await append(self.connection, self.tables, rows)
        self.recorded += len(rows)

    async def record_all(self, changed: Iterable[tuple[Aggregate, Event | Sequence[Event]]]) -> None:
        """Write many changed aggregates and their events in the order given, without a statement for each.

        This transaction has locked them, so nobody can have changed one meanwhile; each comes once.
        """
        rows: list[dict[str, Any]] = []
        alike: dict[tuple[Table, tuple[str, ...]], list[dict[str, Any]]] = {}
        for aggregate, events in changed:
            rows += self._log_rows(aggregate, _as_list(events))
            change = dict(sorted({"id": aggregate.id, **changes(aggregate)}.items()))
            alike.setdefault((_table(aggregate), tuple(change)), []).append(change)
        for (table, _), values in alike.items():
            await update_rows(self.connection, table, values)
        await append(self.connection, self.tables, rows)
        self.recorded += len(rows)

    def _log_rows(self, aggregate: Aggregate, events: Sequence[Event]) -> list[dict[str, Any]]:
        time = max(self.now, aggregate.changed_at or self.now)
        rows = [self._log_row(aggregate, event, time, aggregate.version + n) for n, event in enumerate(events, start=1)]
        head = aggregate.head
        for row in rows:
            row["prev"] = head
            row["hash"] = head = link(head, row["attributes"], row["payload"])
        aggregate.version, aggregate.head, aggregate.changed_at = aggregate.version + len(rows), head, time
        return rows

    def _log_row(self, aggregate: Aggregate, event: Event, time: datetime, version: int) -> dict[str, Any]:
        envelope = self._envelope(aggregate, event, time, version)
        return {
            "event_id": envelope.id,
            "subject": envelope.subject,
            "aggregate_version": version,
            "type": envelope.type,
            "partition_key": envelope.partition_key,
            "time": time,
            "attributes": envelope.canonical_attributes(),
            "payload": envelope.data,
        }

    def _envelope(self, aggregate: Aggregate, event: Event, time: datetime, version: int) -> Envelope:
        data = event.model_dump_json().encode()
        if len(data) > MAX_DATA_BYTES:
            raise EventTooLarge(size=len(data), limit=MAX_DATA_BYTES)
        return Envelope(
            id=new_id(),
            type=event.type,
            schema_version=event.version,
            source=f"/duban/{self.service}",
            subject=aggregate.subject,
            time=time,
            aggregate_version=version,
            partition_key=aggregate.partition_key,
            actor=self.cause.actor,
            correlation_id=self.cause.correlation_id,
            causation_id=self.cause.causation_id,
            traceparent=self.cause.traceparent,
            data=data,
        )


def _as_list(events: Event | Sequence[Event]) -> Sequence[Event]:
    return [events] if isinstance(events, Event) else events


def _table(aggregate: Aggregate) -> Table:
    return table_of(type(aggregate))


def _columns(aggregate: Aggregate) -> dict[str, Any]:
    return {column.name: getattr(aggregate, column.name) for column in _table(aggregate).columns}
