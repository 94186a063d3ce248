"""Which stretch of a row belongs to which column, where cells were wrapped and came apart."""

import re

import pytest

from services.task.plan_import.cells import fitted
from services.task.plan_import.columns import Column, Use, column_of
from services.task.plan_import.spans import Span

HEADINGS = "序号 重点任务 牵头单位 责任单位 完成时限"


def columns(headings: str) -> tuple[Column, ...]:
    return tuple(column for heading in headings.split() if (column := column_of(heading)))


def cells(row: str, headings: str = HEADINGS) -> list[str] | None:
    pieces = [Span(*match.span()) for match in re.finditer(r"\S+", row)]
    found = fitted(row, pieces, columns(headings))
    return ["".join(span.of(row).split()) for span in found.values()] if found else None


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (
            "1 完善物流 枢纽功能 省发展改革 委 省交通运输厅、商务厅 2033年 12月",
            ["1", "完善物流枢纽功能", "省发展改革委", "省交通运输厅、商务厅", "2033年12月"],
        ),
        (
            "2 布局县域配送 中心 省商务厅 省邮政管理局、供销社 持续推进",
            ["2", "布局县域配送中心", "省商务厅", "省邮政管理局、供销社", "持续推进"],
        ),
        (
            "3 发展智慧物流 省工业和信 息化厅 省交通运输厅、省 数据局 长期",
            ["3", "发展智慧物流", "省工业和信息化厅", "省交通运输厅、省数据局", "长期"],
        ),
    ],
)
def test_pieces_of_a_row_make_up_what_each_column_holds(row: str, expected: list[str]) -> None:
    assert cells(row) == expected


@pytest.mark.parametrize(
    "row", ["1 推进建设 省商务厅 省财政厅 年底", "各单位 要 高度 重视 狠抓 落实", "1 推进 建设 快速 发展 见效"]
)
def test_a_row_that_is_whole_or_no_row_is_not_fitted(row: str) -> None:
    assert cells(row) is None


def test_text_behind_a_table_is_not_tried_for_ever() -> None:
    assert cells("1 " + "推进建设 市商务局 " * 5000) is None


@pytest.mark.parametrize("heading", ["目标与任务", "重点工作任务及措施", "年度重点任务", "工作任务清单", "推进事项"])
def test_a_heading_composed_of_words_for_tasks_heads_tasks(heading: str) -> None:
    column = column_of(heading)
    assert column is not None
    assert column.use is Use.TASK


@pytest.mark.parametrize("heading", ["责任分工", "任务分工", "主要责任单位", "协同配合单位", "牵头组织实施单位"])
def test_a_heading_of_shared_duties_heads_units(heading: str) -> None:
    column = column_of(heading)
    assert column is not None
    assert column.use is Use.UNITS


@pytest.mark.parametrize("heading", ["工作进展", "年度目标", "重点难点", "建设年度"])
def test_a_heading_without_a_word_for_tasks_heads_none(heading: str) -> None:
    column = column_of(heading)
    assert column is None or column.use is Use.OTHER
