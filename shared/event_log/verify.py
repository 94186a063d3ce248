"""Checking the audit trail: every hash, every version, and that each aggregate's head is the last event's hash.

The columns beside the hashed bytes serve to find events; they must say the same as those bytes. The log is walked page by
page, an aggregate after the other, each page in one snapshot; then the aggregates are, since one may have no event left.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from sqlalchemy import Table, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.event_log.chain import link
from shared.event_log.stored import stored_envelope
from shared.event_log.tables import EventLogTables

PAGE = 500
"""Events or aggregates at once: some 40 ms, of which others wait for some 10. SQLite's old limit on parameters is 999."""
WHOLE = 2**31 - 1
CUT = "the aggregate's head is not its last event: the tail was cut"
GONE = "the aggregate is gone"
Aggregates = Mapping[str, Table]
"""The table of each noun."""


@dataclass(slots=True)
class Broken:
    """The first thing that is wrong with one aggregate's chain."""

    subject: str
    version: int
    problem: str


@dataclass(frozen=True, slots=True)
class Place:
    """How far a walk has come: after this version of a subject, or, where a noun is given, after one of its aggregates."""

    noun: str = ""
    after: str = ""
    version: int = 0
    known_broken: bool = False
    """Whether the subject that goes on was named already."""


START = Place()


@dataclass(slots=True)
class Verification:
    events: int = 0
    aggregates: int = 0
    """Those whose last event was reached."""
    broken: list[Broken] = field(default_factory=list)
    next: Place | None = None
    """Where to go on; None at the end."""


@dataclass(slots=True)
class Chain:
    """One aggregate's events, as far as they were walked."""

    subject: str
    version: int = 0
    hash: bytes = b""
    broken: Broken | None = None


async def verify_chains(
    connection: AsyncConnection, tables: EventLogTables, aggregates: Aggregates | None = None, limit: int = PAGE
) -> Verification:
    """Walk the whole log, so many events at once. `aggregates` serve to find a cut tail."""
    whole, place = Verification(), START
    while True:
        page = await verify_page(connection, tables, aggregates or {}, place, limit)
        whole.events += page.events
        whole.aggregates += page.aggregates
        whole.broken += page.broken
        if page.next is None:
            return whole
        place = page.next


async def verify_page(
    connection: AsyncConnection, tables: EventLogTables, aggregates: Aggregates, place: Place, limit: int = PAGE
) -> Verification:
    """What follows a place, up to `limit` events, at most PAGE. What is added meanwhile to aggregates behind it is for the next walk."""
    if place.noun:
        return await _verify_aggregates(connection, tables, aggregates, place, limit)
    return await _verify_events(connection, tables, aggregates, place, limit)


def leads_somewhere(place: Place, aggregates: Aggregates) -> bool:
    """Whether it can be gone on from there, as a place can that a page gave."""
    if not place.noun:
        return 0 <= place.version <= WHOLE
    return place.noun in aggregates and (not place.after or _is_id(place.after))


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


# --- events ---------------------------------------------------------------------------------------


async def _verify_events(
    connection: AsyncConnection, tables: EventLogTables, aggregates: Aggregates, place: Place, limit: int
) -> Verification:
    rows = await _events_after(connection, tables, place, limit + 1)
    page = rows[:limit]
    begun = await _begun_chain(connection, tables, place)
    chains = await asyncio.to_thread(_follow, begun, page)  # hashing would keep everybody else waiting
    next_ = _place_after(chains, rows, limit) or _first_noun(aggregates)
    ended = chains if next_ is None or next_.noun or next_.version == WHOLE else chains[:-1]
    for noun, table in aggregates.items():
        await _compare_heads(connection, noun, table, [chain for chain in ended if not chain.broken])
    new = [chain.broken for chain in chains if chain.broken and not (place.known_broken and chain is begun)]
    return Verification(len(page), len(ended), new, next_)


