import pytest

from services.task.plan_import.names import is_cut_apart, is_group, is_unit, prefix_of, restored, takes_prefix


@pytest.mark.parametrize(
    "name",
    [
        "市商务局",
        "省委宣传部",
        "深圳海关",
        "各区",
        "团市委",
        "市妇联",
        "某某有限公司",
        "各县(市、区)人民政府",
        "国家林草局",
    ],
)
def test_names_of_units_are_known_by_their_endings(name: str) -> None:
    assert is_unit(name)


@pytest.mark.parametrize("word", ["单位", "部门", "场所", "工业", "政务", "以下简称", "局", "PQI"])
def test_words_that_are_no_units_are_not_taken_for_them(word: str) -> None:
    assert not is_unit(word)


@pytest.mark.parametrize("name", ["各区", "各地区", "有关部门", "相关区政府", "市直有关部门", "国务院相关部门"])
def test_names_that_stand_for_members_are_groups(name: str) -> None:
    assert is_group(name)


@pytest.mark.parametrize(
    ("name", "level"),
    [
        ("市商务局", "市"),
        ("省发展改革委", "省"),
        ("自治区财政厅", "自治区"),
        ("县水利局", "县"),
        ("市民政局", "市"),
        ("市政务服务局", "市"),
        ("市市场监管局", "市"),
    ],
)
def test_a_level_at_the_head_of_a_name_is_its_prefix(name: str, level: str) -> None:
    prefix = prefix_of(name)
    assert prefix is not None
    assert prefix.level == level


@pytest.mark.parametrize("name", ["市场监管局", "市直各部门", "深圳市税务局", "国家税务总局", "前海管理局", "市县政府"])
def test_a_name_without_a_level_of_its_own_has_no_prefix(name: str) -> None:
    assert prefix_of(name) is None


def test_a_branch_that_names_its_place_left_nothing_out() -> None:
    assert not takes_prefix("环保城东分局")
    assert takes_prefix("规划分局")


@pytest.mark.parametrize(
    "name",
    [
        "财政局",
        "工业和信息化局",
        "市场监管局",
        "妇联",
        "总工会",
        "检察院",
        "政务和数据局",
        "国土资源局",
        "质监局",
        "安监局",
    ],
)
def test_a_bureau_by_function_left_its_prefix_out(name: str) -> None:
    assert takes_prefix(name)


@pytest.mark.parametrize(
    "name",
    [
        "各区",
        "深圳海关",
        "前海管理局",
        "国家税务总局",
        "广东海事局",
        "福田区政府",
        "某某集团",
        "街道办",
        "高新区管委会",
    ],
)
def test_groups_places_and_companies_take_no_prefix(name: str) -> None:
    assert not takes_prefix(name)


def test_a_party_organ_takes_the_party_prefix_of_its_run() -> None:
    prefix = prefix_of("省委宣传部")
    assert prefix is not None
    assert restored("网信办", prefix) == "省委网信办"
    assert restored("文化和旅游厅", prefix) == "省文化和旅游厅"


def test_a_bracket_of_its_own_does_not_hide_how_a_name_ends() -> None:
    assert is_unit("各乡镇(街道)")
    assert is_unit("各区(市)县政府")


@pytest.mark.parametrize(
    ("left", "right"), [("市市", "场监管局"), ("某某集团", "有限公司"), ("市人力资源社", "会保障局")]
)
def test_a_space_inside_a_known_word_parts_no_names(left: str, right: str) -> None:
    assert is_cut_apart(left, right)


@pytest.mark.parametrize(("left", "right"), [("市商务局", "各区"), ("市商务局", "财政局"), ("市商务局", "深圳海关")])
def test_a_space_between_two_names_parts_them(left: str, right: str) -> None:
    assert not is_cut_apart(left, right)
