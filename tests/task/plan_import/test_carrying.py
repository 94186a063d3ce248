"""What only the office says stays when a changed document is imported; what the document says is taken."""

from copy import deepcopy
from typing import Any

from services.task.plan_import.carrying import carry_over
from services.task.plan_import.comparison import Change, compare

CURRENT: dict[str, Any] = {
    "key": "harbour",
    "title": "港口方案",
    "title_en": "Harbour",
    "issuer": "示例市政府",
    "document_number": "示例〔2023〕1号",
    "starts": "2023-02-15",
    "starts_precision": "day",
    "ends": "2024-10-31",
    "ends_precision": "day",
    "zone": "Asia/Shanghai",
    "office": "lg-office",
    "group": "lg",
    "reporting": {"cycle": "monthly"},
    "clocks": {"acknowledge": 5},
    "areas": [
        {
            "number": "一",
            "title": "仓储",
            "title_en": "Storage",
            "measures": [
                {
                    "key": "1",
                    "title": "建设海外仓",
                    "title_en": "Warehouses",
                    "strength": "binding",
                    "summary": "要点",
                    "units": [
                        {"unit": "commerce", "group": None, "role": "lead", "lead_inferred": False},
                        {"unit": None, "group": "districts", "role": "cooperating", "excused": {"luohu": "无"}},
                    ],
                }
            ],
        }
    ],
    "indicators": [
        {
            "key": "warehouses",
            "title": "海外仓（个）",
            "measure": "1",
            "unit": "个",
            "kind": "stock",
            "owner": "commerce",
            "target": {"comparator": ">=", "value": "10", "strength": "binding", "deadline": "2024-12-31"},
        }
    ],
}


def imported() -> dict[str, Any]:
    """As the import reads it: years, keys of targets by number, no words of the office's own."""
    return {
        "key": "harbour",
        "title": "港口方案",
        "starts": "2023-01-01",
        "starts_precision": "year",
        "ends": "2024-12-31",
        "ends_precision": "year",
        "office": "lg-office",
        "reporting": {"cycle": "quarterly"},
        "areas": [
            {
                "number": "一",
                "title": "仓储",
                "measures": [
                    {
                        "key": "1",
                        "title": "建设海外仓",
                        "strength": "aspire",
                        "units": [
                            {"unit": "commerce", "role": "lead", "lead_inferred": True},
                            {"group": "districts", "role": "cooperating"},
                        ],
                    }
                ],
            }
        ],
        "indicators": [target("1-1", "10")],
    }


def target(key: str, value: str, unit: str = "个") -> dict[str, Any]:
    return {
        "key": key,
        "title": "新建海外仓",
        "measure": "1",
        "unit": unit,
        "kind": "cumulative",
        "target": {"comparator": ">=", "value": value, "strength": "binding", "deadline": "2024-12-31"},
    }


def test_an_unchanged_document_changes_nothing() -> None:
    assert compare(carry_over(imported(), CURRENT, {}), CURRENT).changes == ()


def test_another_target_keeps_its_key_title_and_owner() -> None:
    document = imported() | {"indicators": [target("1-1", "12")]}
    carried = carry_over(document, CURRENT, {})
    [indicator] = carried["indicators"]
    assert (indicator["key"], indicator["owner"], indicator["target"]["value"]) == ("warehouses", "commerce", "12")
    assert compare(carried, CURRENT).changes == (
        Change("target", "1/个", (">= 10 2024-12-31",), (">= 12 2024-12-31",)),
    )


def test_a_new_target_gets_a_key_that_is_free() -> None:
    current = deepcopy(CURRENT)
    current["indicators"][0]["key"] = "1-1"
    document = imported() | {"indicators": [target("1-1", "500", unit="万平方米"), target("1-2", "10")]}
    keys = [indicator["key"] for indicator in carry_over(document, current, {})["indicators"]]
    assert keys == ["1-1-2", "1-1"]


def test_what_the_office_chooses_now_comes_before_what_it_chose_then() -> None:
    chosen = {"reporting": {"cycle": "quarterly"}, "ends": "2025-12-31", "ends_precision": "day", "issuer": "另一机关"}
    carried = carry_over(imported(), CURRENT, chosen)
    assert {name: carried[name] for name in chosen} == chosen


def test_other_years_in_the_document_are_taken() -> None:
    carried = carry_over(imported() | {"ends": "2025-12-31"}, CURRENT, {})
    assert (carried["starts"], carried["ends"], carried["ends_precision"]) == ("2023-02-15", "2025-12-31", "year")


def test_a_unit_with_another_role_keeps_its_excused_members_and_not_its_mark() -> None:
    document = imported()
    document["areas"][0]["measures"][0]["units"][1]["role"] = "responsible"
    units = carry_over(document, CURRENT, {})["areas"][0]["measures"][0]["units"]
    assert (units[1]["role"], units[1]["excused"]) == ("responsible", {"luohu": "无"})


def test_measures_that_change_their_order_are_told_once() -> None:
    before = {**CURRENT, "areas": [{"number": "一", "title": "仓储", "measures": [named("1"), named("2"), named("3")]}]}
    after = {**CURRENT, "areas": [{"number": "一", "title": "仓储", "measures": [named("3"), named("4"), named("1")]}]}
    assert compare({**after, "indicators": []}, {**before, "indicators": []}).changes == (
        Change("measure", "2", "措施2", None),
        Change("measure", "4", None, "措施4"),
        Change("order", "measures", ["1", "3"], ["3", "1"]),
    )


def test_clocks_strength_and_excused_members_are_compared_where_the_file_has_them() -> None:
    after = deepcopy(CURRENT)
    after["clocks"] = {"acknowledge": 3}
    measure = after["areas"][0]["measures"][0]
    measure["strength"], measure["units"][1]["excused"] = "aspire", {}
    after["areas"][0]["title_en"], after["ends_precision"] = "Storage of goods", "month"
    assert [(change.kind, change.place) for change in compare(after, CURRENT).changes] == [
        ("plan", "ends_precision"),
        ("plan", "clocks"),
        ("area", "一"),
        ("measure", "1/strength"),
        ("excused", "1/districts"),
    ]


def named(key: str) -> dict[str, Any]:
    return {"key": key, "title": f"措施{key}", "strength": "binding"}
