"""Generated files: the committed ones are as the code says, and a difference is shown."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from contracts.task import ReportReturned
from services.duban.contracts import app
from services.duban.contracts.checks import faults
from services.duban.contracts.cli import CONTRACTS
from services.duban.contracts.files import differences, documents, write
from services.duban.contracts.schemas import event_schema


@pytest.fixture(scope="module")
def wanted() -> dict[str, str]:
    return documents({"task": {"openapi": "3.1.0"}})


@pytest.fixture
def generated(tmp_path: Path, wanted: dict[str, str]) -> Path:
    """A folder as `generate` leaves it."""
    write(tmp_path, wanted)
    return tmp_path


def test_the_committed_contracts_have_no_fault() -> None:
    assert faults(CONTRACTS) == []


def test_what_was_generated_differs_nowhere(generated: Path, wanted: dict[str, str]) -> None:
    assert differences(generated, wanted) == []
    assert write(generated, wanted) == []


def test_a_missing_file_is_named(generated: Path, wanted: dict[str, str]) -> None:
    (generated / "asyncapi.yaml").unlink()
    assert differences(generated, wanted) == ["asyncapi.yaml is missing; run `duban contracts generate`."]


def test_a_changed_file_is_shown_line_by_line(generated: Path, wanted: dict[str, str]) -> None:
    path = generated / "events" / "report.returned.1.0.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"integer"', '"number"'), encoding="utf-8")
    (difference,) = differences(generated, wanted)
    assert difference.startswith("events/report.returned.1.0.json is not what the code says")
    assert '-      "type": "number"' in difference
    assert '+      "type": "integer"' in difference


@pytest.mark.parametrize("name", ["events/report.noted.1.0.json", "openapi/nobody.json"])
def test_a_file_of_nothing_is_named_and_deleted(generated: Path, wanted: dict[str, str], name: str) -> None:
    (generated / name).parent.mkdir(exist_ok=True)
    (generated / name).write_text("{}", encoding="utf-8")
    assert differences(generated, wanted)[0].startswith(f"{name} belongs to nothing in the code")
    assert write(generated, wanted) == [generated / name]
    assert not (generated / name).exists()


def test_a_schema_names_itself_and_explains_its_fields() -> None:
    schema = event_schema(ReportReturned)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == "urn:duban:event:report.returned:1.0"
    assert schema["properties"]["revision"]["description"].startswith("Counts submitted bodies")
    assert "additionalProperties" not in schema


def test_check_prints_what_differs_and_exits_1(generated: Path) -> None:
    (generated / "asyncapi.yaml").unlink()
    ended = CliRunner().invoke(app, ["check", "--folder", str(generated)])
    assert ended.exit_code == 1
    assert "asyncapi.yaml is missing" in ended.stderr


def test_generate_then_release_keeps_a_snapshot(tmp_path: Path) -> None:
    for example in (CONTRACTS / "examples").glob("*.json"):
        (tmp_path / "examples").mkdir(exist_ok=True)
        (tmp_path / "examples" / example.name).write_bytes(example.read_bytes())
    run = CliRunner()
    assert run.invoke(app, ["generate", "--folder", str(tmp_path)]).exit_code == 0
    assert run.invoke(app, ["release", "0.1.0", "--folder", str(tmp_path)]).exit_code == 0
    assert (tmp_path / "released" / "0.1.0" / "events" / "report.returned.1.0.json").is_file()
    again = run.invoke(app, ["release", "0.1.0", "--folder", str(tmp_path)])
    assert again.exit_code == 1
    assert "not newer than 0.1.0" in again.stderr


def test_nothing_with_a_fault_is_released(generated: Path) -> None:
    ended = CliRunner().invoke(app, ["release", "0.1.0", "--folder", str(generated)])
    assert ended.exit_code == 1
    assert "is missing; write one by hand" in ended.stderr
    assert not (generated / "released").exists()
