"""From an envelope to a typed fact."""

from shared.errors import AppError, Text
from shared.events.envelope import Envelope
from shared.events.event import Event, Recorded, registered


class UnknownType(AppError):
    code, status = "unknown-event-type", 422
    title = Text("未知事件", "Unknown event")
    detail = Text("本版本不认识事件 {type}。", "This build does not know the event {type}.")


class NeedsUpgrade(AppError):
    code, status = "needs-upgrade", 422
    title = Text("需要升级", "Needs a newer build")
    detail = Text(
        "事件 {type} {version} 需要更新的版本才能读取。", "{type} {version} can only be read by a newer build."
    )


def known_types() -> set[str]:
    return {name for name, _ in registered()}


def read_event(envelope: Envelope) -> Recorded[Event]:
    """Parse the data with the class of its major version.

    Raises UnknownType, NeedsUpgrade (a major version above every known one) or pydantic's ValidationError.
    """
    major = int(envelope.schema_version.split(".")[0])
    cls = registered().get((envelope.type, major))
    if cls is None:
        unreadable = NeedsUpgrade if envelope.type in known_types() else UnknownType
        raise unreadable(type=envelope.type, version=envelope.schema_version)
    return Recorded(
        id=envelope.id,
        subject=envelope.subject,
        version=envelope.aggregate_version,
        time=envelope.time,
        actor=envelope.actor,
        data=cls.model_validate_json(envelope.data),
    )
