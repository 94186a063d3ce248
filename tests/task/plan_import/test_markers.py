import pytest

from services.task.plan_import.markers import MARKER_RULES, MarkerRule, markers_in
from services.task.plan_import.normalise import normalise


@pytest.mark.parametrize("rule", MARKER_RULES, ids=lambda rule: rule.name)
def test_a_marker_rule_reads_its_examples(rule: MarkerRule) -> None:
    for example in rule.examples:
        marker = next(markers_in(f"{example}加强", 0, len(example) + 2))
        assert (marker.level, marker.opens_line, marker.end) == (rule.level, True, len(example))


@pytest.mark.parametrize("text", ["3.5%的企业", "3.5万亿元", "2025.6亿元", "十四五规划", "一方面"])
def test_numbers_in_prose_are_no_markers(text: str) -> None:
    assert not list(markers_in(text, 0, len(text)))


@pytest.mark.parametrize(
    ("printed", "value"), [("（十一）", 11), ("二十一、", 21), ("12．", 12), ("③", 3), ("第二十条", 20), ("⑷", 4)]
)
def test_a_marker_has_the_value_of_its_numeral(printed: str, value: int) -> None:
    text = normalise(printed + "推进").text
    assert next(markers_in(text, 0, len(text))).value == value


@pytest.mark.parametrize("text", ["4.2030年底前建成", "4.2028-2030年能耗下降", "4、2030年推进"])
def test_a_year_may_follow_a_number(text: str) -> None:
    assert next(markers_in(text, 0, len(text))).number == "4"


@pytest.mark.parametrize("text", ["一、2030年主要目标", "一、5G网络建设"])
def test_a_year_or_a_word_with_digits_may_follow_a_chinese_number(text: str) -> None:
    assert next(markers_in(text, 0, len(text))).number == "一"


@pytest.mark.parametrize(
    ("text", "number", "path"),
    [("2.1 推进", "2.1", (2, 1)), ("2.1.3、推进", "2.1.3", (2, 1, 3)), ("10.2.推进", "10.2", (10, 2))],
)
def test_a_number_by_points_says_what_it_stands_below(text: str, number: str, path: tuple[int, ...]) -> None:
    marker = next(markers_in(text, 0, len(text)))
    assert (marker.number, marker.path) == (number, path)


def test_an_area_may_have_a_formal_numeral() -> None:
    assert next(markers_in("叁、保障措施", 0, 6)).value == 3
