"""What to do with each record of a batch, decided from the versions that the consumer has applied. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from shared.bus.base import Record
from shared.errors import AppError
from shared.events.cloudevents import NotACloudEvent, decode
from shared.events.envelope import Envelope
from shared.events.event import Event, Recorded
from shared.events.registry import NeedsUpgrade, read_event

MAX_SUBJECT = 120
MAX_TYPE = 80
"""What the columns of `key_state` and `parked` hold."""


class Reason(StrEnum):
    """Why an event is parked."""

    FAILED = "failed"
    WAITING = "waiting"
    UNDECODABLE = "undecodable"
    NEEDS_UPGRADE = "needs-upgrade"
    FORK = "fork"


class Held(StrEnum):
    """Why an aggregate's events are not applied for now."""

    NOT = ""
    GAP = "gap"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Incoming:
    """A record and what could be read of it."""

    record: Record
    subject: str
    version: int
    id: UUID | None = None
    """None where the record cannot be read."""
    type: str = ""
    event: Recorded[Event] | None = None
    """None where the consumer has no handler for the type, or where it could not be read."""
    reason: Reason | None = None
    error: str = ""

    @property
    def event_id(self) -> str:
        """What tells it from others of its aggregate: where it has no id, its place."""
        return str(self.record.offset if self.id is None else self.id)


@dataclass(slots=True)
class KeyState:
    """The last version of an aggregate that a consumer applied."""

    last_version: int = 0
    last_event_id: UUID | None = None
    held: Held = Held.NOT
    changed: bool = False


class Verdict(StrEnum):
    APPLY = "apply"
    DUPLICATE = "duplicate"
    PARK = "park"
    FORK = "fork"


def read_record(record: Record, wanted: frozenset[str]) -> Incoming:
    """Decode a record as far as this consumer needs it. Never raises: what cannot be read says why."""
    try:
        envelope = decode(record.headers, record.value)
        _check_names(envelope)
    except NotACloudEvent as broken:
        return _undecodable(record, str(broken))
    known: dict[str, Any] = {
        "subject": envelope.subject,
        "version": envelope.aggregate_version,
        "id": envelope.id,
        "type": envelope.type,
    }
    if envelope.type not in wanted:
        return Incoming(record, **known)
    return _read_data(record, envelope, known)


def _read_data(record: Record, envelope: Envelope, known: dict[str, Any]) -> Incoming:
    try:
        return Incoming(record, **known, event=read_event(envelope))
    except NeedsUpgrade as newer:
        return Incoming(record, **known, reason=Reason.NEEDS_UPGRADE, error=str(newer))
    except ValidationError as broken:
        return Incoming(record, **known, reason=Reason.FAILED, error=_without_values(broken))
    except (AppError, ValueError) as broken:
        return Incoming(record, **known, reason=Reason.FAILED, error=str(broken))


def _without_values(broken: ValidationError) -> str:
    """What is wrong and where, but not what was written there: operators need not see what units report."""
    faults = (f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in broken.errors(include_input=False))
    return f"{broken.title}: {'; '.join(faults)}"


def _check_names(envelope: Envelope) -> None:
    """Raises NotACloudEvent for names that a foreign producer may write and our tables cannot hold."""
    for name, longest in ((envelope.subject, MAX_SUBJECT), (envelope.type, MAX_TYPE)):
        if len(name) > longest or "\x00" in name:
            raise NotACloudEvent(f"a name of {len(name)} characters, {longest} fit, or one with a zero character")


def _undecodable(record: Record, error: str) -> Incoming:
    """Parked under the record's place, since nothing says which aggregate it concerns."""
    key = (record.key or "").replace("\x00", "")
    subject = f"{Reason.UNDECODABLE}/{record.topic}/{record.partition}/{key}"[:MAX_SUBJECT]
    return Incoming(record, subject, record.offset, reason=Reason.UNDECODABLE, error=error)


@dataclass(slots=True)
class KeyStates:
    """The states of a batch's subjects; judging a record moves its subject's state on."""

    states: dict[str, KeyState] = field(default_factory=dict)

    def of(self, subject: str) -> KeyState:
        return self.states.setdefault(subject, KeyState())

    def judge(self, incoming: Incoming) -> Verdict:
        """Apply, drop or park this record. A record that cannot be read is parked and holds its aggregate."""
        state = self.of(incoming.subject)
        if incoming.reason is Reason.UNDECODABLE:
            return Verdict.PARK
        if incoming.version <= state.last_version:
            return self._seen_before(incoming)
        if state.held is Held.FAILED or incoming.version > state.last_version + 1:
            state.held = state.held or Held.GAP
            state.changed = True
            return Verdict.PARK
        if incoming.reason is not None:
            self.hold(incoming.subject)
            return Verdict.PARK
        return Verdict.APPLY

    def _seen_before(self, incoming: Incoming) -> Verdict:
        if self.forks(incoming):
            self.hold(incoming.subject)
            return Verdict.FORK
        return Verdict.DUPLICATE

    def forks(self, incoming: Incoming) -> bool:
        """Whether another event was applied as this very version. Of older versions only the number is known."""
        state = self.of(incoming.subject)
        return incoming.version == state.last_version and incoming.id != state.last_event_id

    def applied(self, incoming: Incoming) -> None:
        state = self.of(incoming.subject)
        state.last_version, state.last_event_id, state.changed = incoming.version, incoming.id, True

    def hold(self, subject: str) -> None:
        """A failed event stands in the way: everything after it of this aggregate waits."""
        state = self.of(subject)
        state.held, state.changed = Held.FAILED, True

    def fills_gap(self, incoming: Incoming) -> bool:
        state = self.of(incoming.subject)
        return state.held is Held.GAP and incoming.version == state.last_version + 1


def subjects(batch: Iterable[Incoming]) -> set[str]:
    return {incoming.subject for incoming in batch}
