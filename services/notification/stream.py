"""An open inbox page hears of what comes in: server-sent events, for a bounded time."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from services.notification.channels.inbox import Doorbell, NoRoom
from services.notification.queries import InboxEntry, count_unread, list_inbox_after
from services.notification.schemas import InboxItem, Unread
from services.notification.showing import show_entries
from services.notification.wording import Wording
from shared.clock import system_now
from shared.web.language import Language

if TYPE_CHECKING:
    from shared.runtime import Service

STREAM_SECONDS = 240.0
"""Shorter than a token lives: whoever goes on listening proves again who they are."""
LOOK_SECONDS = 2.0
"""How often to look for what another process delivered."""
EMBEDDED_LOOK_SECONDS = 15.0
"""Where the worker is in this process and rings; then this is only the sign of life that proxies want."""
OVERLAP = timedelta(seconds=10)
"""Rows become visible when they are committed, not in the order of their times; so each look goes back a little."""
MOST_AT_ONCE = 100
"""In one message; what else is there follows in further ones."""


@dataclass(slots=True)
class InboxStream:
    """What one listener is sent: first how much is unread, then each new item."""

    service: "Service"
    doorbell: Doorbell
    wording: Wording
    account: UUID
    language: Language
    since: datetime | None = None
    """Time of the last item that the listener has from an earlier stream."""
    _seen: dict[UUID, datetime] = field(default_factory=dict)
    _from: datetime = field(default_factory=system_now)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            with self.doorbell.listening(self.account) as heard:
                async for message in self._messages(heard):
                    yield message
        except NoRoom:
            return

    async def _messages(self, heard: asyncio.Event) -> AsyncIterator[bytes]:
        ends = asyncio.get_running_loop().time() + STREAM_SECONDS
        yield await self._begin()
        while not self.doorbell.closed and asyncio.get_running_loop().time() < ends:
            heard.clear()
            is_quiet = True
            async for new in self._look():
                is_quiet = False
                yield await self._shown(new)
            if is_quiet:
                yield b":\n\n"
            await self._wait(heard, ends)

    async def _begin(self) -> bytes:
        """Skip what is there already, unless the listener says where it stopped."""
        if self.since is None:
            async for _ in self._look():
                pass
        else:
            self._from = self.since + OVERLAP
        async with self.service.read() as view:
            unread = await count_unread(view.connection, self.account)
        return _event("unread", Unread(unread=unread).model_dump_json().encode())

    async def _shown(self, entries: Sequence[InboxEntry]) -> bytes:
        async with self.service.read() as view:
            items = await show_entries(view.connection, entries, self.wording, self.language)
        return b"".join(map(_message, entries, items))

    async def _look(self) -> AsyncIterator[list[InboxEntry]]:
        """All that is new, a part at a time."""
        last = self._from - OVERLAP, UUID(int=0)
        is_whole = False
        while not is_whole:
            async with self.service.read() as view:
                entries = await list_inbox_after(view.connection, self.account, last, MOST_AT_ONCE)
            is_whole = len(entries) < MOST_AT_ONCE
            if new := [entry for entry in entries if entry.delivery["id"] not in self._seen]:
                yield new
            if entries:
                self._seen |= {entry.delivery["id"]: entry.delivery["made_at"] for entry in entries}
                last = entries[-1].delivery["made_at"], entries[-1].delivery["id"]
        self._go_on_from(last[0])

    def _go_on_from(self, made_at: datetime) -> None:
        """Remember only what the next look will find again."""
        self._from = max(self._from, made_at)
        self._seen = {id_: at for id_, at in self._seen.items() if at >= self._from - OVERLAP}

    async def _wait(self, heard: asyncio.Event, ends: float) -> None:
        look = EMBEDDED_LOOK_SECONDS if self.service.settings.embedded else LOOK_SECONDS
        left = max(0.0, ends - asyncio.get_running_loop().time())
        with suppress(TimeoutError):
            async with asyncio.timeout(min(look, left)):
                await heard.wait()


def _message(entry: InboxEntry, item: InboxItem) -> bytes:
    """With the id that a browser gives back when it connects again."""
    made_at: datetime = entry.delivery["made_at"]
    return b"id: " + made_at.isoformat().encode() + b"\n" + _event("notice", item.model_dump_json().encode())


def _event(name: str, data: bytes) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + data + b"\n\n"
