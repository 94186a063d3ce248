"""Releases on temporary folders: what a snapshot keeps and what a later state may not do to it."""

import json
from pathlib import Path
from typing import Any

import pytest

from services.duban.contracts.releases import CannotRelease, incompatibilities, last_release, releases, take_snapshot
from services.duban.contracts.schemas import Schema


def fact(version: str = "1.0", **properties: Schema) -> Schema:
    """The schema of `report.noted` with these required fields."""
    fields = properties or {"plan": {"type": "string"}}
    return {
        "$id": f"urn:duban:event:report.noted:{version}",
        "type": "object",
        "properties": fields,
        "required": sorted(name for name, field in fields.items() if "default" not in field),
    }


def publish(folder: Path, *schemas: Schema) -> None:
    """Let these be the only schemas of today."""
    for part in ("events", "examples"):
        (folder / part).mkdir(exist_ok=True)
    for old in (folder / "events").iterdir():
        old.unlink()
    for schema in schemas:
        name = schema["$id"].removeprefix("urn:duban:event:").replace(":", ".")
        (folder / "events" / f"{name}.json").write_text(json.dumps(schema), encoding="utf-8")


@pytest.fixture
def released(tmp_path: Path) -> Path:
    """A folder whose release 0.1.0 holds `report.noted` 1.0 with the field `plan`."""
    publish(tmp_path, fact())
    take_snapshot(tmp_path, "0.1.0")
    return tmp_path


def found(folder: Path) -> list[str]:
    return list(incompatibilities(folder))


def test_a_snapshot_keeps_schemas_and_examples(tmp_path: Path) -> None:
    publish(tmp_path, fact())
    (tmp_path / "examples" / "report.noted.1.0.json").write_text("{}", encoding="utf-8")
    kept = take_snapshot(tmp_path, "0.1.0")
    assert kept == tmp_path / "released" / "0.1.0"
    assert sorted(str(path.relative_to(kept)) for path in kept.rglob("*.json")) == [
        "events/report.noted.1.0.json",
        "examples/report.noted.1.0.json",
    ]


@pytest.mark.parametrize("version", ["0.1.0", "0.0.9"])
def test_what_was_released_stays_as_it_is(released: Path, version: str) -> None:
    with pytest.raises(CannotRelease, match=r"not newer than 0\.1\.0"):
        take_snapshot(released, version)


@pytest.mark.parametrize("version", ["1", "0.2", "v0.2.0", "0.2.0-rc1", "../0.2.0"])
def test_a_release_has_three_numbers(released: Path, version: str) -> None:
    with pytest.raises(CannotRelease, match="not a version"):
        take_snapshot(released, version)


def test_releases_are_ordered_as_numbers(released: Path) -> None:
    for version in ("0.2.0", "0.10.0"):
        take_snapshot(released, version)
    assert [path.name for path in releases(released)] == ["0.1.0", "0.2.0", "0.10.0"]
    assert last_release(released) == released / "released" / "0.10.0"


def test_without_a_release_everything_is_allowed(tmp_path: Path) -> None:
    publish(tmp_path, fact())
    assert found(tmp_path) == []


def test_an_unchanged_event_is_compatible(released: Path) -> None:
    assert found(released) == []


def test_an_optional_field_needs_the_next_minor_version(released: Path) -> None:
    fields: dict[str, Any] = {"plan": {"type": "string"}, "note": {"type": "string", "default": ""}}
    publish(released, fact("1.0", **fields))
    assert found(released) == ["report.noted 1.0 changed since release 0.1.0 under the same version; give it 1.1."]
    publish(released, fact("1.1", **fields))
    assert found(released) == []


def test_a_breaking_change_is_refused_with_event_field_and_remedy(released: Path) -> None:
    publish(released, fact("1.1", plan={"type": "integer"}))
    (sentence,) = found(released)
    assert sentence == (
        "report.noted 1.1: `plan` was string and is integer. Readers of release 0.1.0 rely on it: leave it as it was, "
        "or publish report.noted 2.0 with an upcaster from 1.x."
    )


def test_a_new_major_version_stands_beside_the_old_one(released: Path) -> None:
    publish(released, fact(), fact("2.0", plan={"type": "integer"}))
    assert found(released) == []


def test_a_new_major_version_does_not_replace_the_old_one(released: Path) -> None:
    publish(released, fact("2.0", plan={"type": "integer"}))
    assert found(released) == [
        "report.noted 1.x was removed since 0.1.0; its events stay in the logs, so keep the class that reads them."
    ]


def test_a_version_does_not_go_back(tmp_path: Path) -> None:
    publish(tmp_path, fact("1.2"))
    take_snapshot(tmp_path, "0.1.0")
    publish(tmp_path, fact("1.1"))
    assert found(tmp_path) == [
        "report.noted went back from 1.2 in release 0.1.0 to 1.1; give it 1.2 or a later version."
    ]


def test_only_the_last_release_is_compared(released: Path) -> None:
    fields: dict[str, Any] = {"plan": {"type": "string"}, "note": {"type": "string", "default": ""}}
    publish(released, fact("1.1", **fields))
    take_snapshot(released, "0.2.0")
    publish(released, fact("1.2"))
    (sentence,) = found(released)
    assert sentence == (
        "report.noted 1.2: `note` was removed or renamed. Readers of release 0.2.0 rely on it: leave it as it was, "
        "or publish report.noted 2.0 with an upcaster from 1.x."
    )
