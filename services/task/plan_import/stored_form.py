"""The items of a draft as JSON that can be kept and read back without loss."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from services.task.plan_import.draft import (
    DraftArea,
    DraftMeasure,
    DraftMilestone,
    DraftTarget,
    DraftUnit,
    Fact,
    GroupNote,
    Item,
    Unread,
)

KINDS: Mapping[str, type[Item]] = {
    "fact": Fact,
    "area": DraftArea,
    "measure": DraftMeasure,
    "unit": DraftUnit,
    "group": GroupNote,
    "target": DraftTarget,
    "milestone": DraftMilestone,
    "unread": Unread,
}
NAMES = {kind: name for name, kind in KINDS.items()}
Stored = dict[str, Any]


def to_stored(item: Item) -> Stored:
    """Plain JSON; numbers travel as decimal strings."""
    kind = NAMES[type(item)]
    return {"item": kind, **_adapter(kind).dump_python(item, mode="json", exclude_defaults=True)}


def from_stored(stored: Stored) -> Item:
    kind: str = stored["item"]
    return _adapter(kind).validate_python({name: value for name, value in stored.items() if name != "item"})


@cache
def _adapter(kind: str) -> TypeAdapter[Item]:
    return TypeAdapter(KINDS[kind])
