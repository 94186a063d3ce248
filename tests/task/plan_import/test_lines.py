from services.task.plan_import.lines import split_lines
from services.task.plan_import.normalise import normalise


def read(text: str) -> list[str]:
    lines = split_lines(normalise(text))
    return [span.of(lines.text) for span in lines]


def test_page_numbers_and_contents_entries_are_dropped() -> None:
    assert read("一、目标\n— 1 —\n第2页\n二、任务……………3\n二、任务") == ["一、目标", "二、任务"]


def test_lines_wrapped_at_one_width_are_joined_to_paragraphs() -> None:
    wrapped = "推动家政服务业提质扩容结合实际提出如下意\n见请认真执行。\n（一）支持企业做强。\n" * 6
    assert read(wrapped)[:2] == ["推动家政服务业提质扩容结合实际提出如下意见请认真执行。", "(一)支持企业做强。"]


def test_a_full_line_before_a_marker_is_not_joined_to_it() -> None:
    wrapped = "推动家政服务业提质扩容结合实际提出如下意\n（一）支持企业做强做优做大并且提质增效。\n" * 8
    assert len(read(wrapped)) == 16


def test_paragraphs_of_any_length_stay_as_they_are() -> None:
    text = "一、目标\n" + "推动发展" * 40 + "\n（一）加强\n（市商务局负责）"
    assert len(read(text)) == 4


def test_lines_that_stand_apart_are_paragraphs_whatever_their_length() -> None:
    apart = "推动家政服务业提质扩容结合实际提出如下意\n\n区发改局、教育局、民政局、财政局、商务局\n\n各街道\n\n" * 5
    assert len(read(apart)) == 15


def test_bracketed_and_numbered_line_ends_join_only_where_the_line_is_full() -> None:
    wrapped = "加强统筹协调形成工作合力并由各县(市、区)\n人民政府抓好落实。\n（一）支持企业做强。\n" * 6
    assert read(wrapped)[0] == "加强统筹协调形成工作合力并由各县(市、区)人民政府抓好落实。"


def test_lines_can_be_parted_at_more_places() -> None:
    lines = split_lines(normalise("甲。（一）乙。\n丙。"))
    assert [span.of(lines.text) for span in lines.parted_at([2, 8])] == ["甲。", "(一)乙。", "丙。"]