async def _events_after(connection: AsyncConnection, tables: EventLogTables, place: Place, limit: int) -> Sequence[Any]:
    log = tables.log
    key = (log.c.subject, log.c.aggregate_version)
    query = select(log).where(tuple_(*key) > tuple_(literal(place.after), literal(place.version)))
    return (await connection.execute(query.order_by(*key).limit(limit))).all()


async def _begun_chain(connection: AsyncConnection, tables: EventLogTables, place: Place) -> Chain | None:
    """The chain that goes on from the page before, as it was left there."""
    if not place.after or place.version == WHOLE:
        return None
    log = tables.log
    this = (log.c.subject == place.after, log.c.aggregate_version == place.version)
    hash_ = (await connection.execute(select(log.c.hash).where(*this))).scalar()
    named = Broken(place.after, place.version, "") if place.known_broken else None
    return Chain(place.after, place.version, hash_ or b"", named)


def _follow(begun: Chain | None, rows: Iterable[Any]) -> list[Chain]:
    """Each row at the end of its chain; a chain's first fault is the one that counts."""
    chains = [begun] if begun else []
    for row in rows:
        if not chains or chains[-1].subject != row.subject:
            chains.append(Chain(row.subject))
        chain = chains[-1]
        problem = None if chain.broken else _problem(row, chain.version, chain.hash)
        if problem:
            chain.broken = Broken(row.subject, row.aggregate_version, problem)
        chain.version, chain.hash = row.aggregate_version, row.hash
    return chains


def _place_after(chains: Sequence[Chain], rows: Sequence[Any], limit: int) -> Place | None:
    """None where the log ends. A subject that has ended is left behind whole, whatever it is added to later."""
    if len(rows) <= limit:
        return None
    last = chains[-1]
    if rows[limit].subject != last.subject:
        return Place(after=last.subject, version=WHOLE)
    return Place(after=last.subject, version=last.version, known_broken=bool(last.broken))


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


# --- aggregates -----------------------------------------------------------------------------------


async def _compare_heads(connection: AsyncConnection, noun: str, table: Table, chains: Iterable[Chain]) -> None:
    """Find aggregates whose head is not the last event in the log, and events whose aggregate is gone."""
    mine = [chain for chain in chains if chain.subject.startswith(f"{noun}/")]
    names = (chain.subject.removeprefix(f"{noun}/") for chain in mine)
    ids = [UUID(name) for name in names if _is_id(name)]
    rows = await connection.execute(select(table.c.id, table.c.version, table.c.head).where(table.c.id.in_(ids)))
    stored = {f"{noun}/{row.id}": row for row in rows}
    for chain in mine:
        row = stored.get(chain.subject)
        if row is None:
            chain.broken = Broken(chain.subject, chain.version, GONE)
        elif (row.version, row.head) != (chain.version, chain.hash):
            chain.broken = Broken(chain.subject, row.version, CUT)


async def _verify_aggregates(
    connection: AsyncConnection, tables: EventLogTables, aggregates: Aggregates, place: Place, limit: int
) -> Verification:
    """Find those that should have events and have none left."""
    table, log = aggregates[place.noun], tables.log
    query = select(table.c.id, table.c.version).where(table.c.version > 0).order_by(table.c.id).limit(limit + 1)
    if place.after:
        query = query.where(table.c.id > UUID(place.after))
    rows = (await connection.execute(query)).all()
    versions = {f"{place.noun}/{row.id}": row.version for row in rows[:limit]}
    logged = await connection.execute(select(log.c.subject).where(log.c.subject.in_(versions)).distinct())
    without = versions.keys() - set(logged.scalars())
    more = len(rows) > limit
    next_ = replace(place, after=str(rows[limit - 1].id)) if more else _noun_after(aggregates, place.noun)
    return Verification(0, 0, [Broken(subject, versions[subject], CUT) for subject in sorted(without)], next_)


def _first_noun(aggregates: Aggregates) -> Place | None:
    return _noun_after(aggregates, "")


def _noun_after(aggregates: Aggregates, noun: str) -> Place | None:
    following = [name for name in sorted(aggregates) if name > noun]
    return Place(noun=following[0]) if following else None
