"""Documents written before the import's rules were known to their author, scored as the real ones are."""

import json
import re
from pathlib import Path

import pytest

from services.task.plan_import import draft_plan, to_json
from tests.task.plan_import.score import (
    SCORED,
    documents,
    draft_units,
    facts,
    plain,
    score,
    truth_of,
    truth_units,
)

INDEPENDENT = Path(__file__).parent / "independent"
NO_TITLE = "（正文无标题）"
NEEDS_ITS_LINES = ("02", "16", "25", "30", "37", "42", "09", "15")  # tables, a box, page numbers


@pytest.mark.parametrize("file", documents(INDEPENDENT), ids=lambda file: file.stem)
def test_an_independent_document_gives_every_measure_unit_and_target(file: Path) -> None:
    assert score(json.loads(truth_of(file).read_text("utf-8")), file) == dict.fromkeys(SCORED, 1.0)


@pytest.mark.parametrize(
    "file",
    [file for file in documents(INDEPENDENT) if not file.stem.startswith(NEEDS_ITS_LINES)],
    ids=lambda file: file.stem,
)
def test_an_independent_document_without_its_line_breaks_gives_the_same_measures_and_units(file: Path) -> None:
    run_on = re.sub(r"\s*\n\s*", "", file.read_bytes().decode())
    found = facts(to_json(draft_plan(run_on.encode(), file.name)), draft_units)
    true = facts(json.loads(truth_of(file).read_text("utf-8")), truth_units)
    assert found["measures"] == true["measures"]
    assert found["units"] == true["units"]


@pytest.mark.parametrize("file", documents(INDEPENDENT), ids=lambda file: file.stem)
def test_an_independent_document_gives_its_title(file: Path) -> None:
    title = json.loads(truth_of(file).read_text("utf-8"))["title"]
    found = to_json(draft_plan(file.read_bytes(), file.name))["title"]
    assert found is None if title == NO_TITLE else plain(found) == plain(title)
