import pytest

from services.task.plan_import.clauses import Clause, clauses
from services.task.plan_import.lines import split_lines
from services.task.plan_import.normalise import normalise


def read(text: str) -> list[Clause]:
    return clauses(split_lines(normalise(text)))


def units(text: str) -> list[list[str]]:
    return [[mention.name for mention in clause.units.mentions] for clause in read(text) if clause.units]


@pytest.mark.parametrize(("opening", "closing"), ["（）", "()", "〔〕", "【】", "［］", "[]", "（)", "(）"])
def test_a_clause_stands_in_brackets_of_any_style(opening: str, closing: str) -> None:
    assert units(f"推进建设。{opening}市商务局、财政局负责{closing}") == [["市商务局", "市财政局"]]


def test_a_list_without_a_verb_is_a_clause_where_a_sentence_ends() -> None:
    assert units("推进建设。（市商务局、财政局）") == [["市商务局", "市财政局"]]
    assert units("依托中心（市图书馆）开展服务。") == []


@pytest.mark.parametrize(
    "which",
    [
        "打造示范区域（高新区、经开区）。",
        "支持平台（重点实验室、企业技术中心）。",
        "推动银行设点（工商银行、农业银行）。",
    ],
)
def test_a_bracket_right_behind_a_word_that_says_which_is_no_clause(which: str) -> None:
    assert read(which) == []


def test_a_bracket_right_behind_a_word_may_name_offices() -> None:
    assert units("推进建设（市商务局、财政局）。") == [["市商务局", "市财政局"]]
    assert units("推进建设（商务部、海关总署）。") == [["商务部", "海关总署"]]
    assert units("推进建设（税务总局、财政部）。") == [["税务总局", "财政部"]]


def test_a_name_of_unknown_form_is_a_unit_among_units_that_are_known() -> None:
    assert units("推进建设。（市商务局、市财政局、东海汇通）") == [["市商务局", "市财政局", "东海汇通"]]
    assert units("推进合作（高校、科研院所、龙头企业、行业专家）。") == []
    assert units("推进建设。（东海汇通、市商务局、市财政局）") == []


@pytest.mark.parametrize(
    "text",
    [
        "加强监测（以下简称办公室）。",
        "各区（含大鹏新区）。",
        "指数（PQI）。",
        "按照国发〔2019〕3号执行。",
        "（此件公开发布）",
    ],
)
def test_brackets_that_name_nobody_are_no_clauses(text: str) -> None:
    assert read(text) == []


def test_labels_on_lines_of_their_own_are_one_clause() -> None:
    (clause,) = read("推进建设。\n牵头单位：市商务局\n配合单位：市财政局、税务局\n完成时限：2025年底\n二、其他")
    assert clause.units is not None
    assert [(m.name, m.role.value) for m in clause.units.mentions] == [
        ("市商务局", "lead"),
        ("市财政局", "cooperating"),
        ("市税务局", "cooperating"),
    ]
    assert clause.units.deadline is not None


def test_a_label_may_be_alone_on_its_line() -> None:
    assert units("推进建设。\n牵头单位：\n市商务局\n配合单位：\n市财政局") == [["市商务局", "市财政局"]]


@pytest.mark.parametrize(
    "text",
    [
        "推进建设。责任单位：市商务局。",
        "【责任单位】市商务局",
        "推进建设。[责任部门：市商务局]",
        "推进建设。责任单位:市商务局;完成时限:长期",
        "推进建设。牵头领导:张某责任单位:市商务局",
        "推进建设，制定措施责任单位:市商务局",
    ],
)
def test_a_label_may_stand_in_many_places(text: str) -> None:
    assert units(text) == [["市商务局"]]


@pytest.mark.parametrize("text", ["推进建设，请各责任单位:抓好落实", "推进建设并由责任单位:市商务局等"])
def test_a_label_in_prose_that_names_nobody_is_none(text: str) -> None:
    assert read(text) == []


def test_the_goal_above_the_labels_stays_prose() -> None:
    (clause,) = read("工作目标：建成平台3个。\n牵头单位：市商务局\n责任单位：市财政局")
    assert clause.span.start > len("工作目标：建成平台3个。")


def test_a_label_of_others_between_labels_of_units_breaks_nothing() -> None:
    (clause,) = read("推进建设。\n责任单位：市商务局\n督导单位：市政府督查室\n完成时限：2031年6月底")
    assert clause.units is not None
    assert [mention.name for mention in clause.units.mentions] == ["市商务局"]
    assert clause.units.deadline is not None


def test_a_deadline_alone_is_no_clause() -> None:
    assert read("推进建设。\n完成时限：2031年6月底") == []


