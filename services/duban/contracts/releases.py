"""Releases: the schemas and examples that somebody may have built upon."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from services.duban.contracts.compatibility import breaking_changes, same_contract
from services.duban.contracts.schemas import Schema
from shared.events.envelope import SCHEMA_PREFIX

Version = tuple[int, ...]
EventKey = tuple[str, int]
KEPT = ("events", "examples")


class CannotRelease(Exception):
    """The sentence says what to do instead."""


def take_snapshot(folder: Path, version: str) -> Path:
    """Copy schemas and examples to `released/VERSION`. Raises CannotRelease for a version that is not the newest."""
    if not re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", version):
        raise CannotRelease(f"{version} is not a version such as 0.1.0.")
    if (last := last_release(folder)) and _parts(version) <= _parts(last.name):
        raise CannotRelease(f"{version} is not newer than {last.name}; what was released stays as it is.")
    kept = folder / "released" / version
    for part in KEPT:
        shutil.copytree(folder / part, kept / part)
    return kept


def releases(folder: Path) -> list[Path]:
    """Folders of all releases, oldest first."""
    return sorted(
        (path for path in (folder / "released").glob("*.*.*") if path.is_dir()), key=lambda path: _parts(path.name)
    )


def last_release(folder: Path) -> Path | None:
    return next(reversed(releases(folder)), None)


def incompatibilities(folder: Path) -> Iterator[str]:
    """A sentence for each schema that its last released form does not allow."""
    if last := last_release(folder):
        current = _schemas(folder / "events")
        for key, released in _schemas(last / "events").items():
            yield from _incompatible(key, released, current.get(key), last.name)


def _incompatible(key: EventKey, released: Schema, current: Schema | None, release: str) -> Iterator[str]:
    name, major = key
    if current is None:
        yield f"{name} {major}.x was removed since {release}; its events stay in the logs, so keep the class that reads them."
        return
    for change in breaking_changes(released, current):
        subject = f"{name} {_version(current)}: " + (f"`{change.field}` {change.what}" if change.field else change.what)
        yield (
            f"{subject}. Readers of release {release} rely on it: leave it as it was, "
            f"or publish {name} {major + 1}.0 with an upcaster from {major}.x."
        )
    yield from _unraised(name, released, current, release)


def _unraised(name: str, released: Schema, current: Schema, release: str) -> Iterator[str]:
    before, now = _version(released), _version(current)
    major, minor = _parts(before)
    if _parts(now) < (major, minor):
        yield f"{name} went back from {before} in release {release} to {now}; give it {before} or a later version."
    elif now == before and not same_contract(released, current):
        yield f"{name} {now} changed since release {release} under the same version; give it {major}.{minor + 1}."


def _schemas(folder: Path) -> dict[EventKey, Schema]:
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
    return {(_name(schema), _parts(_version(schema))[0]): schema for schema in found}


def _name(schema: Schema) -> str:
    return str(schema["$id"]).removeprefix(SCHEMA_PREFIX).rsplit(":", 1)[0]


def _version(schema: Schema) -> str:
    return str(schema["$id"]).rsplit(":", 1)[1]


def _parts(version: str) -> Version:
    return tuple(int(part) for part in version.split("."))
