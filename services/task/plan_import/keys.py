"""Keys of measures: the Arabic number where it is unique in the plan, else with area, else with group too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from services.task.plan_import.measures import Area, Item
from services.task.plan_import.numerals import integer


def printed_id(area: Area, item: Item) -> str:
    """Area, group and number as printed: 四.一.1; a flat area's own number."""
    if item.flat:
        return area.node.number
    group = [item.group.number] if item.group and item.group is not area.node else []
    above = [number for number in (area.node.number, *group) if not _repeats(item.node.number, number)]
    return ".".join(number for number in (*above, item.node.number) if number)


def _repeats(number: str, above: str) -> bool:
    """Whether a number by points says its area or group itself: 2.1 below 2."""
    return number.startswith(f"{above}.")


def keys(placed: Sequence[tuple[Area, Item]]) -> list[str]:
    """One key per item, in order; the shortest form that is unique for it."""
    forms = [_forms(area, item) for area, item in placed]
    counted = [Counter(form[length] for form in forms) for length in range(3)]
    chosen = [
        next((form[length] for length in range(3) if counted[length][form[length]] == 1), form[2]) for form in forms
    ]
    return _distinct(chosen)


def _forms(area: Area, item: Item) -> tuple[str, str, str]:
    number, within = _arabic(item.node.number), _arabic(area.node.number)
    if item.flat:
        return number, number, number
    group = f"{_arabic(item.group.number)}." if item.group and item.group is not area.node else ""
    return number, f"{within}.{number}".lstrip("."), f"{within}.{group}{number}".lstrip(".")


def _arabic(number: str) -> str:
    try:
        return str(integer(number))
    except ValueError:
        return number


def _distinct(chosen: list[str]) -> list[str]:
    """Numbers printed twice are told apart by their order."""
    seen: Counter[str] = Counter()
    result = []
    for key in chosen:
        seen[key] += 1
        result.append(key if seen[key] == 1 else f"{key}-{seen[key]}")
    return result
