"""The inbox. Its messages are rows, written with the notice's deliveries; here is how an open page hears of them."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

MAX_LISTENERS = 200
"""Per process: each holds a connection open. Who gets none asks `GET inbox` now and then."""


class NoRoom(Exception):
    """All places for listeners are taken."""


@dataclass(slots=True)
class Doorbell:
    """Tells open inbox pages of this process that something came. Others find out by looking."""

    limit: int = MAX_LISTENERS
    closed: bool = False
    _listeners: dict[asyncio.Event, UUID] = field(default_factory=dict)

    @property
    def is_full(self) -> bool:
        return self.closed or len(self._listeners) >= self.limit

    @contextmanager
    def listening(self, account: UUID) -> Iterator[asyncio.Event]:
        """An event that is set when something comes for this account, or the bell is closed. Raises NoRoom."""
        if self.is_full:
            raise NoRoom
        heard = asyncio.Event()
        self._listeners[heard] = account
        try:
            yield heard
        finally:
            del self._listeners[heard]

    def ring(self, accounts: Iterable[UUID]) -> None:
        wanted = set(accounts)
        for heard, account in self._listeners.items():
            if account in wanted:
                heard.set()

    def close(self) -> None:
        """The process stops: let every listener go."""
        self.closed = True
        for heard in self._listeners:
            heard.set()
