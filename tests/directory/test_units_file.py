"""What a units file may say, and where it is told to be wrong."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from services.directory.schemas.units_file import UnitsFile, json_schema
from shared.web.validation import InvalidRequest

CONTRACT = Path(__file__).parents[2] / "contracts" / "units-file.schema.json"

Document = dict[str, Any]
Change = Callable[[Document], object]


@pytest.fixture
def document() -> Document:
    return {
        "units": [
            unit("hall", "示例市人民政府"),
            unit("trade", "示例市贸易局", short_name="市贸易局", aliases=["贸易局"], parent="hall"),
            unit("north", "示例市北区人民政府", kind="district", parent="hall"),
        ],
        "groups": [{"key": "districts", "name": "各区", "members": ["north"]}],
    }


def unit(key: str, name: str, **more: Any) -> Document:
    return {"key": key, "name": name, "kind": "municipal", "relation": "subordinate", **more}


def problems(document: Document) -> dict[str, str]:
    with pytest.raises(ValidationError) as refused:
        UnitsFile.model_validate(document)
    told = InvalidRequest([{**error, "loc": ("body", *error["loc"])} for error in refused.value.errors()])
    return {error.pointer: error.detail.en for error in told.errors}


def test_a_unit_is_known_by_its_name_short_name_and_aliases(document: Document) -> None:
    trade = UnitsFile.model_validate(document).units[1]
    assert trade.names == {"示例市贸易局", "市贸易局", "贸易局"}


REFUSED: dict[str, tuple[Change, str, str]] = {
    "a unit key that occurs twice": (
        lambda d: d["units"].append(unit("trade", "另一局")),
        "/units/3/key",
        "The unit trade occurs twice.",
    ),
    "a group key that occurs twice": (
        lambda d: d["groups"].append({"key": "districts", "name": "全区", "members": ["north"]}),
        "/groups/1/key",
        "The group districts occurs twice.",
    ),
    "parents in a circle": (
        lambda d: d["units"][0].update(parent="trade"),
        "/units/0/parent",
        "The parents form a circle: hall → trade.",
    ),
    "a unit that is its own parent": (
        lambda d: d["units"][1].update(parent="trade"),
        "/units/1/parent",
        "The parents form a circle: trade.",
    ),
    "a circle above the first unit": (
        lambda d: (
            d["units"].extend([unit("x", "甲", parent="y"), unit("y", "乙", parent="x")])
            or d["units"][0].update(parent="x")
        ),
        "/units/3/parent",
        "The parents form a circle: x → y.",
    ),
    "a parent that is not in the file": (
        lambda d: d["units"][1].update(parent="province"),
        "/units/1/parent",
        "There is no unit province to be the parent.",
    ),
    "an alias that is another unit's name": (
        lambda d: d["units"][2].update(aliases=["市贸易局"]),
        "/units/2",
        "The name 市贸易局 already belongs to trade; a name stands for one unit only.",
    ),
    "a unit named like a group": (
        lambda d: d["units"][2].update(aliases=["各区"]),
        "/groups/0",
        "The name 各区 already belongs to north; a name stands for one unit only.",
    ),
    "a member that is not in the file": (
        lambda d: d["groups"][0]["members"].append("south"),
        "/groups/0/members/1",
        "There is no unit south.",
    ),
    "a member named twice": (
        lambda d: d["groups"][0]["members"].append("north"),
        "/groups/0/members/1",
        "The member north occurs twice.",
    ),
    "a credit code with letters that it never has": (
        lambda d: d["units"][1].update(credit_code="91440300IOSVZ00000"),
        "/units/1/credit_code",
        "has the wrong form; it must match ^[0-9A-HJ-NPQRTUWXY]{18}$",
    ),
}


@pytest.mark.parametrize(("change", "pointer", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_it_is_refused_at_its_place_with_a_sentence(
    document: Document, change: Change, pointer: str, sentence: str
) -> None:
    change(document)
    assert problems(document) == {pointer: sentence}


def test_a_unit_may_repeat_its_own_name_as_an_alias(document: Document) -> None:
    document["units"][1]["aliases"] = ["示例市贸易局", "市贸易局"]
    assert UnitsFile.model_validate(document).units[1].names == {"示例市贸易局", "市贸易局"}


def test_a_long_line_of_parents_is_no_circle() -> None:
    chain = [unit(f"u{n}", f"单位{n}", parent=f"u{n + 1}" if n < 1999 else None) for n in range(2000)]
    assert len(UnitsFile.model_validate({"units": chain}).units) == 2000


def test_the_committed_schema_is_the_one_of_the_models() -> None:
    assert json.loads(CONTRACT.read_text(encoding="utf-8")) == json_schema()
