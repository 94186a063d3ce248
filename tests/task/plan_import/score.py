"""Scores drafts against hand-made truth: `python tests/task/plan_import/score.py FOLDER`.

FOLDER holds documents (`NAME.txt`) with their truth (`NAME.truth.json`). Precision and recall are taken over measures
(id), titles, units (measure, name, role) and targets (measure, value, unit, comparator), as multisets.
"""

import json
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[3]))

from services.task.plan_import import draft_plan, to_json

NOT_MEASURES = {"preamble", "organisation", "duty_list"}
SCORED = ("measures", "titles", "units", "targets")
AIMS = {"measures": 0.98, "titles": 0.98, "units": 0.98, "targets": 0.95}


def main(folder: Path) -> int:
    """Print F1 per document; 1 where one of them misses an aim."""
    rows = {file.stem: score(json.loads(truth_of(file).read_text("utf-8")), file) for file in documents(folder)}
    print(f"{'':36}" + "".join(f"{name:>10}" for name in SCORED))
    for name, row in rows.items():
        print(f"{name:36}" + "".join(f"{row[each]:>10.3f}" for each in SCORED))
    return int(any(row[each] < AIMS[each] for row in rows.values() for each in SCORED))


def documents(folder: Path) -> list[Path]:
    return [file for file in sorted(folder.glob("*.txt")) if truth_of(file).exists()]


def truth_of(file: Path) -> Path:
    return file.with_suffix(".truth.json")


def score(truth: Mapping[str, Any], file: Path) -> dict[str, float]:
    draft = to_json(draft_plan(file.read_bytes(), file.name))
    found, true = facts(draft, draft_units), facts(truth, truth_units)
    found["targets"] -= Counter(target(t) for t in truth["targets"] if t.get("optional"))
    return {name: f1(found[name], true[name]) for name in SCORED}


def facts(plan: Mapping[str, Any], units_of: Any) -> dict[str, Counter[Any]]:
    """What is compared of a draft or a truth; a target that the truth calls optional counts for neither."""
    measures = [m for area in plan["areas"] for m in area["measures"] if m.get("kind") not in NOT_MEASURES]
    return {
        "measures": Counter(plain(m["id"]) for m in measures),
        "titles": Counter((plain(m["id"]), plain(m["title"])) for m in measures),
        "units": Counter(unit for m in measures for unit in units_of(m)),
        "targets": Counter(target(t) for t in plan["targets"] if not t.get("optional")),
    }


def truth_units(measure: Mapping[str, Any]) -> set[tuple[str, str, str]]:
    return {
        (plain(measure["id"]), plain(name), role) for role in ("lead", "cooperating") for name in measure.get(role, ())
    }


def draft_units(measure: Mapping[str, Any]) -> set[tuple[str, str, str]]:
    """A role that was inferred leads only where the measure prints no lead."""
    printed = [(plain(u["name"]), "responsible" if u["inferred"] else u["role"]) for u in measure["units"]]
    other = "cooperating" if any(role == "lead" for _, role in printed) else "lead"
    return {(plain(measure["id"]), name, other if role == "responsible" else role) for name, role in printed}


def target(each: Mapping[str, Any]) -> tuple[Any, ...]:
    value = each["value"]
    amount = tuple(map(float, value)) if isinstance(value, list) else float(value)
    return (each["measure"] and plain(each["measure"]), amount, plain(each["unit"]), each["comparator"])


def plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", str(text)).split())


def f1(found: Counter[Any], true: Counter[Any]) -> float:
    hits = sum((found & true).values())
    total = sum(found.values()) + sum(true.values())
    return 2 * hits / total if total else 1.0


def differences(found: Iterable[Any], true: Iterable[Any]) -> str:
    return f"too many: {sorted(map(str, set(found) - set(true)))}; missing: {sorted(map(str, set(true) - set(found)))}"


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
