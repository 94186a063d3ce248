"""Ladders of reminders and escalations, in working days relative to the due day."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from contracts.names import Role, RungKind


@dataclass(frozen=True, slots=True)
class Rung:
    """`at` working days from the due day (negative before), and who hears of it."""

    at: int
    audience: tuple[Role, ...]

    @property
    def kind(self) -> RungKind:
        return RungKind.OVERDUE if self.at > 0 else RungKind.REMINDER


@dataclass(frozen=True, slots=True)
class Ladder:
    """Rungs in order; after the last, again every `repeat_every` working days for as long as the duty is open."""

    rungs: tuple[Rung, ...]
    repeat_every: int | None = None

    def after(self, last: int | None) -> Iterator[Rung]:
        """The rungs that follow the one at `last`, without end where the ladder repeats."""
        yield from (rung for rung in self.rungs if last is None or rung.at > last)
        if self.repeat_every is None:
            return
        top = self.rungs[-1]
        repeated = (Rung(top.at + n * self.repeat_every, top.audience) for n in count(1))
        yield from (rung for rung in repeated if last is None or rung.at > last)
