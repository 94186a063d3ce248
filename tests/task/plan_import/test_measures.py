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


def test_items_numbered_by_points_are_measures_below_their_group() -> None:
    text = """二、重点任务
1.便利开办
1.1 推行当日办结。（市市场监管局负责）
1.2 减少材料。（市税务局负责）
2.便利用电
2.1 压减环节。（市供电公司负责）
10.便利办事
10.1 推行网办。（市数据局负责）"""
    assert measures(text) == dict.fromkeys(("二.1.1", "二.1.2", "二.2.1", "二.10.1"), "measure")


def test_a_bare_number_above_points_is_an_area() -> None:
    text = "1 强化供给\n1.1 建设基地。\n责任单位：市商务局\n2 扩大应用\n2.1 开放场景。\n责任单位：市科技局\n"
    draft = draft_plan(text.encode(), "x.txt")
    assert [(area.number, area.title) for area in draft.areas] == [("1", "强化供给"), ("2", "扩大应用")]
    assert list(measures(text)) == ["1.1", "2.1"]


def test_points_of_points_are_measures() -> None:
    text = "三、任务\n1 建好房\n1.1 抓设计\n1.1.1 强化审查。\n责任单位：市住房建设局\n1.1.2 推广样板。\n责任单位：各区政府\n"
    assert measures(text) == {"三.1.1.1": "measure", "三.1.1.2": "measure"}


@pytest.mark.parametrize("amount", ["2.5亿元用于建设", "2.0版平台上线", "1.8倍于上年"])
def test_an_amount_at_the_beginning_of_a_line_is_no_point(amount: str) -> None:
    text = f"一、任务\n1.甲。投入\n{amount}。（市商务局负责）\n2.乙。（市财政局负责）"
    assert measures(text) == {"一.1": "measure", "一.2": "measure"}


def test_tasks_beside_goals_are_measures_each() -> None:
    text = """一、实施甲行动
（一）行动目标
以企业为主体。
（二）重点任务
1.甲。（市商务局负责）
2.乙。（市财政局负责）
二、实施乙行动
（三）行动目标
以园区为载体。
（四）重点任务
3.丙。（市科技局负责）"""
    assert measures(text) == {
        "一.一": "preamble",
        "一.二.1": "measure",
        "一.二.2": "measure",
        "二.三": "preamble",
        "二.四.3": "measure",
    }


def test_areas_with_formal_numerals_hold_measures() -> None:
    text = "壹、总体目标\n提升排名。\n贰、重点任务\n一、甲。（市商务局负责）\n二、乙。（市财政局负责）"
    assert measures(text) == {"贰.一": "measure", "贰.二": "measure"}


def test_rows_with_bracketed_chinese_numbers_keep_them() -> None:
    text = (
        "任务分工表\n序号\t工作任务\t责任单位\n一\t做强产业\t\n（一）\t建设园区\t市商务局\n（二）\t引进企业\t市投促局\n"
    )
    assert list(measures(text)) == ["一.一", "一.二"]


def test_a_table_of_figures_behind_the_last_measure_sets_no_target() -> None:
    text = """一、任务
（一）甲。新增企业5家。（市商务局负责）
（二）乙。（市财政局负责）
附：重点项目
| 序号 | 项目 | 投资 |
|---|---|---|
| 1 | 滨河绿道30公里 | 3亿元 |
| 2 | 文化中心2座 | 8亿元 |
"""
    assert [target.quantity for target in draft_plan(text.encode(), "x.txt").targets] == ["5家"]


def test_a_plan_may_follow_its_notice_without_line_breaks() -> None:
    text = (
        "各单位：现将方案印发给你们，并通知如下：一、加强领导。二、按时报送。某市人民政府2024年1月3日"
        "某市2024年重点任务分解方案一、发展工业（一）新增企业。（市工信局负责）（二）建设园区。（市商务局负责）"
    )
    assert measures(text) == {"一.一": "measure", "一.二": "measure"}


def test_a_text_may_begin_with_its_title_run_on_into_the_first_area() -> None:
    text = "进一步做好就业工作一、开发岗位（一）扩大招聘。（人社局负责）（二）支持创业。（科技局负责）"
    assert measures(text) == {"一.一": "measure", "一.二": "measure"}


def test_an_item_may_follow_a_closing_sentence_without_a_stop() -> None:
    text = "一、任务（一）建设园区。 市商务局负责（二）培育企业。 市工业和信息化局牵头，各区人民政府配合（三）引才。 市人力资源社会保障局负责"
    assert list(measures(text)) == ["一.一", "一.二", "一.三"]


def test_counted_industries_at_the_beginning_are_no_area() -> None:
    text = "统筹一、二、三产业融合，一、任务。（一）甲。（市商务局负责）（二）乙。（市财政局负责）"
    assert list(measures(text)) == ["一.一", "一.二"]
