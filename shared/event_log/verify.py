"""Checking the audit trail: every hash, every version, and that each aggregate's head is the last event's hash.

The columns beside the hashed bytes serve to find events; they must say the same as those bytes.
"""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.event_log.chain import link
from shared.event_log.stored import stored_envelope
from shared.event_log.tables import EventLogTables

PAGE = 2000


@dataclass(slots=True)
class Broken:
    """The first thing that is wrong with one aggregate's chain."""

    subject: str
    version: int
    problem: str


@dataclass(slots=True)
class Verification:
    events: int = 0
    aggregates: int = 0
    broken: list[Broken] = field(default_factory=list)


async def verify_chains(
    connection: AsyncConnection, tables: EventLogTables, aggregates: dict[str, Table] | None = None
) -> Verification:
    """Walk the whole log in order. `aggregates` maps a noun to its table, to find a cut tail."""
    result = Verification()
    heads: dict[str, tuple[int, bytes]] = {}
    bad: set[str] = set()
    after = 0
    while rows := await _page(connection, tables, after):
        for row in rows:
            result.events += 1
            problem = None if row.subject in bad else _problem(row, *heads.get(row.subject, (0, b"")))
            heads[row.subject] = (row.aggregate_version, row.hash)
            if problem:
                bad.add(row.subject)
                result.broken.append(Broken(row.subject, row.aggregate_version, problem))
        after = rows[-1].seq
    result.aggregates = len(heads)
    for noun, table in (aggregates or {}).items():
        result.broken += await _not_the_last(connection, noun, table, heads, bad)
    return result


async def _page(connection: AsyncConnection, tables: EventLogTables, after: int) -> list[Any]:
    log = tables.log
    return list((await connection.execute(select(log).where(log.c.seq > after).order_by(log.c.seq).limit(PAGE))).all())


def _problem(row: Any, last_version: int, last_hash: bytes) -> str | None:
    if row.aggregate_version != last_version + 1:
        return f"version {last_version + 1} is missing"
    if row.prev != last_hash:
        return "does not follow the event before it"
    hashed = (row.prev, row.attributes, row.payload)
    if not all(isinstance(part, bytes) for part in hashed) or link(*hashed) != row.hash:
        return "was changed after it was written"
    wrong = [name for name, value in _said(row).items() if getattr(row, name) != value]
    return f"is filed under another {', '.join(wrong)} than it says" if wrong else None


def _said(row: Any) -> dict[str, Any]:
    """What the hashed bytes say about the columns beside them."""
    envelope = stored_envelope(row)
    return {
        "event_id": envelope.id,
        "subject": envelope.subject,
        "aggregate_version": envelope.aggregate_version,
        "type": envelope.type,
        "partition_key": envelope.partition_key,
        "time": envelope.time,
    }


async def _not_the_last(
    connection: AsyncConnection, noun: str, table: Table, heads: dict[str, tuple[int, bytes]], bad: set[str]
) -> list[Broken]:
    """Aggregates whose head is not the last event in the log, and events whose aggregate is gone."""
    rows = await connection.execute(select(table.c.id, table.c.version, table.c.head).where(table.c.version > 0))
    stored = {f"{noun}/{id_}": (version, head) for id_, version, head in rows}
    cut = [
        Broken(subject, version, "the aggregate's head is not its last event: the tail was cut")
        for subject, (version, head) in stored.items()
        if subject not in bad and heads.get(subject) != (version, head)
    ]
    gone = [
        Broken(subject, version, "the aggregate is gone")
        for subject, (version, _) in heads.items()
        if subject.startswith(f"{noun}/") and subject not in stored
    ]
    return cut + gone
