"""How clauses of responsibility are read: every rule has the notations that it is for."""

import re

import pytest

from services.task.plan_import.roles import (
    LABEL,
    LABEL_RULES,
    VERB,
    VERB_RULES,
    Role,
    RoleRule,
    role_of_label,
    role_of_verb,
)
from services.task.plan_import.spans import Span
from services.task.plan_import.units import UnitList, read_units


def read(text: str) -> UnitList:
    units = read_units(text, Span(0, len(text)))
    assert units is not None
    return units


def roles(text: str) -> list[tuple[str, str]]:
    return [(mention.name, mention.role.value) for mention in read(text).mentions]


def names(text: str) -> list[str]:
    return [mention.name for mention in read(text).mentions]


@pytest.mark.parametrize("rule", VERB_RULES, ids=lambda rule: rule.name)
def test_a_verb_rule_reads_its_examples(rule: RoleRule) -> None:
    for example in rule.examples:
        verb = VERB.search(f"市商务局{example}")
        assert verb is not None
        assert (verb.group(), role_of_verb(verb).role) == (example, rule.role)


@pytest.mark.parametrize("rule", LABEL_RULES, ids=lambda rule: rule.name)
def test_a_label_rule_reads_its_examples(rule: RoleRule) -> None:
    for example in rule.examples:
        label = LABEL.match(f"{example}:市商务局")
        assert label is not None
        assert role_of_label(label) is rule


def test_without_a_printed_lead_all_units_lead_by_inference() -> None:
    assert all(mention.role is Role.LEAD and mention.inferred for mention in read("市商务局、各区负责").mentions)


def test_beside_a_printed_lead_the_others_cooperate() -> None:
    assert roles("市商务局牵头,市财政局、各区按职责分工负责") == [
        ("市商务局", "lead"),
        ("市财政局", "cooperating"),
        ("各区", "cooperating"),
    ]
    assert read("市商务局牵头,市财政局按职责分工负责").by_duty


def test_the_first_listed_leads_where_the_clause_says_so() -> None:
    units = read("税务总局、财政部负责,排在第一位的部门为牵头部门,下同")
    assert units.first_listed_leads
    assert [mention.role for mention in units.mentions] == [Role.LEAD, Role.COOPERATING]


def test_units_that_only_implement_cooperate_with_those_responsible() -> None:
    assert roles("省科技厅负责,各市政府结合实际落实") == [("省科技厅", "lead"), ("各市政府", "cooperating")]


def test_a_role_in_brackets_behind_a_name_is_its_role() -> None:
    assert roles("市商务局(牵头)、市财政局、市税务局") == [
        ("市商务局", "lead"),
        ("市财政局", "cooperating"),
        ("市税务局", "cooperating"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "市商务局会同市财政局负责",
        "由市商务局牵头,会同市财政局",
        "市商务局牵头、市财政局配合",
        "牵头单位:市商务局;配合单位:市财政局",
        "牵头:市商务局 配合:市财政局",
        "市商务局主办,市财政局协办",
        "(主办:市商务局;协办:市财政局)",
        "主要责任单位:市商务局;协同配合单位:市财政局",
        "市商务局为牵头单位,市财政局为配合单位",
        "市商务局负责牵头,市财政局负责配合",
        "市商务局牵头督导,市财政局参加",
        "市商务局牵头,市财政局指导",
        "该项工作由市商务局牵头,市财政局配合",
    ],
)
def test_lead_and_cooperating_are_told_in_many_ways(text: str) -> None:
    assert roles(text) == [("市商务局", "lead"), ("市财政局", "cooperating")]


def test_a_prefix_carries_over_enumeration_commas_only() -> None:
    assert names("市商务局、财政局,税务局") == ["市商务局", "市财政局", "税务局"]
    assert names("市商务局、市场监管局,市贸促委") == ["市商务局", "市市场监管局", "市贸促委"]


def test_an_organ_of_the_party_behind_another_takes_the_prefix_of_the_committee() -> None:
    assert names("市委宣传部、文明办、文化和旅游局") == ["市委宣传部", "市委文明办", "市文化和旅游局"]


def test_a_prefix_is_not_given_to_places_groups_or_national_units() -> None:
    assert names("市商务局、深圳海关、各区、人民银行某市分行") == ["市商务局", "深圳海关", "各区", "人民银行某市分行"]
    assert names("商务部、海关总署") == ["商务部", "海关总署"]


@pytest.mark.parametrize(
    ("text", "expected", "open_ended"),
    [
        ("海关总署、商务部等有关部门负责", ["海关总署", "商务部"], True),
        ("省科技厅等单位负责", ["省科技厅"], True),
        ("省科技厅、教育厅等有关方面负责", ["省科技厅", "省教育厅"], True),
        ("银保监会等相关部门及各地区负责", ["银保监会", "相关部门", "各地区"], True),
        ("住房城乡建设部等国务院相关部门及各地区负责", ["住房城乡建设部", "国务院相关部门", "各地区"], True),
        ("国务院相关部门和单位及各地区负责", ["国务院相关部门和单位", "各地区"], False),
        ("市高等法院负责", ["市高等法院"], False),
        ("教育部、民政部等部门和各地区负责", ["教育部", "民政部", "各地区"], True),
    ],
)
def test_an_open_end_closes_the_list_or_adds_a_group(text: str, expected: list[str], open_ended: bool) -> None:
    assert names(text) == expected
    assert read(text).open_ended is open_ended


