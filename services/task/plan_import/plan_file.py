"""A confirmed draft as a plan file, in the form that `plan put` takes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

from services.task.plan_import.confirmation import pointer_to, require_resolved
from services.task.plan_import.directory import UnitDirectory
from services.task.plan_import.draft import Draft, DraftMeasure, DraftMilestone, DraftTarget, DraftUnit, Kinded
from services.task.plan_import.errors import TargetWithoutDate
from services.task.plan_import.milestones import due_at
from services.task.plan_import.numerals import decimal_text
from services.task.plan_import.resolve import resolve
from services.task.plan_import.roles import Role
from shared.errors import FieldError, Text

QUARTERLY: Mapping[str, Any] = {
    "cycle": "quarterly",
    "due": {"working_days_after_period_end": 5},
    "opens_working_days_before_due": 7,
    "locks_working_days_after_period_end": 20,
}
ENCOURAGES = re.compile("(?:积极|大力|进一步|继续)?(?:支持|鼓励|引导|探索|研究|推荐)")
ASPIRES = re.compile("力争|争取")
SENTENCE = re.compile("[^。；;]+")
COUNTS_FROM_START = re.compile("新增|新建|累计|培育|引进|建成|打造|培训|改造|建设")
PER_YEAR = re.compile("每年|年均|年度|年出口|进出口额|销售额|交易额|营业收入|增长")
LEFT_OUT = re.compile("(?:到|至|在)?20[0-9]{2}年(?:[底末]|[0-9]{1,2}月底?)?(?:之?前)?|力争|争取|实现|确保|完成|分别")
WITHOUT_DATE = Text("文中没有写明期限。", "The text gives no date.")
COMPARING = re.compile("不得?(?:少于|低于|超过|高于)|至少|达到|超过|突破|超|以上|以内|以下|左右|约|[,，]")


def to_plan_file(
    draft: Draft,
    directory: UnitDirectory,
    *,
    key: str,
    office: str,
    group: str | None = None,
    reporting: Mapping[str, Any] = QUARTERLY,
    ends: date | None = None,
) -> dict[str, Any]:
    """The plan that the draft describes; key, office, reporting cycle and last day are the office's own to choose.

    Raises NotResolved while an item waits for a decision, and TargetWithoutDate where nobody says by when.
    """
    resolved = resolve(draft, directory)
    require_resolved(resolved)
    first, last = resolved.period or (None, None)
    return {
        "key": key,
        "title": resolved.title,
        **({"issuer": resolved.issuer} if resolved.issuer else {}),
        **(
            {"starts": f"{first}-01-01", "starts_precision": "year", "ends": f"{last}-12-31", "ends_precision": "year"}
            if first
            else {}
        ),
        "office": office,
        **({"group": group} if group else {}),
        "reporting": dict(reporting),
        "areas": _areas(resolved),
        "indicators": _indicators(resolved, ends or (date(last, 12, 31) if last else None)),
    }


def _areas(draft: Draft) -> list[dict[str, Any]]:
    """Areas that hold a measure, in the order of the plan. A date by which a target is due is no milestone besides."""
    units = _grouped(draft.of(DraftUnit), lambda unit: unit.measure)
    bound = {target.measure for target in draft.targets if target.strength == "binding"}
    measures = _grouped(draft.measures, lambda measure: measure.area)
    of_targets = {target.deadline_span.start for target in draft.targets if target.deadline_span}
    milestones = _grouped(
        (milestone for milestone in draft.milestones if milestone.span.start not in of_targets),
        lambda milestone: milestone.measure,
    )
    return [
        {
            "number": area.number,
            "title": area.title,
            "measures": [
                _measure(draft.text, measure, units.get(measure.id, []), is_bound=measure.id in bound)
                | _dated(milestones.get(measure.id, []))
                for measure in measures[area.id]
            ],
        }
        for area in draft.areas
        if area.id in measures
    ]


def _grouped(items: Iterable[Kinded], key: Callable[[Kinded], str]) -> dict[str, list[Kinded]]:
    found: dict[str, list[Kinded]] = {}
    for item in items:
        found.setdefault(key(item), []).append(item)
    return found


def _measure(text: str, measure: DraftMeasure, units: list[DraftUnit], *, is_bound: bool) -> dict[str, Any]:
    return {
        "key": measure.key,
        "title": measure.title,
        "strength": "binding" if is_bound else _strength(measure.span.of(text)),
        **({"units": [_unit(unit) for unit in units]} if units else {}),
    }


def _dated(milestones: list[DraftMilestone]) -> dict[str, Any]:
    listed = [{"text": each.text[:500], "due": each.date, "precision": each.precision} for each in milestones]
    return {"milestones": listed} if listed else {}


def _unit(unit: DraftUnit) -> dict[str, Any]:
    inferred = {"lead_inferred": True} if unit.role_inferred and unit.role is Role.LEAD else {}
    return {"group" if unit.is_group else "unit": unit.key, "role": unit.role.value, **inferred}


def _strength(text: str) -> str:
    """Most of the sentences encourage: then a measure without a binding target does."""
    sentences = SENTENCE.findall(text)[1:] or [text]  # the title is not a sentence
    soft = sum(1 for sentence in sentences if ENCOURAGES.match(sentence.strip()))
    return "encourage" if soft * 2 > len(sentences) else "aspire" if ASPIRES.search(text) else "binding"


def _indicators(draft: Draft, ends: date | None) -> list[dict[str, Any]]:
    """`ends` is when a target is due for which the text prints no date of its own."""
    keys = {measure.id: measure.key for measure in draft.measures}
    targets = [target for target in draft.targets if target.measure is None or target.measure in keys]
    dated = [(target, _due(draft.text, target, ends)) for target in targets]
    if undated := [target for target, due in dated if due is None]:
        errors = [FieldError(pointer_to(target), WITHOUT_DATE) for target in undated]
        raise TargetWithoutDate(count=len(undated), errors=errors)
    return [_indicator(target, keys, *due) for target, due in dated if due]


def _due(text: str, target: DraftTarget, ends: date | None) -> tuple[date, str] | None:
    """The day by which a target is due and how exactly the text gives it: 2025年6月底前 is the end of a month."""
    if target.deadline is None:
        return (ends, "inferred") if ends else None
    printed = due_at(text, target.deadline_span.start) if target.deadline_span else None
    if printed and str(printed[0].year) == target.deadline:
        return printed
    return date(int(target.deadline), 12, 31), "year"


def _indicator(target: DraftTarget, keys: Mapping[str, str], due: date, precision: str) -> dict[str, Any]:
    return {
        "key": target.id.removeprefix("target:").replace(":", "-").replace(".", "-"),
        "title": _title(target),
        **({"measure": keys[target.measure]} if target.measure else {}),
        "unit": target.unit,
        "kind": _kind(target.text),
        "target": {
            **_amount(target),
            "strength": target.strength,
            "deadline": due.isoformat(),
            "deadline_precision": precision,
        },
        "trajectory": "all_or_nothing" if target.value == 1 else "linear",
    }


def _amount(target: DraftTarget) -> dict[str, str]:
    if target.low is not None:
        return {"comparator": target.comparator, "low": decimal_text(target.low), "high": decimal_text(target.value)}
    return {"comparator": target.comparator, "value": decimal_text(target.value)}


def _title(target: DraftTarget) -> str:
    """The clause without its number, comparator and date: what is counted."""
    counted = target.text.replace(target.quantity, "", 1)
    return COMPARING.sub("", LEFT_OUT.sub("", counted))[:200] or target.text[:200]


def _kind(text: str) -> str:
    if COUNTS_FROM_START.search(text):
        return "cumulative"
    return "flow" if PER_YEAR.search(text) else "stock"
