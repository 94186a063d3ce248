"""The Shenzhen plan as data says what the plan says."""

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from contracts.names import AssignmentRole, Relation
from services.directory.schemas.units_file import UnitEntry, UnitsFile, read_units
from services.task.expansion import IssuedUnit, expand
from services.task.schemas.plan_file import PlanFile, read_plan

FOLDER = Path(__file__).parents[2] / "examples" / "shenzhen-cbec-2022"

# Per measure: units named one by one, and whether 各区 follows; read from the brackets of the printed plan.
PRINTED = {
    "1": (["市商务局"], True),
    "2": (["市商务局", "市工业和信息化局", "市中小企业服务局"], True),
    "3": (["市商务局"], True),
    "4": (["市市场监管局", "市商务局"], True),
    "5": (["市科技创新委", "市工业和信息化局", "市商务局"], True),
    "6": (["市商务局", "市工业和信息化局", "市科技创新委"], True),
    "7": (["深圳海关"], False),
    "8": (["深圳市税务局", "前海管理局", "市商务局", "深圳海关"], False),
    "9": (["国家外汇管理局深圳市分局", "中国人民银行深圳市中心支行"], False),
    "10": (["深圳银保监局", "市地方金融监管局", "中国出口信保公司深圳分公司"], False),
    "11": (["深圳银保监局", "中国出口信保公司深圳分公司"], False),
    "12": (["市中小企业服务局", "深圳证券交易所"], True),
    "13": (["市教育局", "市人力资源保障局", "市商务局"], False),
    "14": (["市商务局", "市人力资源保障局", "市科技创新委"], False),
    "15": (["深圳海关", "市商务局", "前海管理局", "市市场监管局"], True),
    "16": (["市交通运输局", "市商务局", "深圳市邮政管理局", "深圳机场集团"], True),
    "17": (["市商务局", "市交通运输局", "市发展改革委", "深圳市邮政管理局"], True),
    "18": (["市商务局", "市文化广电旅游体育局"], False),
    "19": (["市商务局", "市市场监管局"], False),
    "20": (["市市场监管局", "市司法局", "市商务局", "市贸促委"], False),
    "21": (["市商务局", "市市场监管局", "市贸促委"], False),
    "22": ([], False),
    "23": ([], False),
}

TARGETS = {
    "trade-value": (None, ">", ("1000",), "亿元", "aspire", "year"),
    "listed-companies": (None, "range", ("5", "10"), "家", "aspire", "year"),
    "export-brands": (None, ">=", ("50",), "个", "binding", "year"),
    "warehouse-area": (None, ">", ("350",), "万平方米", "aspire", "year"),
    "demonstration-companies": ("2", ">=", ("5",), "家", "binding", "year"),
    "demonstration-base": ("3", ">=", ("1",), "个", "binding", "year"),
    "supervision-sites": ("15", "range", ("2", "3"), "个", "aspire", "inferred"),
    "overseas-warehouses": ("17", ">=", ("10",), "个", "binding", "year"),
}


@pytest.fixture(scope="module")
def plan() -> PlanFile:
    return read_plan((FOLDER / "plan.yaml").read_bytes())


@pytest.fixture(scope="module")
def directory() -> UnitsFile:
    return read_units((FOLDER / "units.yaml").read_bytes())


@pytest.fixture(scope="module")
def units(directory: UnitsFile) -> dict[str, UnitEntry]:
    return {unit.key: unit for unit in directory.units}


@pytest.fixture(scope="module")
def issued(plan: PlanFile, directory: UnitsFile, units: dict[str, UnitEntry]) -> list[IssuedUnit]:
    return expand(plan, {group.key: group.members for group in directory.groups}, units)


def test_the_plan_has_eight_areas_and_23_measures_in_order(plan: PlanFile) -> None:
    assert [area.number for area in plan.areas] == list("二三四五六七八九")
    assert [len(area.measures) for area in plan.areas] == [3, 3, 3, 3, 2, 3, 4, 2]
    assert [measure.key for measure in plan.measures] == [str(number) for number in range(1, 24)]


