"""Ladders of reminders and escalations, in working days relative to the due day."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count, takewhile

from contracts.names import Role, RungKind

TOLD_OF_A_LOCK = (Role.OFFICE,)
"""Whoever owes the report can do nothing about it any more."""


@dataclass(frozen=True, slots=True)
class Rung:
    """`at` working days from the due day (negative before), and who hears of it."""

    at: int
    audience: tuple[Role, ...]
    is_lock: bool = False

    @property
    def kind(self) -> RungKind:
        if self.is_lock:
            return RungKind.LOCKED
        return RungKind.OVERDUE if self.at > 0 else RungKind.REMINDER


@dataclass(frozen=True, slots=True)
class Ladder:
    """Rungs in order; after the last, again every `repeat_every` working days for as long as the duty is open."""

    rungs: tuple[Rung, ...]
    repeat_every: int | None = None
    lock: Rung | None = None
    """Takes the place of all that would come at its time or later."""

    def until_lock(self, at: int) -> "Ladder":
        """This ladder where `at` is the first working day on which the duty can no longer be done."""
        return replace(self, lock=Rung(at, TOLD_OF_A_LOCK, is_lock=True))

    def after(self, last: int | None) -> Iterator[Rung]:
        """The rungs that follow the one at `last`, without end where the ladder repeats and nothing locks."""
        return (rung for rung in self._all() if last is None or rung.at > last)

    def _all(self) -> Iterator[Rung]:
        lock = self.lock
        if lock is None:
            yield from self._rising()
        else:
            yield from takewhile(lambda rung: rung.at < lock.at, self._rising())
            yield lock

    def _rising(self) -> Iterator[Rung]:
        yield from self.rungs
        if self.repeat_every is not None:
            top = self.rungs[-1]
            yield from (Rung(top.at + n * self.repeat_every, top.audience) for n in count(1))