def test_the_owner_of_a_web_page_is_no_clause() -> None:
    assert read("推进建设。\n主办：云溪市人民政府 承办：云溪市大数据局") == []


def test_a_closing_sentence_of_units_is_a_clause() -> None:
    assert units("明确布局。市住建局牵头，各区配合。") == [["市住建局", "各区"]]


def test_a_sentence_that_says_more_is_none() -> None:
    assert units("市住建局要加强统筹，制定计划并负责落实。") == []


def test_a_document_rule_makes_the_first_listed_lead_from_where_it_stands() -> None:
    found = read("（各项任务排在首位的单位为牵头单位）\n推进。（市商务局、财政局）")
    assert [mention.role.value for clause in found if clause.units for mention in clause.units.mentions] == [
        "lead",
        "cooperating",
    ]


def test_a_clause_that_cannot_be_read_is_kept_as_such() -> None:
    (clause,) = read("推进。（由制定《办法》的单位与2023年确定的试点牵头）")
    assert clause.units is None


def test_a_document_rule_that_stands_by_itself_holds_for_what_is_before_it_too() -> None:
    found = read("推进。（市商务局、财政局）\n以上任务排名第一的为牵头单位。")
    assert [mention.role.value for clause in found if clause.units for mention in clause.units.mentions] == [
        "lead",
        "cooperating",
    ]


def test_a_remark_behind_a_stop_belongs_to_its_bracket() -> None:
    (clause,) = read("推进。（责任单位：市商务局、财政局，各区、县〔市〕政府。列第一位的为牵头单位，下同）")
    assert clause.units is not None
    assert clause.units.first_listed_leads
    assert [mention.name for mention in clause.units.mentions][-1] == "各区、县〔市〕政府"


def test_a_line_can_hold_several_runs_of_labels() -> None:
    text = "甲。牵头单位：市商务局；责任单位：市财政局。二、乙。牵头单位：市教育局；责任单位：各区。"
    assert units(text) == [["市商务局", "市财政局"], ["市教育局", "各区"]]


def test_labels_behind_a_stop_run_on_where_no_prose_stands_between() -> None:
    (clause,) = read("甲。牵头单位：市商务局。完成时限：2025年底。")
    assert clause.units is not None
    assert clause.units.deadline is not None


def test_a_closing_sentence_may_end_with_who_carries_it_out() -> None:
    assert units("建成基地。由区农业农村局牵头，区水利局、科技局配合，各乡镇（街道）具体实施。") == [
        ["区农业农村局", "区水利局", "区科技局", "各乡镇(街道)"]
    ]


def test_a_closing_sentence_may_hold_nothing_but_those_responsible() -> None:
    assert units("认定产品50项。 市工业和信息化局、市财政局负责") == [["市工业和信息化局", "市财政局"]]
    assert units("加强统筹。市领导小组办公室负责。") == []


def test_a_label_may_stand_right_behind_a_number() -> None:
    assert units("一、牵头部门：市发展改革委\n") == [["市发展改革委"]]


def test_a_sentence_that_tells_how_a_body_works_is_none() -> None:
    assert units("加强统筹。市碳达峰工作领导小组统筹推进。") == []
    assert units("强化统筹。市领导小组办公室负责统筹，有关部门密切配合。") == []


def test_a_paragraph_of_units_alone_is_a_clause() -> None:
    assert units("推进建设。\n市商务局、财政局负责，各区配合。") == [["市商务局", "市财政局", "各区"]]


def test_members_beside_who_leads_cooperate() -> None:
    (clause,) = read("一、攻坚\n牵头单位：市商务局\n成员单位：市财政局、各区\n")
    assert clause.units is not None
    assert [(each.name, each.role.value) for each in clause.units.mentions] == [
        ("市商务局", "lead"),
        ("市财政局", "cooperating"),
        ("各区", "cooperating"),
    ]


def test_members_of_a_leading_group_are_no_clause() -> None:
    assert read("（一）成立领导小组。\n成员单位：市财政局、各区\n") == []


def test_units_end_where_goals_begin_on_the_same_line() -> None:
    text = "一、攻坚。牵头单位：市商务局 责任单位：各区 工作目标：新增企业5家。"
    (clause,) = read(text)
    assert clause.span.of(normalise(text).text).rstrip().endswith("各区")


def test_a_label_may_be_followed_by_a_verb() -> None:
    assert units("推广新车10万辆。责任单位为市工业和信息化局、市财政局，配合单位为市商务局。") == [
        ["市工业和信息化局", "市财政局", "市商务局"]
    ]
    assert units("压实责任。牵头单位为各项任务的第一责任人。") == []
