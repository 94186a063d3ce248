"""Carrying over: what only the office says of a plan stays as it is in force when a changed document is imported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from services.task.plan_import.comparison import Document, amount, counted

OFFICES_OWN = ("title_en", "document_number", "zone", "group", "reporting", "clocks")
OF_MEASURE = ("title_en", "summary", "strength")
OF_INDICATOR = ("key", "title", "title_en", "kind", "trajectory", "points", "owner")


def carry_over(imported: Document, current: Document, chosen: Document) -> dict[str, Any]:
    """The plan file of a document, with `current`'s values for all that a document cannot say and nobody `chose` anew.

    The strength of a measure is among them: an import only infers it, and the comparison would show what nobody wrote.
    """
    own = {name: current[name] for name in OFFICES_OWN if current.get(name) is not None}
    said = {**imported, **{name: value for name, value in own.items() if name not in chosen}}
    issuer = {"issuer": current["issuer"]} if "issuer" not in imported else {}
    return {
        **said,
        **issuer,
        **_dates(imported, current, chosen),
        "areas": _areas(imported, current),
        "indicators": list(_indicators(imported, current)),
        **chosen,
    }


def _dates(imported: Document, current: Document, chosen: Document) -> dict[str, Any]:
    """A document that gives years says nothing against days of these years."""
    dates: dict[str, Any] = {}
    for name in ("starts", "ends"):
        if name not in chosen and str(imported.get(name, ""))[:4] in ("", str(current[name])[:4]):
            dates |= {name: current[name], f"{name}_precision": current[f"{name}_precision"]}
    return dates


def _areas(imported: Document, current: Document) -> list[dict[str, Any]]:
    areas = {area["number"]: area for area in current["areas"]}
    measures = {measure["key"]: measure for area in current["areas"] for measure in area["measures"]}
    return [
        {
            **area,
            **_same(areas.get(area["number"]), ("title_en",)),
            "measures": [_measure(measure, measures.get(measure["key"])) for measure in area["measures"]],
        }
        for area in imported["areas"]
    ]


def _measure(imported: Document, current: Document | None) -> dict[str, Any]:
    if current is None:
        return dict(imported)
    units = {(unit.get("unit"), unit.get("group")): unit for unit in current.get("units", ())}
    carried = [_unit(unit, units.get((unit.get("unit"), unit.get("group")))) for unit in imported.get("units", ())]
    return {**imported, **_same(current, OF_MEASURE), "units": carried}


def _unit(imported: Document, current: Document | None) -> dict[str, Any]:
    """With the members that the office excused; a role that stays keeps its mark."""
    if current is None:
        return dict(imported)
    marked = {"lead_inferred": current.get("lead_inferred", False)} if imported["role"] == current["role"] else {}
    return {**imported, **marked, **_same(current, ("excused",))}


def _indicators(imported: Document, current: Document) -> Iterator[dict[str, Any]]:
    """Each under the key and title that the office gave it."""
    left = list(current.get("indicators", ()))
    taken = {indicator["key"] for indicator in left}
    for indicator in imported.get("indicators", ()):
        former = _former(indicator, left, imported)
        if former is None:
            yield {**indicator, "key": _free(indicator["key"], taken)}
        else:
            left.remove(former)
            yield _carried(indicator, former)


def _carried(imported: Document, former: Document) -> dict[str, Any]:
    same_amount = amount(imported) == amount(former)
    target = former["target"] if same_amount else {**imported["target"]}
    return {**imported, **_same(former, OF_INDICATOR), "target": target}


def _former(indicator: Document, left: list[Document], imported: Document) -> Document | None:
    """The one in force with the same amount, else with the same key, else the only one of its measure and unit of count."""
    alike = [each for each in left if counted(each) == counted(indicator)]
    for same in (amount, _key):
        if found := next((each for each in alike if same(each) == same(indicator)), None):
            return found
    rivals = [each for each in imported["indicators"] if counted(each) == counted(indicator)]
    return alike[0] if len(alike) == len(rivals) == 1 else None


def _key(indicator: Document) -> str:
    return str(indicator["key"])


def _free(key: str, taken: set[str]) -> str:
    """A key of its own for what is new: the import numbers targets, and the number may be in use."""
    number, free = 1, key
    while free in taken:
        number += 1
        free = f"{key}-{number}"
    taken.add(free)
    return free


def _same(current: Mapping[str, Any] | None, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: current[name] for name in names if current and name in current}
