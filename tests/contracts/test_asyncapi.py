"""The AsyncAPI document by the reference parser, and its headers against real records."""

import json
import os
import shutil
import subprocess
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from sqlalchemy import MetaData, Table

from contracts.task import ReportReturned
from services.duban.contracts.asyncapi import HEADERS, Document, asyncapi_document
from services.duban.contracts.catalogue import published
from services.duban.contracts.cli import CONTRACTS
from services.duban.contracts.examples import read_example
from services.duban.contracts.files import as_yaml, documents
from shared.consumer.projection import Projection, Row, current_columns
from shared.events import Recorded
from shared.events.cloudevents import NotACloudEvent, decode, encode

MODULES = Path("build/npm/node_modules")
ERROR = 0
NEEDED = frozenset(HEADERS["required"]) - {"content-type"}  # whose absence means JSON to the reader
READ = Path(__file__).with_name("asyncapi_faults.cjs")


def board() -> Projection:
    """A consumer that reads one task event."""
    projection = Projection("reporting.board", topics=["duban.task.v1", "duban.directory.v1"])
    rows = projection.table(Table("rows", MetaData(), *current_columns()))

    @rows.on(ReportReturned)
    def show_return(row: Row, event: Recorded[ReportReturned]) -> Row:
        return row

    return projection


@pytest.fixture
def document() -> Document:
    return asyncapi_document(published(), {"reporting": [board()]})


def parser_errors(document: Path) -> list[dict[str, Any]]:
    """What @asyncapi/parser finds wrong. Skips where it is not installed, unless `CI` says that everything must run."""
    node = shutil.which("node")
    if not node or not (MODULES / "@asyncapi" / "parser").is_dir():
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up(
            "no node with @asyncapi/parser: npm install --prefix build/npm @asyncapi/parser@3.6.3 --no-save --ignore-scripts"
        )
    found = subprocess.run([node, READ, MODULES, document], capture_output=True, text=True, check=True, timeout=60)
    return [fault for fault in json.loads(found.stdout) if fault["severity"] == ERROR]


def test_the_committed_document_is_valid() -> None:
    assert parser_errors(CONTRACTS / "asyncapi.yaml") == []


def test_a_document_with_a_consumer_is_valid(document: Document, tmp_path: Path) -> None:
    for name, text in documents({}).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "asyncapi.yaml").write_text(as_yaml(document), encoding="utf-8")
    assert parser_errors(tmp_path / "asyncapi.yaml") == []


def test_the_parser_finds_what_is_wrong(document: Document, tmp_path: Path) -> None:
    document["operations"]["task.send"]["action"] = "shout"
    (tmp_path / "asyncapi.yaml").write_text(as_yaml(document), encoding="utf-8")
    assert parser_errors(tmp_path / "asyncapi.yaml")


def test_a_consumer_receives_only_what_it_handles(document: Document) -> None:
    received = {
        name: operation for name, operation in document["operations"].items() if operation["action"] == "receive"
    }
    assert list(received) == ["reporting.board.from.task"]
    assert received["reporting.board.from.task"]["messages"] == [
        {"$ref": "#/channels/task/messages/report.returned.1.0"}
    ]
    assert received["reporting.board.from.task"]["bindings"]["kafka"]["groupId"]["const"] == "reporting.board"


def test_a_service_sends_all_its_events_on_its_own_topic(document: Document) -> None:
    assert document["operations"]["task.send"]["channel"] == {"$ref": "#/channels/task"}
    assert document["channels"]["task"]["address"] == "duban.task.v1"
    sent = {message["$ref"].rsplit("/", 1)[-1] for message in document["operations"]["task.send"]["messages"]}
    assert sent == {f"{cls.type}.{cls.version}" for cls in published()["task"]}


@pytest.mark.parametrize("example", sorted((CONTRACTS / "examples").glob("*.json")), ids=lambda path: path.stem)
def test_the_headers_of_a_record_are_as_documented(example: Path, document: Document) -> None:
    headers, _ = encode(read_example(example), "binary")
    named = {name: raw.decode() for name, raw in headers}
    validator = Draft202012Validator(
        {"allOf": [HEADERS, document["components"]["messages"][example.stem]["headers"]]},
        format_checker=FormatChecker(),
    )
    assert [error.message for error in validator.iter_errors(named)] == []


@pytest.mark.parametrize("name", sorted(HEADERS["properties"]))
def test_a_record_is_read_without_a_header_just_if_the_document_calls_it_optional(name: str) -> None:
    headers, value = encode(read_example(CONTRACTS / "examples" / "report.returned.1.0.json"), "binary")
    fewer = [header for header in headers if header[0] != name]
    with pytest.raises(NotACloudEvent) if name in NEEDED else nullcontext():
        decode(fewer, value)
