import pytest

from services.task.plan_import import draft_plan
from services.task.plan_import.draft import DraftMeasure
from services.task.plan_import.errors import NotAPlan


def measures(text: str) -> dict[str, str]:
    """Kinds by printed id."""
    return {measure.printed_id: measure.kind.value for measure in draft_plan(text.encode(), "x.txt").of(DraftMeasure)}


def test_the_numbered_item_that_carries_the_units_is_the_measure() -> None:
    assert measures("一、任务\n（一）组甲\n1.甲。（市商务局负责）\n2.乙。（市财政局负责）") == {
        "一.一.1": "measure",
        "一.一.2": "measure",
    }


def test_an_item_whose_parts_carry_no_units_is_one_measure() -> None:
    assert measures("一、任务\n（一）甲。（市商务局负责）\n1.子项\n2.子项\n（二）乙。（各区负责）") == {
        "一.一": "measure",
        "一.二": "measure",
    }


def test_in_a_text_without_line_breaks_the_last_of_several_measures_may_be_the_only_one_with_units() -> None:
    text = "一、任务（一）甲。（市商务局负责）（二）乙。（各区负责）二、保障措施（三）加强领导。内容。（四）强化投入。（市财政局负责）"
    assert measures(text) == dict.fromkeys(("一.一", "一.二", "二.三", "二.四"), "measure")


def test_a_clause_after_the_last_part_belongs_to_the_whole_item() -> None:
    text = "一、任务\n（一）甲\n1.子项。\n2.子项。\n（市商务局负责）\n（二）乙\n1.子项。\n2.子项。\n（各区负责）"
    assert measures(text) == {"一.一": "measure", "一.二": "measure"}


def test_an_area_that_carries_units_itself_is_a_flat_measure() -> None:
    text = "一、甲。内容。（商务部负责）\n二、乙。内容。（财政部负责）"
    assert measures(text) == {"一": "measure", "二": "measure"}
    assert all(measure.number is None for measure in draft_plan(text.encode(), "x.txt").measures)


def test_a_title_ends_before_the_clause_of_its_measure() -> None:
    draft = draft_plan("一、任务\n（一）加强组织领导（市商务局、财政局）\n（二）乙。（各区负责）".encode(), "x.txt")
    assert [measure.title for measure in draft.measures] == ["加强组织领导", "乙"]


TASKS = "二、任务\n（一）甲。（市商务局负责）\n（二）乙。（各区负责）\n"


@pytest.mark.parametrize(
    ("area", "kind"),
    [
        ("三、基本原则\n（一）坚持创新。\n（二）坚持开放。", "preamble"),
        ("三、部门职责\n（一）市商务局：牵头。\n（二）市财政局：拨款。", "duty_list"),
        ("三、实施步骤\n（一）动员阶段（2024年3月）。\n（二）总结阶段（2024年9月）。", "organisation"),
        ("三、组织领导\n（一）成立领导小组。\n组 长：张某\n副组长：李某\n（二）设办公室。", "organisation"),
        ("三、保障措施\n（一）加强领导。\n（二）强化督导。", "measure"),
    ],
)
def test_numbered_items_that_are_no_measures_are_told_apart(area: str, kind: str) -> None:
    assert measures(TASKS + area) | {"三.一": kind, "三.二": kind} == measures(TASKS + area)


def test_a_notice_before_the_plan_and_an_annex_after_it_stay_out() -> None:
    text = "一、提高认识。\n二、抓好落实。\n一、任务\n（一）甲。（市商务局负责）\n附件\n一、名单\n（一）张某"
    assert measures(text) == {"一.一": "measure"}


def test_closing_words_are_not_part_of_the_last_measure() -> None:
    draft = draft_plan("一、任务\n（一）甲。新增5家。（市商务局负责）各地区要报送不少于3次。".encode(), "x.txt")
    assert [(int(target.value), target.measure) for target in draft.targets] == [(5, "measure:1"), (3, None)]


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("一、甲\n（一）乙。（各区负责）\n二、丙\n（二）丁。（各区负责）", ["1", "2"]),
        ("一、甲\n（一）乙。（各区负责）\n二、丙\n（一）丁。（各区负责）", ["1.1", "2.1"]),
        (
            "一、甲\n（一）乙\n1.丙。（各区负责）\n2.己。（各区负责）\n（二）丁\n1.戊。（各区负责）\n2.庚。（各区负责）",
            ["1.1.1", "1.1.2", "1.2.1", "1.2.2"],
        ),
    ],
)
def test_a_key_is_the_arabic_number_with_as_much_of_its_place_as_it_needs(text: str, keys: list[str]) -> None:
    assert [measure.key for measure in draft_plan(text.encode(), "x.txt").measures] == keys


@pytest.mark.parametrize("text", ["他走进屋子，坐了下来。" * 50, "序号\n1\n2\n3", "市商务局\t市财政局\n任务\t内容"])
def test_a_novel_or_a_table_without_a_header_is_refused(text: str) -> None:
    with pytest.raises(NotAPlan):
        draft_plan(text.encode(), "x.txt")


def test_tasks_whose_titles_end_as_names_of_units_do_are_no_duty_list() -> None:
    text = "一、任务\n（一）培育领军企业。（市商务局负责）\n（二）打造特色园区。（各区负责）"
    assert measures(text) == {"一.一": "measure", "一.二": "measure"}


def test_items_that_name_units_beside_their_text_are_measures_under_any_title() -> None:
    text = "一、任务分工\n（一）甲。（市商务局负责）\n（二）乙。（各区负责）"
    assert measures(text) == {"一.一": "measure", "一.二": "measure"}


TABLE = "附件\n序号\t重点任务\t牵头单位\t责任单位\n1\t优化口岸布局\t市商务局\t各区\n2\t提升通关效率\t市财政局\t各区"


def test_a_table_that_repeats_nested_items_gives_them_its_units() -> None:
    text = f"一、任务\n（一）组甲\n1.优化口岸布局。内容。\n2.提升通关效率。内容。\n二、保障\n（一）加强领导。\n{TABLE}"
    draft = draft_plan(text.encode(), "x.txt")
    named = {measure.printed_id: [unit.name for unit in draft.units_of(measure)] for measure in draft.measures}
    assert named == {"一.一.1": ["市商务局", "各区"], "一.一.2": ["市财政局", "各区"], "二.一": []}


def test_units_beside_the_text_stand_before_those_of_a_table() -> None:
    text = f"一、任务\n（一）优化口岸布局。（深圳海关负责）\n（二）提升通关效率。（各区负责）\n{TABLE}"
    draft = draft_plan(text.encode(), "x.txt")
    assert [[unit.name for unit in draft.units_of(measure)] for measure in draft.measures] == [["深圳海关"], ["各区"]]


def test_the_number_of_a_measure_is_no_part_of_an_amount_behind_it() -> None:
    text = "一、任务\n1.甲。（市商务局负责）\n2.121人才工程。选拔20名专家。（市民政局负责）"
    assert [(str(target.value), target.unit) for target in draft_plan(text.encode(), "x.txt").targets] == [("20", "名")]
