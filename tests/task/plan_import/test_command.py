import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from services.duban.plan_draft import draft

SAMPLE = Path(__file__).parent / "samples" / "01_labels_on_lines.txt"


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    app.command()(draft)
    return app


def test_the_command_prints_the_draft_as_json(app: typer.Typer) -> None:
    result = CliRunner().invoke(app, [str(SAMPLE), "--json"])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["areas"][1]["measures"][0]["units"][0]["name"] == "市民政局"


def test_the_command_prints_a_table_and_writes_a_page(app: typer.Typer, tmp_path: Path) -> None:
    page = tmp_path / "draft.html"
    result = CliRunner().invoke(app, [str(SAMPLE), "--html", str(page)])
    assert result.exit_code == 0
    assert "市民政局" in result.stdout
    assert page.read_text("utf-8").startswith("<!doctype html>")


def test_the_command_traces_every_stage(app: typer.Typer) -> None:
    result = CliRunner().invoke(app, [str(SAMPLE), "--trace"])
    for stage in ("read:", "normalise, lines:", "outline [", "clause [", "  unit [", "measure ["):
        assert f"\n{stage}" in f"\n{result.stdout}"


def test_a_refused_document_ends_with_a_sentence_and_code_1(app: typer.Typer, tmp_path: Path) -> None:
    empty = tmp_path / "空.txt"
    empty.write_bytes(b"")
    result = CliRunner().invoke(app, [str(empty)])
    assert result.exit_code == 1
    assert "请上传方案正文" in result.stderr
