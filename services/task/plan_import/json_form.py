"""The draft as JSON: the plan's shape for reading and scoring, and all items flat for confirming."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from services.task.plan_import.draft import (
    Draft,
    DraftArea,
    DraftMeasure,
    DraftMilestone,
    DraftTarget,
    DraftUnit,
    Item,
    Status,
)
from services.task.plan_import.measures import Kind
from services.task.plan_import.numerals import decimal_text

LONGEST_SOURCE = 200


def to_json(draft: Draft) -> dict[str, Any]:
    """Areas hold measures, measures hold units; `items` lists every item once more by certainty."""
    return {
        "document": draft.name,
        "title": draft.title,
        "issuer": draft.issuer,
        "period": list(draft.period) if draft.period else None,
        "lead_rule": draft.fact("lead_rule"),
        "areas": _areas(draft),
        "targets": [_target(draft, target) for target in _placed(draft, DraftTarget)],
        "milestones": [_milestone(draft, milestone) for milestone in _placed(draft, DraftMilestone)],
        "group_notes": draft.group_notes,
        "items": {status.value: [item_json(draft, item) for item in draft.with_status(status)] for status in Status},
    }


def _areas(draft: Draft) -> list[dict[str, Any]]:
    units: dict[str, list[DraftUnit]] = defaultdict(list)
    for unit in draft.of(DraftUnit):
        units[unit.measure].append(unit)
    measures: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for measure in draft.of(DraftMeasure):
        measures[measure.area].append(_measure(draft, measure, units[measure.id]))
    return [_area(area, measures[area.id]) for area in draft.areas]


def _area(area: DraftArea, measures: list[dict[str, Any]]) -> dict[str, Any]:
    return {"item": area.id, "number": area.number, "title": area.title, "span": list(area.span), "measures": measures}


def _measure(draft: Draft, measure: DraftMeasure, units: list[DraftUnit]) -> dict[str, Any]:
    return {
        "item": measure.id,
        "id": measure.printed_id,
        "key": measure.key,
        "number": measure.number,
        "title": measure.title,
        **({} if measure.kind is Kind.MEASURE else {"kind": measure.kind.value}),
        **({"flat": True} if measure.number is None else {}),
        **({"group": {"number": measure.group[0], "title": measure.group[1]}} if measure.group else {}),
        "units": [_unit(unit) for unit in units],
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


def _placed(draft: Draft, kind: type[Any]) -> list[tuple[Any, str | None]]:
    """Items of a kind with the printed id of their measure."""
    printed = {measure.id: measure.printed_id for measure in draft.of(DraftMeasure)}
    return [(item, printed.get(item.measure)) for item in draft.of(kind)]


def _target(draft: Draft, placed: tuple[DraftTarget, str | None]) -> dict[str, Any]:
    target, measure = placed
    return {
        "item": target.id,
        "measure": measure,
        "text": target.text,
        "value": decimal_text(target.value)
        if target.low is None
        else [decimal_text(target.low), decimal_text(target.value)],
        "unit": target.unit,
        "comparator": target.comparator,
        "strength": target.strength,
        "deadline": target.deadline,
        "deadline_precision": target.deadline_precision,
        "span": list(target.span),
        "source": target.span.of(draft.text),
        "status": target.status.value,
        "rules": list(target.rules),
    }


def _milestone(draft: Draft, placed: tuple[DraftMilestone, str | None]) -> dict[str, Any]:
    milestone, measure = placed
    return {
        "item": milestone.id,
        "measure": measure,
        "text": milestone.text,
        "date": milestone.date,
        "precision": milestone.precision,
        "span": list(milestone.span),
        "source": milestone.span.of(draft.text),
    }


def item_json(draft: Draft, item: Item) -> dict[str, Any]:
    """An item for a list: what it says, how sure that is and why, and its source."""
    return {
        "id": item.id,
        "kind": type(item).__name__.removeprefix("Draft").lower(),
        "says": item.says,
        "status": item.status.value,
        "rules": list(item.rules),
        "span": list(item.span),
        "source": item.span.of(draft.text)[:LONGEST_SOURCE],
    }
