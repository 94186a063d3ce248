"""OpenAPI documents of the services, as client generators meet them."""

import re
from pathlib import Path
from typing import Any

import pytest

from services.duban.contracts.openapi import ambiguous_operations, openapi_documents

Documents = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def apis() -> Documents:
    return openapi_documents()


def test_operation_ids_are_names_of_functions_and_stay_when_a_path_moves(apis: Documents) -> None:
    found = [
        operation["operationId"]
        for document in apis.values()
        for methods in document["paths"].values()
        for operation in methods.values()
    ]
    assert [name for name in found if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or "_api_" in name] == []


def test_no_operation_id_is_used_twice(apis: Documents) -> None:
    assert ambiguous_operations(apis) == []


def test_a_document_is_the_same_each_time(apis: Documents) -> None:
    assert openapi_documents() == apis


def test_a_document_does_not_depend_on_the_environment(apis: Documents, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = {
        "DUBAN_DEMO": "1",
        "DUBAN_URL": "https://duban.example",
        "DUBAN_DATABASE_URL": "nonsense://",
        "DUBAN_BUS_URL": "kafka://none:1",
    }
    for name, value in elsewhere.items():
        monkeypatch.setenv(name, value)
    assert openapi_documents() == apis


def test_nothing_is_left_where_it_was_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    openapi_documents()
    assert list(tmp_path.iterdir()) == []


def test_an_operation_id_of_two_operations_is_named() -> None:
    history = {"get": {"operationId": "get_history"}}
    document = {"paths": {"/plans/{plan}/history": history, "/reports/{report}/history": history}}
    assert ambiguous_operations({"task": document}) == [
        "task has 2 operations called get_history; rename all but one of their functions."
    ]
