"""The draft as JSON: the plan's shape for reading and scoring, and all items flat for confirming."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from services.task.plan_import.draft import (
    Draft,
    DraftArea,
    DraftMeasure,
    DraftTarget,
    DraftUnit,
    GroupNote,
    Item,
    Unread,
)


def to_json(draft: Draft) -> dict[str, Any]:
    """Areas hold measures, measures hold units; `items` lists every item once more by certainty."""
    return {
        "document": draft.name,
        "title": draft.title,
        "issuer": draft.issuer,
        "period": list(draft.period) if draft.period else None,
        "lead_rule": draft.fact("lead_rule"),
        "areas": [_area(draft, area) for area in draft.areas],
        "targets": [_target(draft, target) for target in draft.targets],
        "milestones": [
            {"item": each.id, "measure": _printed_id(draft, each.measure), "text": each.text, "date": each.date, "precision": each.precision, "span": list(each.span)} for each in draft.milestones
        ],
        "group_notes": draft.group_notes,
        "items": {
            "certain": [_item(draft, item) for item in draft.certain],
            "inferred": [_item(draft, item) for item in draft.inferred],
            "unresolved": [_item(draft, item) for item in draft.unresolved],
        },
    }


def _area(draft: Draft, area: DraftArea) -> dict[str, Any]:
    measures = [measure for measure in draft.of(DraftMeasure) if measure.area == area.id]
    return {"item": area.id, "number": area.number, "title": area.title, "span": list(area.span), "measures": [_measure(draft, measure) for measure in measures]}


def _measure(draft: Draft, measure: DraftMeasure) -> dict[str, Any]:
    return {
        "item": measure.id,
        "id": measure.printed_id,
        "key": measure.key,
        "number": measure.number,
        "title": measure.title,
        **({} if measure.kind == "measure" else {"kind": measure.kind.value}),
        **({"flat": True} if measure.number is None else {}),
        **({"group": {"number": measure.group[0], "title": measure.group[1]}} if measure.group else {}),
        "units": [_unit(unit) for unit in draft.units_of(measure)],
        "by_duty": measure.by_duty,
        "open_ended": measure.open_ended,
        "raw_units": "\n".join(span.of(draft.text) for span in measure.unit_spans) or None,
        "deadline": measure.deadline,
        "text": measure.span.of(draft.text),
        "span": list(measure.span),
        "rules": list(measure.rules),
    }


def _unit(unit: DraftUnit) -> dict[str, Any]:
    return {
        "item": unit.id,
        "name": unit.name,
        "printed": unit.printed,
        "key": unit.key,
        "group": unit.is_group,
        "role": unit.role.value,
        "inferred": unit.role_inferred,
        "status": unit.status.value,
        "proposals": list(unit.proposals),
        "span": list(unit.span),
        "rules": list(unit.rules),
    }


def _target(draft: Draft, target: DraftTarget) -> dict[str, Any]:
    return {
        "item": target.id,
        "measure": _printed_id(draft, target.measure),
        "text": target.text,
        "value": [_number(target.low), _number(target.value)] if target.low is not None else _number(target.value),
        "unit": target.unit,
        "comparator": target.comparator,
        "strength": target.strength,
        "deadline": target.deadline,
        "deadline_precision": target.deadline_precision,
        "span": list(target.span),
        "status": target.status.value,
        "rules": list(target.rules),
    }


def _number(value: Decimal) -> str:
    """A decimal string, as numbers travel in the API."""
    return format(value.normalize(), "f") if value == value.to_integral_value() else format(value, "f")


def _printed_id(draft: Draft, measure: str | None) -> str | None:
    return next((each.printed_id for each in draft.of(DraftMeasure) if each.id == measure), None)


def _item(draft: Draft, item: Item) -> Mapping[str, Any]:
    return {"id": item.id, "kind": type(item).__name__, "status": item.status.value, "rules": list(item.rules), "span": list(item.span), "source": item.span.of(draft.text)[:200], "says": says(item)}


def says(item: Item) -> str:
    """What an item states, in a few words."""
    match item:
        case DraftUnit():
            return f"{item.name} {item.role.value}" + (f" → {item.key}" if item.key else "")
        case DraftTarget():
            amount = f"{_number(item.low)}-{_number(item.value)}" if item.low is not None else _number(item.value)
            return f"{item.comparator} {amount} {item.unit}"
        case DraftArea() | DraftMeasure():
            return item.title
        case GroupNote():
            return f"{item.group}: {item.text}"
        case Unread():
            return item.text[:80]
        case _:
            return str(getattr(item, "value", None) or getattr(item, "date", ""))
