"""Comparison: how a re-imported document differs from the plan in force; what an amendment would change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Change:
    """One difference: `before` is None for what is new, `after` for what is gone."""

    kind: str
    place: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Difference:
    changes: tuple[Change, ...]

    def __bool__(self) -> bool:
        return bool(self.changes)

    def of(self, kind: str) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.kind == kind)


def compare(imported: Mapping[str, Any], current: Mapping[str, Any]) -> Difference:
    """The plan file of a draft against the current one. Measures are the same by key; nothing is renumbered."""
    return Difference(tuple(_changes(imported, current)))


def _changes(imported: Mapping[str, Any], current: Mapping[str, Any]) -> Iterator[Change]:
    for name in ("title", "starts", "ends"):
        if name in imported and str(imported[name]) != str(current.get(name)):
            yield Change("plan", name, current.get(name), imported[name])
    before, after = _measures(current), _measures(imported)
    for key in (*before, *(key for key in after if key not in before)):
        old, new = before.get(key), after.get(key)
        if old is None or new is None:
            yield Change("measure", key, old and old["title"], new and new["title"])
        else:
            yield from _measure_changes(key, old, new)
    yield from _keyed("target", _targets(current), _targets(imported))


def _measure_changes(key: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    if old["title"] != new["title"]:
        yield Change("title", key, old["title"], new["title"])
    yield from _keyed("unit", _units(key, old), _units(key, new))


def _keyed(kind: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for place in (*before, *(place for place in after if place not in before)):
        if before.get(place) != after.get(place):
            yield Change(kind, place, before.get(place), after.get(place))


def _measures(plan: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {measure["key"]: measure for area in plan["areas"] for measure in area["measures"]}


def _units(key: str, measure: Mapping[str, Any]) -> dict[str, str]:
    return {f"{key}/{unit.get('unit') or unit.get('group')}": str(unit["role"]) for unit in measure.get("units", ())}


def _targets(plan: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Targets by measure and unit of count, in order; their keys and titles are the office's wording."""
    found: dict[str, list[str]] = {}
    for indicator in plan.get("indicators", ()):
        target = indicator["target"]
        amount = target.get("value") or f"{target.get('low')}-{target.get('high')}"
        found.setdefault(f"{indicator.get('measure') or 'plan'}/{indicator['unit']}", []).append(
            f"{target['comparator']} {amount} {target['deadline']}"
        )
    return {place: tuple(sorted(amounts)) for place, amounts in found.items()}
