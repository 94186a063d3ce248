"""The generated files: their text as the code has it, and as it is on disk."""

import json
from collections.abc import Iterator, Mapping
from difflib import unified_diff
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

from services.duban.contracts.asyncapi import asyncapi_document
from services.duban.contracts.catalogue import consumers, published
from services.duban.contracts.schemas import event_file, event_schema

Files = Mapping[str, str]
GENERATED = ("events/*.json", "openapi/*.json", "asyncapi.yaml")
SHOWN_LINES = 12
"""Enough to recognise a change; the whole is for `git diff` after generating."""


def documents(apis: Mapping[str, Any]) -> dict[str, str]:
    """Every generated file by its path in the folder of contracts. `apis` are the OpenAPI documents by service."""
    events = published()
    schemas = {
        f"events/{event_file(cls)}": as_json(event_schema(cls)) for classes in events.values() for cls in classes
    }
    openapi = {f"openapi/{service}.json": as_json(document) for service, document in apis.items()}
    return {**schemas, **openapi, "asyncapi.yaml": as_yaml(asyncapi_document(events, consumers()))}


def write(folder: Path, wanted: Files) -> list[Path]:
    """Write what differs and delete what is generated no longer. Returns the paths that changed."""
    changed = [path for path, _, text in _differing(folder, wanted) if _put(path, text)]
    return sorted(changed)


def differences(folder: Path, wanted: Files) -> list[str]:
    """A sentence and the first lines for each file that is not as the code has it."""
    return [_difference(path.relative_to(folder), found, text) for path, found, text in _differing(folder, wanted)]


def as_json(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def as_yaml(document: Any) -> str:
    return yaml.dump(document, Dumper=_Plain, sort_keys=False, allow_unicode=True, width=120)


class _Plain(yaml.CSafeDumper):
    """Repeats what occurs twice; anchors would be shorter and hard to read."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - yaml's signature
        return True


def _block(dumper: yaml.CSafeDumper, text: str) -> yaml.Node:
    """Text of several lines as it reads."""
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Plain.add_representer(str, _block)


def _differing(folder: Path, wanted: Files) -> Iterator[tuple[Path, str, str]]:
    """Path, text on disk and text wanted; empty where the file is missing or not wanted."""
    present = {str(path.relative_to(folder)) for pattern in GENERATED for path in folder.glob(pattern)}
    for name in sorted(present | wanted.keys()):
        found = (folder / name).read_text(encoding="utf-8") if name in present else ""
        if found != wanted.get(name, ""):
            yield folder / name, found, wanted.get(name, "")


def _put(path: Path, text: str) -> bool:
    if text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    else:
        path.unlink()
    return True


def _difference(name: Path, found: str, wanted: str) -> str:
    if not found:
        return f"{name} is missing; run `duban contracts generate`."
    if not wanted:
        return f"{name} belongs to nothing in the code; run `duban contracts generate`, which deletes it."
    lines = list(unified_diff(found.splitlines(), wanted.splitlines(), "on disk", "from the code", n=1, lineterm=""))
    shown = "\n".join(f"    {line}" for line in islice(lines, 2, 2 + SHOWN_LINES))
    return f"{name} is not what the code says; if the change is meant, run `duban contracts generate`.\n{shown}"
