"""Confirmation: edit, confirm or reject the items of a draft; nothing unresolved becomes a plan unnoticed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from services.task.plan_import.draft import (
    Draft,
    DraftArea,
    DraftMeasure,
    DraftMilestone,
    DraftTarget,
    DraftUnit,
    Fact,
    GroupNote,
    Item,
    Status,
    Unread,
)
from services.task.plan_import.errors import DraftItemNotFound, EditNotAllowed, NotResolved
from services.task.plan_import.measures import Kind
from services.task.plan_import.roles import Role
from shared.errors import FieldError, Text

EDITABLE: dict[type[Item], frozenset[str]] = {
    Fact: frozenset({"value"}),
    DraftArea: frozenset({"title"}),
    DraftMeasure: frozenset({"title", "kind", "deadline"}),
    DraftUnit: frozenset({"name", "key", "is_group", "role"}),
    GroupNote: frozenset({"text"}),
    DraftTarget: frozenset({"text", "low", "value", "unit", "comparator", "strength", "deadline"}),
    DraftMilestone: frozenset({"text", "date"}),
    Unread: frozenset(),
}
AMOUNT = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,6})?")  # what a plan file takes
YEAR = re.compile("20[0-9]{2}")
MOST_NAMED = 5  # items in a refusal; the draft lists them all
UNDECIDED = Text("“{says}”待决定。", "{says} waits for a decision.")
REASONS: Mapping[str, Text] = {
    "front.title-not-printed": Text("文中没有标题，请填写。", "The document prints no title; enter it."),
    "clause.unreadable": Text("这一句似乎列有单位，但读不懂：{says}", "This clause seems to name units and was not read: {says}"),
    "clause.beside-items": Text("上一级列有单位，其下各条又各列单位，这些单位未分给任何一条；请核对后剔除：{says}", "A group names units and so do its items; these units go to none of them. Check, then reject: {says}"),
    "directory.unknown": Text("单位目录里没有：{says}", "Not in the directory of units: {says}"),
    "directory.close": Text("单位目录里没有：{says}，相近的有{proposed}。", "Not in the directory of units: {says}; close: {proposed}."),
    "directory.split": Text("已拆分，请在{proposed}中选定：{says}", "It was split; choose among {proposed}: {says}"),
}  # fmt: skip


def edit(draft: Draft, item_id: str, changes: Mapping[str, Any]) -> Draft:
    """The draft with fields of one item as a person decided; the item counts as confirmed.

    Raises DraftItemNotFound, EditNotAllowed; NotResolved where nothing is changed of what is unresolved.
    """
    if not changes:
        return confirm(draft, item_id)
    item = _find(draft, item_id)
    values = {name: _value(item, name, value) for name, value in changes.items()}
    if isinstance(item, DraftUnit) and "role" in values:
        values["role_inferred"] = False
    return _with(draft, replace(item, **values, status=Status.CONFIRMED))


def confirm(draft: Draft, item_id: str) -> Draft:
    """Accept an item as it stands. A unit without a key and an unread clause have to be edited or rejected instead.

    Raises DraftItemNotFound, NotResolved.
    """
    item = _find(draft, item_id)
    if item.status is Status.UNRESOLVED:
        raise NotResolved(count=1, items=item_id)
    return _with(draft, replace(item, status=Status.CONFIRMED))


def reject(draft: Draft, item_id: str) -> Draft:
    """Take an item out of the plan; with an area go its measures, with a measure its units, targets and milestones."""
    gone = _with_parts(draft, item_id)
    return replace(
        draft, items=tuple(replace(each, status=Status.REJECTED) if each.id in gone else each for each in draft.items)
    )


def restore(draft: Draft, imported: Draft, item_id: str) -> Draft:
    """An item as it was imported, and with it what went along when it was rejected. Raises DraftItemNotFound."""
    back, first = _with_parts(draft, item_id), {item.id: item for item in imported.items}
    return replace(
        draft,
        items=tuple(
            first[item.id] if item.id == item_id or (item.id in back and item.status is Status.REJECTED) else item
            for item in draft.items
        ),
    )


def confirm_all(draft: Draft) -> Draft:
    """Accept everything that is certain or inferred; what is unresolved stays open."""
    settled = (Status.CERTAIN, Status.INFERRED)
    return replace(
        draft,
        items=tuple(replace(item, status=Status.CONFIRMED) if item.status in settled else item for item in draft.items),
    )


def require_resolved(draft: Draft) -> None:
    """Raises NotResolved where an item waits for a decision."""
    waiting = draft.unresolved
    if waiting:
        names = ", ".join(item.id for item in waiting[:MOST_NAMED]) + (" …" if len(waiting) > MOST_NAMED else "")
        raise NotResolved(
            count=len(waiting), items=names, errors=[FieldError(pointer_to(item), why(item)) for item in waiting]
        )


def why(item: Item) -> Text:
    """Why an item is unresolved, as a sentence for whoever has to decide."""
    proposed = "、".join(item.proposals) if isinstance(item, DraftUnit) else ""
    reason = next((REASONS[rule] for rule in reversed(item.rules) if rule in REASONS), UNDECIDED)
    return Text(*(sentence.format(says=item.says, proposed=proposed) for sentence in reason))


def pointer_to(item: Item) -> str:
    """Where a refusal says that the item is."""
    return "/items/" + item.id.replace("~", "~0").replace("/", "~1")


def is_confirmed(draft: Draft) -> bool:
    """Whether a person has decided on every item."""
    return all(item.status in (Status.CONFIRMED, Status.REJECTED) for item in draft.items)


def _with_parts(draft: Draft, item_id: str) -> set[str]:
    found = {_find(draft, item_id).id}
    found |= {measure.id for measure in draft.items if isinstance(measure, DraftMeasure) and measure.area in found}
    return found | {part.id for part in draft.items if getattr(part, "measure", None) in found}


def _find(draft: Draft, item_id: str) -> Item:
    for item in draft.items:
        if item.id == item_id:
            return item
    raise DraftItemNotFound(item=item_id)


def _with(draft: Draft, changed: Item) -> Draft:
    return replace(draft, items=tuple(changed if item.id == changed.id else item for item in draft.items))


def _value(item: Item, name: str, value: Any) -> Any:
    """The value in the field's own type."""
    if name not in EDITABLE[type(item)]:
        raise EditNotAllowed(item=item.id, field=name)
    try:
        match name:
            case "role":
                return Role(value)
            case "kind":
                return Kind(value)
            case "value" | "low" if isinstance(item, DraftTarget) and value is not None:
                return _amount(value)
            case "value" if isinstance(item, Fact) and item.name == "period":
                return _years(value)
            case "deadline" if isinstance(item, DraftTarget) and value is not None:
                return _year(value)
    except (ValueError, InvalidOperation) as error:
        raise EditNotAllowed(item=item.id, field=name) from error
    return value


def _amount(value: Any) -> Decimal:
    """A plain number: 1e999 would be printed with as many digits."""
    if not AMOUNT.fullmatch(str(value)):
        raise ValueError(value)
    return Decimal(str(value))


def _years(value: Any) -> str:
    """First and last year of the plan, in order: 2022-2025."""
    first, _, last = str(value).partition("-")
    if _year(first) > _year(last):
        raise ValueError(value)
    return f"{first}-{last}"


def _year(value: Any) -> str:
    if not YEAR.fullmatch(str(value)):
        raise ValueError(value)
    return str(value)
