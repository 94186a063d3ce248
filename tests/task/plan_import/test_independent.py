"""Documents written before the import's rules were known to their author, scored as the real ones are."""

import json
from pathlib import Path

import pytest

from services.task.plan_import import draft_plan, to_json
from tests.task.plan_import.score import SCORED, documents, plain, score, truth_of

INDEPENDENT = Path(__file__).parent / "independent"
NO_TITLE = "（正文无标题）"


@pytest.mark.parametrize("file", documents(INDEPENDENT), ids=lambda file: file.stem)
def test_an_independent_document_gives_every_measure_unit_and_target(file: Path) -> None:
    assert score(json.loads(truth_of(file).read_text("utf-8")), file) == dict.fromkeys(SCORED, 1.0)


@pytest.mark.parametrize("file", documents(INDEPENDENT), ids=lambda file: file.stem)
def test_an_independent_document_gives_its_title(file: Path) -> None:
    title = json.loads(truth_of(file).read_text("utf-8"))["title"]
    found = to_json(draft_plan(file.read_bytes(), file.name))["title"]
    assert found is None if title == NO_TITLE else plain(found) == plain(title)
