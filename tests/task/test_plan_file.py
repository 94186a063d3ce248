"""What a plan file may say, and where it is told to be wrong."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from services.task.expansion import DuplicateUnit, IssuedUnit, UnknownGroup, UnknownUnit, expand
from services.task.schemas.plan_file import PlanFile, json_schema, read_plan
from shared.documents import UnreadableDocument
from shared.errors import FieldError
from shared.web.validation import InvalidRequest

CONTRACT = Path(__file__).parents[2] / "contracts" / "plan-file.schema.json"
DIRECTORY = frozenset({"office", "trade", "tax", "north", "south"})
GROUPS = {"districts": ["south", "north"]}

Document = dict[str, Any]
Change = Callable[[Document], object]


@pytest.fixture
def document() -> Document:
    """A small plan: two areas, three measures, one group, one indicator of each form of target."""
    return {
        "key": "harbour",
        "title": "港口发展行动方案",
        "issuer": "示例市贸易局",
        "starts": "2024-01-01",
        "ends": "2025-12-31",
        "office": "office",
        "reporting": {"cycle": "monthly", "due": {"day_of_month": 28}},
        "areas": [
            {"number": "一", "title": "码头", "measures": [measure("1", unit("trade"), group("districts"))]},
            {"number": "二", "title": "税费", "measures": [measure("2", unit("tax"), unit("trade")), measure("3")]},
        ],
        "indicators": [
            indicator("berths", {"comparator": ">=", "value": "10"}),
            indicator("share", {"comparator": "range", "low": "2.50", "high": "3"}),
        ],
    }


def measure(key: str, *units: Document) -> Document:
    return {"key": key, "title": f"措施{key}", "strength": "binding", "units": list(units)}


def unit(key: str, **more: Any) -> Document:
    return {"unit": key, "role": "lead", **more}


def group(key: str, **more: Any) -> Document:
    return {"group": key, "role": "cooperating", **more}


def indicator(key: str, target: Document) -> Document:
    dated = {"strength": "binding", "deadline": "2025-12-31", **target}
    return {"key": key, "title": "泊位", "unit": "个", "kind": "stock", "target": dated}


def problems(document: Document) -> dict[str, str]:
    """Pointer and English sentence of everything that is refused, as a caller of the API reads them."""
    return {error.pointer: error.detail.en for error in refusal(document).errors}


def refusal(document: Document) -> InvalidRequest:
    with pytest.raises(ValidationError) as refused:
        PlanFile.model_validate(document)
    return InvalidRequest([{**error, "loc": ("body", *error["loc"])} for error in refused.value.errors()])


def places(errors: tuple[FieldError, ...]) -> list[str]:
    return [error.pointer for error in errors]


def test_a_plan_file_written_out_reads_back_the_same(document: Document) -> None:
    plan = PlanFile.model_validate(document)
    assert PlanFile.model_validate_json(plan.model_dump_json()) == plan


def test_numbers_keep_every_digit_that_was_written(document: Document) -> None:
    plan = PlanFile.model_validate(document)
    target = plan.indicators[1].target
    assert target.low == Decimal("2.50")
    assert target.model_dump(mode="json")["low"] == "2.50"


@given(text=st.from_regex(r"-?[0-9]{1,15}(\.[0-9]{1,6})?", fullmatch=True).filter(str.isascii))
def test_a_target_is_written_as_it_was_read(text: str) -> None:
    read = PlanFile.model_validate(
        {
            "key": "p",
            "title": "方案",
            "issuer": "局",
            "starts": "2024-01-01",
            "ends": "2024-12-31",
            "office": "office",
            "reporting": {"cycle": "yearly"},
            "areas": [{"number": "一", "title": "领域", "measures": [measure("1")]}],
            "indicators": [indicator("i", {"comparator": "=", "value": text})],
        }
    )
    assert Decimal(read.model_dump(mode="json")["indicators"][0]["target"]["value"]) == Decimal(text)


def test_clocks_not_named_keep_the_usual_working_days(document: Document) -> None:
    document["clocks"] = {"acknowledge": 4}
    clocks = PlanFile.model_validate(document).clocks
    assert (clocks.acknowledge, clocks.resubmit, clocks.review) == (4, 3, 5)
    assert clocks.report_reminders == (-5, -3, -1, 0)
    assert [rung.at for rung in clocks.late.subordinate.rungs] == [1, 3, 7]
    assert clocks.late.subordinate.repeat_every == 5


def test_the_ladder_of_requested_units_ends_at_the_office(document: Document) -> None:
    ladder = PlanFile.model_validate(document).clocks.late.requested
    assert [[role.value for role in rung.audience] for rung in ladder.rungs] == [["office"]]
    assert ladder.repeat_every is None


REFUSED: dict[str, tuple[Change, str, str]] = {
    "a measure key that occurs twice": (
        lambda d: d["areas"][1]["measures"][0].update(key="1"),
        "/areas/1/measures/0/key",
        "The measure 1 occurs twice.",
    ),
    "an area number that occurs twice": (
        lambda d: d["areas"][1].update(number="一"),
        "/areas/1/number",
        "The area 一 occurs twice.",
    ),
    "an indicator key that occurs twice": (
        lambda d: d["indicators"][1].update(key="berths"),
        "/indicators/1/key",
        "The indicator berths occurs twice.",
    ),
    "a unit twice in a measure": (
        lambda d: d["areas"][1]["measures"][0]["units"].append(unit("tax")),
        "/areas/1/measures/0/units/2",
        "The unit tax occurs twice.",
    ),
    "a target without a comparator": (
        lambda d: d["indicators"][0]["target"].pop("comparator"),
        "/indicators/0/target/comparator",
        "A target needs a comparator: one of > >= < <= = ~ or range.",
    ),
    "a range whose low is above its high": (
        lambda d: d["indicators"][1]["target"].update(low="10", high="9"),
        "/indicators/1/target/low",
        "The range's low is above its high.",
    ),
    "a range without its upper bound": (
        lambda d: d["indicators"][1]["target"].pop("high"),
        "/indicators/1/target",
        "A range has low and high, and no value.",
    ),
    "a single value with a bound": (
        lambda d: d["indicators"][0]["target"].update(high="12"),
        "/indicators/0/target",
        "A target has a value; only a range has low and high.",
    ),
    "a value that is no text": (
        lambda d: d["indicators"][0]["target"].update(value=10.1),
        "/indicators/0/target/value",
        "must be text",
    ),
    "a value that is no number": (
        lambda d: d["indicators"][0]["target"].update(value="NaN"),
        "/indicators/0/target/value",
        r"has the wrong form; it must match ^-?[0-9]{1,15}(\.[0-9]{1,6})?$",
    ),
    "a plan that ends before it starts": (
        lambda d: d.update(ends="2023-12-31"),
        "/ends",
        "The plan ends before it starts.",
    ),
    "an unknown cycle": (
        lambda d: d["reporting"].update(cycle="daily"),
        "/reporting/cycle",
        "must be one of 'weekly', 'monthly', 'quarterly', 'half_yearly' or 'yearly'",
    ),
    "two due rules": (
        lambda d: d["reporting"]["due"].update(working_days_after_period_end=5),
        "/reporting/due",
        "Give exactly one rule: working_days_after_period_end or day_of_month.",
    ),
    "an unknown time zone": (
        lambda d: d.update(zone="Asia/Shenzen"),
        "/zone",
        "The only time zone so far is Asia/Shanghai; write that or leave zone out.",
    ),
    "a time zone that notices and lists do not keep": (
        lambda d: d.update(zone="Asia/Urumqi"),
        "/zone",
        "The only time zone so far is Asia/Shanghai; write that or leave zone out.",
    ),
    "a time zone that is a path": (
        lambda d: d.update(zone="../../etc/passwd"),
        "/zone",
        "The only time zone so far is Asia/Shanghai; write that or leave zone out.",
    ),
    "an indicator of no measure": (
        lambda d: d["indicators"][0].update(measure="9"),
        "/indicators/0/measure",
        "The plan has no measure 9.",
    ),
    "a misspelt field": (
        lambda d: d["areas"][0].update(tilte="码头"),
        "/areas/0/tilte",
        "is not a field here; check the spelling",
    ),
    "an entry that is neither unit nor group": (
        lambda d: d["areas"][0]["measures"][0]["units"][0].pop("unit"),
        "/areas/0/measures/0/units/0",
        "Name either a unit or a group.",
    ),
    "an entry that is both unit and group": (
        lambda d: d["areas"][0]["measures"][0]["units"][0].update(group="districts"),
        "/areas/0/measures/0/units/0",
        "Name either a unit or a group.",
    ),
    "an excuse outside a group": (
        lambda d: d["areas"][0]["measures"][0]["units"][0].update(excused={"trade": "不适用"}),
        "/areas/0/measures/0/units/0/excused",
        "Only members of a group can be excused here.",
    ),
    "an inferred role that is no lead": (
        lambda d: d["areas"][0]["measures"][0]["units"][1].update(lead_inferred=True),
        "/areas/0/measures/0/units/1/lead_inferred",
        "Only a lead can be inferred.",
    ),
    "a stepped trajectory without steps": (
        lambda d: d["indicators"][0].update(trajectory="stepped"),
        "/indicators/0/points",
        "A stepped or tabled trajectory needs points.",
    ),
    "escalations that do not rise": (
        lambda d: d.update(
            clocks={
                "late": {"requested": {"rungs": [{"at": 3, "audience": ["office"]}, {"at": 3, "audience": ["office"]}]}}
            }
        ),
        "/clocks/late/requested/rungs/1/at",
        "Rungs must rise in working days, each only once.",
    ),
    "a repetition of no escalation": (
        lambda d: d.update(clocks={"late": {"subordinate": {"rungs": [], "repeat_every": 5}}}),
        "/clocks/late/subordinate/repeat_every",
        "There is no rung to repeat; list rungs first.",
    ),
}


@pytest.mark.parametrize(("change", "pointer", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_it_is_refused_at_its_place_with_a_sentence(
    document: Document, change: Change, pointer: str, sentence: str
) -> None:
    change(document)
    assert problems(document) == {pointer: sentence}


def test_all_broken_rules_of_a_plan_are_told_at_once(document: Document) -> None:
    document["ends"] = "2023-12-31"
    document["areas"][1]["number"] = "一"
    assert problems(document).keys() == {"/ends", "/areas/1/number"}


def test_a_rule_across_fields_is_told_in_both_languages(document: Document) -> None:
    document["ends"] = "2023-12-31"
    [error] = refusal(document).errors
    assert error.detail.zh == "方案结束日早于开始日。"


def test_groups_expand_in_the_directorys_order_and_remember_their_group(document: Document) -> None:
    issued = expand(PlanFile.model_validate(document), GROUPS, DIRECTORY)
    assert [(item.measure, item.unit, item.role.value, item.group) for item in issued] == [
        ("1", "trade", "lead", None),
        ("1", "south", "cooperating", "districts"),
        ("1", "north", "cooperating", "districts"),
        ("2", "tax", "lead", None),
        ("2", "trade", "lead", None),
    ]


def test_a_member_to_whom_a_measure_does_not_apply_keeps_the_reason(document: Document) -> None:
    document["areas"][0]["measures"][0]["units"][1]["excused"] = {"north": "无港口"}
    issued = expand(PlanFile.model_validate(document), GROUPS, DIRECTORY)
    assert {item.unit: item.excused for item in issued if item.group} == {"south": None, "north": "无港口"}


def test_a_unit_named_and_also_in_a_named_group_is_refused_at_its_place(document: Document) -> None:
    document["areas"][0]["measures"][0]["units"].append(unit("north"))
    with pytest.raises(DuplicateUnit) as refused:
        expand(PlanFile.model_validate(document), GROUPS, DIRECTORY)
    assert refused.value.errors[0].pointer == "/areas/0/measures/0/units/2"
    assert refused.value.errors[0].detail.en == "Measure 1 already goes to north."


def test_a_unit_in_two_groups_of_a_measure_is_refused(document: Document) -> None:
    document["areas"][0]["measures"][0]["units"].append(group("coast"))
    with pytest.raises(DuplicateUnit):
        expand(PlanFile.model_validate(document), GROUPS | {"coast": ["north"]}, DIRECTORY)


def test_every_unit_that_the_directory_lacks_is_named_with_its_place(document: Document) -> None:
    document["group"] = "leaders"
    document["areas"][1]["measures"][1]["units"] = [unit("harbour-master")]
    document["indicators"][0]["owner"] = "statistics"
    with pytest.raises(UnknownUnit) as refused:
        expand(PlanFile.model_validate(document), GROUPS, DIRECTORY)
    assert places(refused.value.errors) == ["/group", "/areas/1/measures/1/units/0/unit", "/indicators/0/owner"]
    assert refused.value.status == 422


def test_an_excuse_for_a_unit_outside_the_group_is_refused(document: Document) -> None:
    document["areas"][0]["measures"][0]["units"][1]["excused"] = {"tax": "不适用"}
    with pytest.raises(UnknownUnit) as refused:
        expand(PlanFile.model_validate(document), GROUPS, DIRECTORY)
    assert places(refused.value.errors) == ["/areas/0/measures/0/units/1/excused/tax"]


def test_a_group_without_members_in_the_directory_is_refused_at_its_place(document: Document) -> None:
    with pytest.raises(UnknownGroup) as refused:
        expand(PlanFile.model_validate(document), {}, DIRECTORY)
    assert places(refused.value.errors) == ["/areas/0/measures/0/units/1/group"]


def test_a_measure_without_units_issues_nothing(document: Document) -> None:
    issued = expand(PlanFile.model_validate(document), GROUPS, DIRECTORY)
    assert IssuedUnit("2", "tax", issued[0].role) in issued
    assert not [item for item in issued if item.measure == "3"]


def test_a_plan_reads_the_same_from_yaml_and_json(document: Document) -> None:
    plan = PlanFile.model_validate(document)
    assert read_plan(json.dumps(document, ensure_ascii=False)) == plan
    assert read_plan(plan.model_dump_json().encode()) == plan


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("key: a\nkey: b\n", "'key' occurs twice"),
        ('{"key": "a", "key": "b"}', "'key' occurs twice"),
        ("a: &x [1]\nb: *x\n", "aliases are not allowed"),
        ("areas: [", "line 1"),
        ("when: !!python/object:os.system {}", "could not determine a constructor"),
        ("[" * 100_000, "recursion"),
        (b"\xff\xfe", "decode"),
    ],
    ids=["yaml key twice", "json key twice", "alias", "open bracket", "python object", "deep nesting", "not utf-8"],
)
def test_a_text_that_holds_no_plain_document_is_refused_with_the_reason(text: str | bytes, why: str) -> None:
    with pytest.raises(UnreadableDocument, match=why):
        read_plan(text)


def test_the_committed_schema_is_the_one_of_the_models() -> None:
    assert json.loads(CONTRACT.read_text(encoding="utf-8")) == json_schema()


def test_the_schema_accepts_a_plan_and_refuses_a_target_without_value_or_comparator(document: Document) -> None:
    schema = Draft202012Validator(json_schema())
    assert schema.is_valid(document)
    target = document["indicators"][0]["target"]
    assert not schema.is_valid(document | {"indicators": [indicator("i", {"comparator": ">="})]})
    target.pop("comparator")
    assert not schema.is_valid(document)
