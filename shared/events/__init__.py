"""Facts and their form on the wire: event classes, registry, envelope and the CloudEvents binding."""

from shared.events.envelope import Envelope
from shared.events.event import Event, Recorded, event
from shared.events.registry import NeedsUpgrade, UnknownType, known_types, read_event

__all__ = ["Envelope", "Event", "NeedsUpgrade", "Recorded", "UnknownType", "event", "known_types", "read_event"]
