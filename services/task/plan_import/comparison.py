"""Comparison: how a plan file differs from the one in force; what an amendment would change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

PLAN_FIELDS = (
    "title", "title_en", "issuer", "document_number", "starts", "starts_precision", "ends", "ends_precision", "zone",
    "office", "group", "reporting", "clocks",
)  # fmt: skip
MEASURE_FIELDS = ("title_en", "strength", "summary", "milestones")
INDICATOR_FIELDS = ("title", "title_en", "measure", "unit", "kind", "trajectory", "points", "owner")
Document = Mapping[str, Any]


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


def compare(drafted: Document, current: Document) -> Difference:
    """A drafted plan file against the current one. Measures are the same by key; nothing is renumbered.

    What the drafted file leaves out of the plan's own fields is not compared: a document says nothing of clocks.
    """
    return Difference(tuple(_changes(drafted, current)))


def _changes(drafted: Document, current: Document) -> Iterator[Change]:
    for name in PLAN_FIELDS:
        if name in drafted and _plain(drafted[name]) != _plain(current.get(name)):
            yield Change("plan", name, current.get(name), drafted[name])
    yield from _keyed("area", _area_titles(current, "title"), _area_titles(drafted, "title"))
    yield from _both("area", _area_titles(current, "title_en"), _area_titles(drafted, "title_en"))
    before, after = _measures(current), _measures(drafted)
    for key in (*before, *(key for key in after if key not in before)):
        old, new = before.get(key), after.get(key)
        if old is None or new is None:
            yield Change("measure", key, old and old["title"], new and new["title"])
        else:
            yield from _measure_changes(key, old, new)
    yield from _order(list(before), list(after))
    yield from _keyed("target", _targets(current), _targets(drafted))
    yield from _indicator_changes(_indicators(current), _indicators(drafted))


def _measure_changes(key: str, old: Document, new: Document) -> Iterator[Change]:
    if old["title"] != new["title"]:
        yield Change("title", key, old["title"], new["title"])
    if old["area"] != new["area"]:
        yield Change("moved", key, old["area"], new["area"])
    yield from _fields("measure", key, MEASURE_FIELDS, old, new)
    yield from _keyed("unit", _units(key, old), _units(key, new))
    yield from _both("lead_inferred", _marks(key, old), _marks(key, new))
    yield from _keyed("excused", _excused(key, old), _excused(key, new))


def _order(before: list[str], after: list[str]) -> Iterator[Change]:
    """Of the measures that are in both; what is new or gone moves nobody."""
    old, new = [key for key in before if key in after], [key for key in after if key in before]
    if old != new:
        yield Change("order", "measures", old, new)


def _indicator_changes(before: Mapping[str, Document], after: Mapping[str, Document]) -> Iterator[Change]:
    """Definitions; what is to be reached is compared as targets, whatever the indicators' keys are."""
    for key in (*before, *(key for key in after if key not in before)):
        old, new = before.get(key), after.get(key)
        if old is None or new is None:
            yield Change("indicator", key, old and old["title"], new and new["title"])
        else:
            yield from _fields("indicator", key, INDICATOR_FIELDS, old, new)
            yield from _fields("target", key, ("strength", "deadline_precision"), old["target"], new["target"])


def _fields(kind: str, key: str, names: tuple[str, ...], old: Document, new: Document) -> Iterator[Change]:
    for name in names:
        if (old.get(name) or None) != (new.get(name) or None):
            yield Change(kind, f"{key}/{name}", old.get(name), new.get(name))


def _keyed(kind: str, before: Document, after: Document) -> Iterator[Change]:
    for place in (*before, *(place for place in after if place not in before)):
        if before.get(place) != after.get(place):
            yield Change(kind, place, before.get(place), after.get(place))


def _both(kind: str, before: Document, after: Document) -> Iterator[Change]:
    """As `_keyed`, without what is new or gone."""
    return (change for change in _keyed(kind, before, after) if {change.place} <= before.keys() & after.keys())


def _plain(value: Any) -> Any:
    """A day is the same as its text, an empty text as none."""
    return value if isinstance(value, dict) else str(value) if value else None


def _area_titles(plan: Document, name: str) -> dict[str, str]:
    return {area["number"]: area.get(name) or "" for area in plan["areas"]}


def _measures(plan: Document) -> dict[str, Document]:
    return {
        measure["key"]: {**measure, "area": area["number"]} for area in plan["areas"] for measure in area["measures"]
    }


def _units(key: str, measure: Document) -> dict[str, str]:
    return {_place(key, unit): str(unit["role"]) for unit in _named(measure)}


def _marks(key: str, measure: Document) -> dict[str, bool]:
    """Of the units that lead: whether the text marks them, or the lead was inferred."""
    leads = (unit for unit in _named(measure) if unit["role"] == "lead")
    return {_place(key, unit): bool(unit.get("lead_inferred")) for unit in leads}


def _excused(key: str, measure: Document) -> dict[str, Any]:
    return {_place(key, unit): dict(unit["excused"]) for unit in _named(measure) if unit.get("excused")}


def _place(key: str, unit: Document) -> str:
    return f"{key}/{unit.get('unit') or unit.get('group')}"


def _named(measure: Document) -> list[Document]:
    return list(measure.get("units", ()))


def _indicators(plan: Document) -> dict[str, Document]:
    return {indicator["key"]: indicator for indicator in plan.get("indicators", ())}


def _targets(plan: Document) -> dict[str, tuple[str, ...]]:
    """Targets by measure and unit of count, in order; their keys and titles are the office's wording."""
    found: dict[str, list[str]] = {}
    for indicator in plan.get("indicators", ()):
        found.setdefault(counted(indicator), []).append(amount(indicator))
    return {place: tuple(sorted(amounts)) for place, amounts in found.items()}


def counted(indicator: Document) -> str:
    """What an indicator counts, as far as a document says it: the measure and the unit of count."""
    return f"{indicator.get('measure') or 'plan'}/{indicator['unit']}"


def amount(indicator: Document) -> str:
    target = indicator["target"]
    value = target.get("value") or f"{target.get('low')}-{target.get('high')}"
    return f"{target['comparator']} {value} {target['deadline']}"