@pytest.mark.parametrize("text", ["市规划和自然资源局", "文化和旅游部", "市人力资源和社会保障局", "省政务和数据局"])
def test_a_conjunction_inside_a_name_splits_nothing(text: str) -> None:
    assert names(f"{text}负责") == [text]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("市商务局市财政局各区人民政府", ["市商务局", "市财政局", "各区人民政府"]),
        ("市商务局" * 3 + "市市场监管局" * 9, ["市商务局"] * 3 + ["市市场监管局"] * 9),
        ("省发展改革委省能源局", ["省发展改革委", "省能源局"]),
        ("市委市政府督查室", ["市委市政府督查室"]),
        ("市农村工作委员会市场处", ["市农村工作委员会市场处"]),
        ("市政府办公室", ["市政府办公室"]),
    ],
)
def test_names_that_lost_what_stood_between_them_are_parted(text: str, expected: list[str]) -> None:
    assert names(f"责任单位:{text}") == expected


def test_a_conjunction_between_two_names_splits_them() -> None:
    assert names("市商务局和市财政局以及各区负责") == ["市商务局", "市财政局", "各区"]


def test_a_definition_in_brackets_becomes_a_note_and_a_bracket_of_the_name_stays() -> None:
    text = "各区〈含甲新区、乙合作区,下同〉,各县(市、区)人民政府"
    first, second = read(text).mentions
    assert first.name == "各区"
    assert first.note is not None
    assert first.note.of(text) == "含甲新区、乙合作区"
    assert second.name == "各县(市、区)人民政府"


def test_tiers_of_governments_are_one_group() -> None:
    assert names("省农业农村厅,各市、县(区)人民政府") == ["省农业农村厅", "各市、县(区)人民政府"]


def test_deadlines_are_set_apart_from_units() -> None:
    text = "市商务局,2025年12月底前完成"
    units = read(text)
    assert names(text) == ["市商务局"]
    assert units.deadline is not None
    assert units.deadline.of(text) == "2025年12月底前完成"


@pytest.mark.parametrize(
    "timing", ["年内持续推进", "并持续推进", "长期坚持", "6月底前取得阶段性成果,年内持续推进", "全年推进"]
)
def test_how_long_a_task_goes_on_is_no_unit(timing: str) -> None:
    assert roles(f"市商务局牵头,市财政局负责,{timing}") == [("市商务局", "lead"), ("市财政局", "cooperating")]


@pytest.mark.parametrize(
    "remark",
    [
        "以下均需各区落实,不再列出",
        "以下各项工作均需各县、区政府(管委会)落实,不再列出",
        "具体任务均涉及各市政府,不再做分工,下同",
        "均需各区落实",
    ],
)
def test_a_remark_about_the_other_tasks_names_no_unit(remark: str) -> None:
    assert names(f"市商务局、财政局负责。{remark}") == ["市商务局", "市财政局"]


def test_units_named_for_their_part_in_a_project_are_a_group() -> None:
    assert roles("牵头单位:市委组织部,配合单位:各项目牵头单位") == [
        ("市委组织部", "lead"),
        ("各项目牵头单位", "cooperating"),
    ]


def test_marks_of_omission_end_a_list() -> None:
    assert names("责任单位:市商务局、市财政局……") == ["市商务局", "市财政局"]


@pytest.mark.parametrize("nobody", ["无", "/", "-"])
def test_a_label_may_name_nobody(nobody: str) -> None:
    assert roles(f"牵头单位:市商务局;配合单位:{nobody}") == [("市商务局", "lead")]


@pytest.mark.parametrize("prose", ["市商务局负责的项目除外", "负责人应当在场。", "制定方案并负责落实相关要求的单位"])
def test_prose_about_duty_is_no_list(prose: str) -> None:
    units = read_units(prose, Span(0, len(prose)))
    assert units is None or not any(re.search("商务局$", mention.name) for mention in units.mentions)


@pytest.mark.parametrize(
    "remark",
    [
        "排在第一位的部门为牵头部门",
        "列第一位的为牵头单位",
        "列首位的为牵头单位",
        "排名第一的为牵头单位",
        "第一责任单位为牵头单位",
        "排在首位的责任单位为牵头单位",
        "牵头单位为排名第一的单位",
        "列第一位者为牵头或汇总单位",
    ],
)
def test_a_remark_about_the_first_listed_is_told_in_many_ways(remark: str) -> None:
    assert roles(f"市商务局、市财政局,{remark}") == [("市商务局", "lead"), ("市财政局", "cooperating")]


@pytest.mark.parametrize(
    "group",
    [
        "各区、县(市)政府",
        "各市、县人民政府",
        "各盟行政公署、市人民政府",
        "各镇、街道",
        "各有关区、县级市",
        "各市、县、自治县人民政府",
    ],
)
def test_a_group_of_several_levels_is_one_unit(group: str) -> None:
    assert names(f"市商务局,{group}") == ["市商务局", group]


def test_governments_of_several_levels_are_one_unit() -> None:
    assert roles("省级人民政府指导,市、县人民政府负责,住房城乡建设部加强督导") == [
        ("省级人民政府", "cooperating"),
        ("市、县人民政府", "lead"),
        ("住房城乡建设部", "cooperating"),
    ]
    assert names("市、县级人民政府负责") == ["市、县级人民政府"]


def test_a_prefix_is_not_given_to_a_name_with_its_own_region() -> None:
    assert names("省交通运输厅、民航西南管理局、民航局") == ["省交通运输厅", "民航西南管理局", "省民航局"]


def test_what_the_punctuation_means_is_no_unit() -> None:
    assert names("市发展改革委,市商务局,逗号前为牵头单位,下同") == ["市发展改革委", "市商务局"]


def test_an_organ_of_a_committee_takes_the_level_of_its_run() -> None:
    assert names("自治区发展改革委、党委网信办、能源局") == ["自治区发展改革委", "自治区党委网信办", "自治区能源局"]
