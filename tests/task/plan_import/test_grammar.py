"""Clauses, targets and documents are generated from a grammar and read back."""

from hypothesis import given
from hypothesis import strategies as st

from services.task.plan_import import draft_plan, to_json
from services.task.plan_import.errors import PlanImportError
from services.task.plan_import.numerals import chinese_integer
from services.task.plan_import.spans import Span
from services.task.plan_import.units import read_units
from tests.task.plan_import.test_targets import amounts

FUNCTIONS = [
    "商务",
    "财政",
    "教育",
    "工业和信息化",
    "市场监管",
    "人力资源和社会保障",
    "文化广电旅游",
    "民政",
    "自然资源和规划",
]
GROUPS = ["各区", "各县(市、区)人民政府", "有关部门", "各园区管委会"]
DIGITS = "零一二三四五六七八九"


@st.composite
def runs(draw: st.DrawFn) -> tuple[str, list[str]]:
    """Names joined by 、 of which the first prints the level: (as printed, full names)."""
    level, ending = draw(st.sampled_from([("市", "局"), ("省", "厅"), ("县", "局"), ("自治区", "厅")]))
    functions = draw(st.lists(st.sampled_from(FUNCTIONS), min_size=1, max_size=4, unique=True))
    elided = [draw(st.booleans()) for _ in functions[1:]]
    printed = [f"{level}{functions[0]}{ending}"] + [
        f"{'' if short else level}{function}{ending}" for function, short in zip(functions[1:], elided, strict=True)
    ]
    return "、".join(printed), [f"{level}{function}{ending}" for function in functions]


@st.composite
def lists(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A run, and perhaps a group behind a comma."""
    printed, names = draw(runs())
    group = draw(st.sampled_from([None, *GROUPS]))
    return (f"{printed},{group}", [*names, group]) if group else (printed, names)


LEAD_AND_OTHERS = st.sampled_from(
    ["{}牵头,{}配合", "{}牵头,{}按职责分工负责", "牵头单位:{};配合单位:{}", "{}主办;{}协办"]
)
ALL_ALIKE = st.sampled_from(["{}负责", "责任单位:{}", "{}按职责分工负责", "{}共同负责", "责任部门:{}"])


@given(lists(), ALL_ALIKE)
def test_a_list_without_roles_is_read_back(listed: tuple[str, list[str]], form: str) -> None:
    printed, names = listed
    text = form.format(printed)
    units = read_units(text, Span(0, len(text)))
    assert units is not None
    assert [mention.name for mention in units.mentions] == names
    assert all(mention.inferred for mention in units.mentions)


@given(runs(), lists(), LEAD_AND_OTHERS)
def test_leads_and_others_are_read_back(leads: tuple[str, list[str]], others: tuple[str, list[str]], form: str) -> None:
    text = form.format(leads[0], others[0])
    units = read_units(text, Span(0, len(text)))
    assert units is not None
    expected = [(name, "lead") for name in leads[1]] + [(name, "cooperating") for name in others[1]]
    assert [(mention.name, mention.role.value) for mention in units.mentions] == expected


COMPARED = st.sampled_from(
    [
        ("不少于{}", ">="),
        ("达到{}", ">="),
        ("超过{}", ">"),
        ("{}以上", ">="),
        ("{}左右", "~"),
        ("不超过{}", "<="),
        ("{}", "="),
    ]
)


@given(
    st.integers(1, 10**6),
    st.sampled_from(["家", "个", "万人次", "亿元", "%", "公里"]),
    COMPARED,
    st.sampled_from(["到2025年,", "", "力争"]),
)
def test_an_amount_is_read_back(value: int, unit: str, compared: tuple[str, str], opening: str) -> None:
    form, sign = compared
    assert amounts(f"{opening}规模{form.format(f'{value}{unit}')}。") == [f"{sign} {value} {unit}"]


@given(st.integers(1, 99))
def test_a_chinese_numeral_has_its_value(value: int) -> None:
    tens, ones = divmod(value, 10)
    printed = (DIGITS[tens] if tens > 1 else "") + ("十" if tens else "") + (DIGITS[ones] if ones else "")
    assert chinese_integer(printed) == value


@st.composite
def plans(draw: st.DrawFn) -> tuple[str, list[tuple[str, list[str]]]]:
    """A plan with running measure numbers: (text, measures with their units)."""
    broken = draw(st.booleans())
    number, parts, expected = 0, [], []
    for area in range(1, draw(st.integers(2, 4))):
        parts.append(f"{DIGITS[area]}、加强第{area}类工作" + ("\n" if broken else ""))
        for _ in range(draw(st.integers(1, 3))):
            number += 1
            printed, names = draw(lists())
            parts.append(
                f"（{DIGITS[number] if number < 10 else '十'}）推进建设。完善体系。（{printed}负责）"
                + ("\n" if broken else "")
            )
            expected.append((f"{DIGITS[area]}.{DIGITS[number] if number < 10 else '十'}", names))
    return "".join(parts), expected


@given(plans())
def test_a_plan_is_read_back_with_and_without_line_breaks(plan: tuple[str, list[tuple[str, list[str]]]]) -> None:
    text, expected = plan
    draft = to_json(draft_plan(text.encode(), "方案.txt"))
    found = [(m["id"], [unit["name"] for unit in m["units"]]) for area in draft["areas"] for m in area["measures"]]
    assert found == expected


ODDITIES = st.text(
    alphabet="一二、（）(1).。\n\t 市局负责牵头单位:：附件专栏序号任务责任5家%至-20年\u3000〔〕《》|#", max_size=300
)


@given(ODDITIES)
def test_no_text_breaks_the_import(text: str) -> None:
    try:
        draft = draft_plan(text.encode(), "x.txt")
    except PlanImportError:
        return
    for item in draft.items:
        assert 0 <= item.span.start <= item.span.end <= len(draft.text)
    to_json(draft)
