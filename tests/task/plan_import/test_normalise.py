import pytest

from services.task.plan_import.normalise import normalise


@pytest.mark.parametrize(
    ("raw", "normal"),
    [
        ("（责任单位：市商务局）", "(责任单位:市商务局)"),
        ("２０２５年，占比５０％", "2025年,占比50%"),
        ("5—10家、5～10家、5–10家", "5-10家、5~10家、5-10家"),
        ("〖责任单位：市商务局〗", "【责任单位:市商务局】"),
        ("㈠加强", "(一)加强"),
        ("责任单位∶市商务局", "责任单位:市商务局"),
        ("⒈拓展", "1.拓展"),
        ("到 2025 年，新增 5 家", "到2025年,新增5家"),
        ("一\r\n二\r三", "一\n二\n三"),
        ("\ufeff方\u200b案", "方案"),
        ("**（一）加强**", "(一)加强"),
        ("## 一、目标", "一、目标"),
        ("1\\.推进", "1.推进"),
        ("<p>一、目标</p>", "\n一、目标\n"),
        ("第一&nbsp;&nbsp;章", "第一  章"),
        ("一、目标\\r\\n（一）加强", "一、目标\n(一)加强"),
    ],
)
def test_the_notations_of_the_genre_become_one(raw: str, normal: str) -> None:
    assert normalise(raw).text == normal


@pytest.mark.parametrize("kept", ["①推进", "面积㎡", "国发〔2019〕3号", "《方案》", "“放管服”"])
def test_what_means_more_than_its_plain_form_stays(kept: str) -> None:
    assert normalise(kept).text == kept


def test_a_text_with_a_space_between_all_characters_is_closed_up() -> None:
    assert normalise("加 强 组 织 领 导 和 督 导").text == "加强组织领导和督导"


def test_the_space_after_a_serial_number_at_the_start_of_a_line_stays() -> None:
    assert normalise("序号 任务\n1 清理垃圾").text == "序号 任务\n1 清理垃圾"


def test_a_line_set_wide_is_closed_up_among_lines_that_are_not() -> None:
    assert normalise("工 作 方 案\n一、任务 内容").text == "工作方案\n一、任务 内容"


def test_spaces_between_the_cells_of_a_row_stay_beside_digits_too() -> None:
    row = "1 改造小区 市住建局 各区县 2033年 12月"
    assert normalise(row).text == row
