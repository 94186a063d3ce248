"""A real bus whose publishing a test disturbs."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from shared.bus import Bus, Message


class MoodyBus:
    """Everything goes to the bus behind it; a test may refuse messages, lose answers, or act in between."""

    def __init__(self, behind: Bus) -> None:
        self._behind = behind
        self.takes: Callable[[Message], bool] = lambda _message: True
        """False: the message, and the later ones of its key, do not arrive."""
        self.answers: Callable[[Message], bool] = lambda _message: True
        """False: the message may have arrived, but nobody is told so."""
        self.after_publish: Callable[[], Awaitable[None]] | None = None
        """Called once, before the publisher learns anything."""
        self.publishes = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._behind, name)

    async def publish(self, messages: Sequence[Message]) -> list[bool]:
        self.publishes += 1
        held: set[str] = set()
        taken = []
        for message in messages:
            if message.key in held or not self.takes(message):
                held.add(message.key)
            else:
                taken.append(message)
        acknowledged = dict(
            zip((message.event_id for message in taken), await self._behind.publish(taken), strict=True)
        )
        act, self.after_publish = self.after_publish, None
        if act:
            await act()
        return [acknowledged.get(message.event_id, False) and self.answers(message) for message in messages]
