"""PUT plans/{plan}: documents that cannot be taken, each told where and why."""

import json

import pytest

from tests.task.city import City, pointers, problem
from tests.task.facts import PLAN, Document, plan_file

YAML = {"Content-Type": "application/yaml"}


def without_comparator() -> Document:
    document = plan_file()
    del document["indicators"][0]["target"]["comparator"]
    return document


def with_units(*units: Document) -> Document:
    document = plan_file()
    document["areas"][0]["measures"][0]["units"] = list(units)
    return document


LEAD = {"role": "lead"}


@pytest.mark.parametrize(
    ("document", "code", "pointer"),
    [
        (with_units({"unit": "futian", **LEAD}, {"unit": "futian", **LEAD}), "invalid-input", "/areas/0/measures/0/units/1"),
        (with_units({"unit": "futian", **LEAD}, {"group": "districts", **LEAD}), "duplicate-unit", "/areas/0/measures/0/units/1"),
        (with_units({"group": "ports", **LEAD}), "unknown-group", "/areas/0/measures/0/units/0/group"),
        (with_units({"unit": "nowhere", **LEAD}), "unknown-unit", "/areas/0/measures/0/units/0/unit"),
        (without_comparator(), "invalid-input", "/indicators/0/target/comparator"),
        (plan_file(office="nowhere"), "unknown-unit", "/office"),
        (plan_file(ends="2022-12-31"), "invalid-input", "/ends"),
        (plan_file(ends="2150-12-31"), "invalid-input", "/ends"),
        (plan_file(starts="1900-01-01"), "invalid-input", "/starts"),
        (plan_file(zone="Asia/Atlantis"), "invalid-input", "/zone"),
        (plan_file(title="港口\0方案"), "invalid-input", "/title"),
        (plan_file(issuer="局\0"), "invalid-input", "/issuer"),
        (plan_file(titel="a"), "invalid-input", "/titel"),
        (plan_file(areas=[]), "invalid-input", "/areas"),
        (plan_file(reporting={"cycle": "fortnightly"}), "invalid-input", "/reporting/cycle"),
        (plan_file(clocks={"acknowledge": -1}), "invalid-input", "/clocks/acknowledge"),
    ],
)  # fmt: skip
async def test_a_plan_that_cannot_be_taken_is_pointed_at(
    town: City, document: Document, code: str, pointer: str
) -> None:
    answer = await town.put_plan(document)
    assert (answer.status_code, problem(answer), pointers(answer)) == (422, code, [pointer])
    assert (await town.get("office", "plans"))["items"] == []


async def test_an_address_and_a_file_of_different_plans_are_refused(town: City) -> None:
    answer = await town.put_plan(plan_file(key="another"))
    assert (answer.status_code, problem(answer)) == (422, "plan-key-mismatch")


BOMB = b"a: &a [x, x]\n" + b"".join(b"%c: &%c [*%c, *%c]\n" % (n + 1, n + 1, n, n) for n in range(97, 120))


@pytest.mark.parametrize(
    "content",
    [
        b"key: [",
        b'{"key": "harbour",}',
        b"key: harbour\nkey: harbour",
        b'{"key": "a", "key": "b"}',
        b"\xff\xfe\x00",
        b"key: \x07",
        BOMB,
        b"- " * 10_000,
        b"[" * 10_000,
        b'{"a":' * 10_000,
        b"a: " + b"{a: " * 10_000,
        b"!!python/object/apply:os.system ['true']",
        b"starts: !!timestamp 2024-99-99",
        b"x: " + b"9" * 5000,
        b"--- a\n--- b",
        b"? [a]\n: 1",
    ],
    ids=lambda content: content[:12].decode("latin-1"),
)
async def test_a_document_that_cannot_be_read_is_400_and_says_where(town: City, content: bytes) -> None:
    answer = await town.ask("office", "PUT", f"plans/{PLAN}", content=content, headers=YAML)
    assert (answer.status_code, problem(answer)) == (400, "unreadable-document")


@pytest.mark.parametrize(
    "content", [b"", b"~", b"plan", b"42", b"- a", b"2024-01-01: a", b"1: a", b'"\\ud800": 1', b"key: .nan"]
)
async def test_a_document_that_is_no_plan_is_422(town: City, content: bytes) -> None:
    answer = await town.ask("office", "PUT", f"plans/{PLAN}", content=content, headers=YAML)
    assert (answer.status_code, problem(answer)) == (422, "invalid-input")


async def test_yaml_and_json_say_the_same(town: City) -> None:
    """Any JSON object is YAML too, once it does not begin with its brace."""
    await town.put_plan(plan_file())
    content = "# the same as YAML\n" + json.dumps(plan_file(), ensure_ascii=False, indent=1)
    answer = await town.ask("office", "PUT", f"plans/{PLAN}", content=content.encode(), headers=YAML)
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"1"')