def test_publishing_would_issue_166_assignments_to_34_units(issued: list[IssuedUnit]) -> None:
    assert len(issued) == 166
    assert len({item.unit for item in issued}) == 34
    assert sum(item.group == "districts" for item in issued) == 110


@pytest.mark.parametrize(("measure", "printed"), PRINTED.items())
def test_a_measure_goes_to_the_units_that_its_brackets_name(
    measure: str, printed: tuple[list[str], bool], issued: list[IssuedUnit], units: dict[str, UnitEntry]
) -> None:
    named = [item for item in issued if item.measure == measure and item.group is None]
    assert len(named) == len(printed[0])
    assert all(name in units[item.unit].names for name, item in zip(printed[0], named, strict=True))
    assert (len([item for item in issued if item.measure == measure and item.group]) == 11) is printed[1]


def test_every_lead_is_inferred_since_the_text_marks_none(issued: list[IssuedUnit]) -> None:
    assert all(item.role is AssignmentRole.LEAD and item.lead_inferred for item in issued)


def test_the_targets_are_exactly_those_of_the_text(plan: PlanFile) -> None:
    found = {}
    for indicator in plan.indicators:
        target = indicator.target
        numbers = tuple(str(number) for number in (target.value, target.low, target.high) if number is not None)
        form = (target.comparator.value, numbers, indicator.unit, target.strength, target.deadline_precision)
        found[indicator.key] = (indicator.measure, *form)
    assert found == TARGETS
    assert all(isinstance(i.target.value or i.target.low, Decimal) for i in plan.indicators)


def test_there_are_36_units_of_the_kinds_that_they_are(directory: UnitsFile) -> None:
    kinds = Counter(unit.kind.value for unit in directory.units)
    assert kinds == {
        "municipal": 12,
        "district": 11,
        "vertical": 6,
        "enterprise": 3,
        "body": 2,
        "office": 1,
        "group": 1,
    }


def test_central_agencies_the_exchange_and_companies_are_asked_not_supervised(directory: UnitsFile) -> None:
    asked = {unit.kind.value for unit in directory.units if unit.relation is Relation.REQUESTED}
    supervised = {unit.kind.value for unit in directory.units if unit.relation is Relation.SUBORDINATE}
    assert asked == {"vertical", "enterprise"}
    assert not asked & supervised


def test_the_group_of_districts_is_every_district(directory: UnitsFile) -> None:
    [districts] = directory.groups
    assert districts.name == "各区"
    assert set(districts.members) == {unit.key for unit in directory.units if unit.kind.value == "district"}


def test_no_credit_code_is_invented(directory: UnitsFile) -> None:
    assert not [unit for unit in directory.units if unit.credit_code]


def test_the_plan_reports_by_quarter_five_working_days_after_its_end(plan: PlanFile) -> None:
    assert plan.reporting.model_dump(mode="json", exclude_none=True) == {
        "cycle": "quarterly",
        "due": {"working_days_after_period_end": 5},
        "opens_working_days_before_due": 7,
        "locks_working_days_after_period_end": 20,
    }


def test_each_title_is_in_english_too(plan: PlanFile, directory: UnitsFile) -> None:
    titled = [plan, *plan.areas, *plan.measures, *plan.indicators]
    assert all(item.title_en for item in titled)
    assert all(unit.name_en for unit in directory.units)


def test_the_files_are_valid_by_the_published_schemas() -> None:
    contracts = FOLDER.parents[1] / "contracts"
    for name, read in (("plan", read_plan), ("units", read_units)):
        schema = json.loads((contracts / f"{name}-file.schema.json").read_text(encoding="utf-8"))
        document = read((FOLDER / f"{name}.yaml").read_bytes()).model_dump(mode="json", exclude_unset=True)
        assert list(Draft202012Validator(schema).iter_errors(document)) == []
