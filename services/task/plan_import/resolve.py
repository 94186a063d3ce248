"""Resolve: match the names of a draft to the office's directory; a close name is proposed, never taken."""

from __future__ import annotations

from dataclasses import replace

from services.task.plan_import.directory import Match, UnitDirectory
from services.task.plan_import.draft import Draft, DraftUnit, Item, Status

OWN_RULES = "directory."


def resolve(draft: Draft, directory: UnitDirectory) -> Draft:
    """The same draft, each unit with the directory's key or with what has to be decided; what a person decided stays."""
    return replace(draft, items=tuple(resolve_item(item, directory) for item in draft.items))


def resolve_item(item: Item, directory: UnitDirectory) -> Item:
    """An item that is no unit, or is decided, stays. A name that a person entered stands before what is printed."""
    if not isinstance(item, DraftUnit) or _is_decided(item):
        return item
    printed = () if item.status is Status.CONFIRMED else (item.printed,)
    match = directory.find(item.name, _plain(item.name), *printed)
    return replace(
        item,
        key=match.key,
        is_group=match.is_group,
        proposals=match.proposals,
        status=_status(item, match),
        rules=(*(rule for rule in item.rules if not rule.startswith(OWN_RULES)), match.rule),
    )


def _is_decided(unit: DraftUnit) -> bool:
    return unit.status is Status.REJECTED or (unit.status is Status.CONFIRMED and unit.key is not None)


def _plain(name: str) -> str:
    return "".join(name.split())


def _status(unit: DraftUnit, match: Match) -> Status:
    if match.key is None:
        return Status.UNRESOLVED
    return Status.INFERRED if match.rule == "directory.succession" else unit.status
