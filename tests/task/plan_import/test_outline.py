import pytest

from services.task.plan_import.lines import split_lines
from services.task.plan_import.normalise import normalise
from services.task.plan_import.outline import Node, Outline, outline


def read(text: str) -> tuple[Outline, str]:
    lines = split_lines(normalise(text))
    return outline(lines), lines.text


def shape(nodes: list[Node]) -> list[object]:
    return [[node.number, shape(node.children)] if node.children else node.number for node in nodes]


def shapes(text: str) -> list[list[object]]:
    return [shape(part.nodes) for part in read(text)[0].parts]


def test_items_nest_by_the_kind_of_their_numbers() -> None:
    assert shapes("一、甲\n（一）乙\n1.丙\n2.丁\n（二）戊\n二、己") == [[["一", [["一", ["1", "2"]], "二"]], "二"]]


def test_a_text_without_line_breaks_has_the_same_outline() -> None:
    text = "制定方案。一、加强建设（一）完善网络。推进建设。（二）推进改造。加快实施。二、强化保障（三）加强领导。"
    assert shapes(text) == [[["一", ["一", "二"]], ["二", ["三"]]]]


def test_the_first_number_may_run_on_from_the_title() -> None:
    assert shapes("云溪市稳外贸若干措施一、甲。内容。二、乙。内容。") == [["一", "二"]]


@pytest.mark.parametrize(
    "text",
    [
        "各区：现印发给你们。云溪市办公室2031年2月3日云溪市实施方案一、甲。内容。二、乙。内容。",
        "云溪市若干政策第一条 甲。内容。第二条 乙。内容。",
        "云溪市重点任务分工1.甲。内容。2.乙。内容。",
        "一、总体要求二、重点工作。内容。",
    ],
)
def test_numbers_run_on_from_what_has_no_stop(text: str) -> None:
    assert [len(part) for part in shapes(text)] == [2]


def test_a_text_cut_out_of_the_middle_may_run_on() -> None:
    assert shapes("云溪市实施方案三、甲项（五）乙。内容。（六）丙。内容。四、丁") == [[["三", ["五", "六"]], "四"]]


def test_numbers_left_out_of_a_long_line_leave_the_others_in_place() -> None:
    prose = "推进建设。" * 200
    assert shapes(f"一、甲项（一）乙项1.丙。{prose}（三）丁项7.戊。内容。9.己。") == [
        [["一", [["一", ["1"]], ["三", ["7", "9"]]]]]
    ]
    assert shapes("一、甲项（一）乙项1.丙。（三）丁") == [[["一", [["一", ["1"]]]]]]


@pytest.mark.parametrize("value", ["完成时限：2031年12月底", "时限要求：持续推进", "推进时间：全年"])
def test_a_number_may_follow_the_deadline_of_a_label(value: str) -> None:
    assert shapes(f"一、任务（一）甲。责任单位：市商务局{value}（二）乙。") == [[["一", ["一", "二"]]]]


def test_a_number_may_follow_the_units_of_a_label() -> None:
    text = "一、任务（一）甲。内容。责任单位：县财政局（二）乙。内容。责任单位：各乡镇人民政府二、保障"
    assert shapes(text) == [[["一", ["一", "二"]], "二"]]


def test_enumerations_inside_a_sentence_open_no_items() -> None:
    assert shapes("一、甲\n推进一、二、三产业融合，统一、规范管理。\n二、乙") == [["一", "二"]]


def test_a_number_that_does_not_continue_a_numbering_opens_nothing_inside_a_line() -> None:
    assert shapes("一、甲。按照（五）的要求办理。") == [["一"]]


def test_digits_behind_a_number_open_an_item_where_the_numbering_expects_it() -> None:
    assert shapes("1.甲\n2.5G网络\n3.12345热线\n4.乙") == [["1", "2", "3", "4"]]
    assert shapes("1.甲\n8.5G网络\n2.乙") == [["1", "2"]]


def test_an_excerpt_may_begin_with_a_high_number() -> None:
    assert shapes("204.甲\n205.乙\n207.丙") == [["204", "205", "207"]]
    assert shapes("1.甲\n500.乙") == [["1"]]


def test_an_attachment_list_opens_no_items() -> None:
    assert shapes("一、甲\n附件：1.分工表\n2.名单") == [["一"]]


def test_numbers_in_a_box_open_no_items() -> None:
    assert shapes("一、甲\n（一）乙\n专栏1 重点工程\n1.工程甲\n2.工程乙\n（二）丙") == [[["一", ["一", "二"]]]]


def test_the_plan_behind_the_date_of_its_notice_is_a_part_of_its_own() -> None:
    notice = "一、提高认识\n二、压实责任\n云溪市人民政府办公室\n2031年1月5日\n（此件公开发布）\n"
    assert shapes(f"{notice}云溪市重点任务\n分工方案\n1.甲\n2.乙") == [["一", "二"], ["1", "2"]]
    assert shapes(f"{notice}1.甲\n2.乙") == [["一", ["二", ["1", "2"]]]]


def test_an_annex_and_a_numbering_that_restarts_begin_parts() -> None:
    assert shapes("一、甲\n二、乙\n一、丙\n附件\n一、丁") == [["一", "二"], ["一"], ["一"]]


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("（一）加强组织领导。各单位要重视。", "加强组织领导"),
        ("（一）加强组织领导\n各单位要重视。", "加强组织领导"),
        ("（一）加强领导：各单位要重视。", "加强领导"),
        ("（一）推进“5G+”行动，建设平台。内容。", "推进“5G+”行动,建设平台"),
        ("（一）加强组织领导　　各单位要高度重视，切实把这项工作抓紧抓实抓好。", "加强组织领导"),
    ],
)
def test_a_title_ends_at_its_stop_line_clause_or_space(text: str, title: str) -> None:
    plan, normal = read(text)
    assert next(plan.nodes()).title.of(normal) == title
