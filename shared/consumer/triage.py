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
    event_id: str
    type: str = ""
    event: Recorded[Event] | None = None
    """None where the consumer has no handler for the type, or where it could not be read."""
    reason: Reason | None = None
    error: str = ""


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
    except NotACloudEvent as broken:
        return Incoming(
            record,
            _pseudo_subject(record),
            record.offset,
            str(record.offset),
            reason=Reason.UNDECODABLE,
            error=str(broken),
        )
    known: dict[str, Any] = {
        "subject": envelope.subject,
        "version": envelope.aggregate_version,
        "event_id": str(envelope.id),
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
    except (ValidationError, AppError, ValueError) as broken:
        return Incoming(record, **known, reason=Reason.FAILED, error=str(broken))


def _pseudo_subject(record: Record) -> str:
    return f"undecodable/{record.topic}/{record.partition}/{record.key or ''}"


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
            return self._seen_before(incoming, state)
        if state.held is Held.FAILED or incoming.version > state.last_version + 1:
            state.held = state.held or Held.GAP
            state.changed = True
            return Verdict.PARK
        if incoming.reason is not None:
            self.hold(incoming.subject)
            return Verdict.PARK
        return Verdict.APPLY

    def _seen_before(self, incoming: Incoming, state: KeyState) -> Verdict:
        if incoming.version == state.last_version and incoming.event_id != str(state.last_event_id):
            self.hold(incoming.subject)
            return Verdict.FORK
        return Verdict.DUPLICATE

    def applied(self, incoming: Incoming) -> None:
        state = self.of(incoming.subject)
        state.last_version, state.last_event_id, state.changed = incoming.version, UUID(incoming.event_id), True

    def hold(self, subject: str) -> None:
        """A failed event stands in the way: everything after it of this aggregate waits."""
        state = self.of(subject)
        state.held, state.changed = Held.FAILED, True

    def fills_gap(self, incoming: Incoming) -> bool:
        state = self.of(incoming.subject)
        return state.held is Held.GAP and incoming.version == state.last_version + 1


def subjects(batch: Iterable[Incoming]) -> set[str]:
    return {incoming.subject for incoming in batch}
