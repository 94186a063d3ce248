"""Golden examples: one whole structured CloudEvent for each event and version, written by hand."""

from collections.abc import Iterator
from pathlib import Path

import orjson
from jsonschema import Draft202012Validator, FormatChecker

from services.duban.contracts.catalogue import published
from services.duban.contracts.releases import releases
from services.duban.contracts.schemas import event_file, event_schema
from shared.errors import AppError
from shared.events import Envelope, Event, read_event
from shared.events.cloudevents import STRUCTURED, decode
from shared.events.envelope import schema_name


def example_faults(folder: Path) -> Iterator[str]:
    """A sentence for each example that is missing, not of its event, or no longer readable."""
    wanted = {event_file(cls): (service, cls) for service, classes in published().items() for cls in classes}
    present = {path.name for path in (folder / "examples").glob("*.json")}
    for name in sorted(wanted.keys() - present):
        yield f"examples/{name} is missing; write one by hand, as a whole event with plausible values."
    for name in sorted(present - wanted.keys()):
        yield f"examples/{name} is of no event in the code; what was released is kept in released/, so delete it."
    for name in sorted(present & wanted.keys()):
        yield from (f"examples/{name}: {fault}" for fault in _faults(folder / "examples" / name, *wanted[name]))
    for release in releases(folder):
        yield from _unreadable(folder, release)


def read_example(path: Path) -> Envelope:
    """The event in a file. Raises NotACloudEvent."""
    return decode((("content-type", STRUCTURED.encode()),), path.read_bytes())


def _faults(path: Path, service: str, cls: type[Event]) -> Iterator[str]:
    try:
        envelope = read_example(path)
        event = read_event(envelope).data
    except (AppError, ValueError) as broken:
        yield f"cannot be read: {broken}."
        return
    if schema_name(envelope.type, envelope.schema_version) != schema_name(cls.type, cls.version):
        yield f"is a {envelope.type} {envelope.schema_version}."
    if envelope.source != f"/duban/{service}":
        yield f"comes from {envelope.source}, but {service} publishes it."
    data = orjson.loads(envelope.data)
    for error in Draft202012Validator(event_schema(cls), format_checker=FormatChecker()).iter_errors(data):
        yield f"{error.json_path} {error.message}."
    if event.model_dump(mode="json", exclude_unset=True) != data:
        yield f"does not survive {cls.__name__}: a field is unknown, or a value is not written as the class writes it."


def _unreadable(folder: Path, release: Path) -> Iterator[str]:
    for path in sorted((release / "examples").glob("*.json")):
        try:
            read_event(read_example(path))
        except (AppError, ValueError) as broken:
            yield f"{path.relative_to(folder)} was released and can no longer be read: {broken}"
