"""Invented documents of the genre, each of another shape, read whole; and the real ones where they are at hand."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.task.plan_import import UnitDirectory, draft_plan, to_json
from services.task.plan_import.plan_file import to_plan_file
from tests.task.plan_import.score import AIMS, documents, draft_units, facts, plain, score, truth_of, truth_units

SAMPLES = Path(__file__).parent / "samples"
EXAMPLE = Path(__file__).parents[3] / "examples" / "shenzhen-cbec-2022"
REAL = Path(__file__).parents[4] / "shared" / "plans"
real_only = pytest.mark.skipif(not REAL.is_dir(), reason="the real documents are not part of the repository")


def truth(file: Path) -> dict[str, Any]:
    """The compact form that the samples' truth is written in, as the full one."""
    short = yaml.safe_load(file.with_suffix(".yaml").read_text("utf-8"))
    measures = [{"id": key, **measure} for key, measure in short["measures"].items()]
    targets = [
        dict(zip(("measure", "value", "unit", "comparator"), row, strict=True)) for row in short.get("targets", ())
    ]
    return {**short, "areas": [{"measures": measures}], "targets": targets}


@pytest.mark.parametrize("file", sorted(SAMPLES.glob("*.txt")), ids=lambda file: file.stem)
def test_a_sample_is_read_as_a_person_reads_it(file: Path) -> None:
    expected = truth(file)
    draft = to_json(draft_plan(file.read_bytes(), file.name))
    assert facts(draft, draft_units) == facts(expected, truth_units)
    assert plain(draft["title"]) == plain(expected["title"])
    assert draft["period"] == expected.get("period")


@pytest.mark.parametrize("file", sorted(SAMPLES.glob("*.txt")), ids=lambda file: file.stem)
def test_every_unit_and_target_of_a_sample_stands_at_its_span(file: Path) -> None:
    draft = draft_plan(file.read_bytes(), file.name)
    units = [unit for measure in draft.measures for unit in draft.units_of(measure)]
    assert units
    for unit in units:
        assert "".join(unit.span.of(draft.text).split()) in unit.name
    for target in draft.targets:
        assert "".join(target.span.of(draft.text).split()) == target.quantity


@real_only
@pytest.mark.parametrize("file", documents(REAL) if REAL.is_dir() else [], ids=lambda file: file.stem)
def test_a_real_document_reaches_the_aims(file: Path) -> None:
    row = score(json.loads(truth_of(file).read_text("utf-8")), file)
    assert all(row[name] >= aim for name, aim in AIMS.items()), row


@real_only
def test_the_shenzhen_text_gives_the_measures_units_roles_and_targets_of_the_example_plan() -> None:
    directory = UnitDirectory.from_mapping(yaml.safe_load((EXAMPLE / "units.yaml").read_text("utf-8")))
    example = yaml.safe_load((EXAMPLE / "plan.yaml").read_text("utf-8"))
    file = REAL / "00_shenzhen_cbec.txt"
    plan = to_plan_file(
        draft_plan(file.read_bytes(), file.name), directory, key=example["key"], office=example["office"]
    )
    assert plan["title"] == example["title"]
    assert duties(plan) == duties(example)
    assert sorted(amounts(plan)) == sorted(amounts(example))


def duties(plan: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [
        (area["number"], area["title"], measure["key"], measure["title"], measure.get("units", []))
        for area in plan["areas"]
        for measure in area["measures"]
    ]


def amounts(plan: dict[str, Any]) -> list[tuple[str, ...]]:
    return [
        (each.get("measure", ""), each["unit"], str(sorted(map(str, each["target"].values()))))
        for each in plan["indicators"]
    ]
