"""Reactions: rows that an event brings forth once, such as notices. Never rebuilt."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.db.bulk import insert_missing
from shared.events.event import Event, Recorded

E = TypeVar("E", bound=Event)
Rule = Callable[[Recorded[E]], Iterable[Mapping[str, Any]]]


class Reaction:
    """A consumer that inserts the rows which pure rules give for an event.

    Rows carry ids derived from the event's, so that the same event twice inserts nothing new.
    """

    def __init__(self, name: str, *, topics: Sequence[str], table: Table) -> None:
        self.name = name
        self.topics = tuple(topics)
        self.table = table
        self.rules: dict[type[Event], list[Rule[Any]]] = {}

    def on(self, *events: type[E]) -> Callable[[Rule[E]], Rule[E]]:
        """Declare a rule; an event may have several."""

        def declare(rule: Rule[E]) -> Rule[E]:
            for cls in events:
                self.rules.setdefault(cls, []).append(rule)
            return rule

        return declare

    def event_types(self) -> frozenset[str]:
        return frozenset(cls.type for cls in self.rules)

    async def apply(self, connection: AsyncConnection, events: Sequence[Recorded[Event]]) -> None:
        rows = [row for event in events for rule in self.rules.get(type(event.data), ()) for row in rule(event)]
        await insert_missing(connection, self.table, rows)
