"""PDFs with text: lines wrapped by the page, numbers of pages, tables whose cells came apart, and odd characters."""

import pytest

from services.task.plan_import import draft_plan
from services.task.plan_import.draft import Draft
from services.task.plan_import.reading import read
from tests.task.plan_import.pdf_writer import pdf, set_page, set_table

WRAPPED = [
    [
        "江岭市碳达峰试点建设实施方案",
        "一、重点任务",
        "（一）推进整县屋顶光伏开发。建成抽水蓄能电站不少于",
        "2座，新能源装机容量突破600万千瓦，新型储能装机规模",
        "稳定在50万千瓦左右。（市发展改革委牵头，市自然资源",
        "和规划局、林业局，各县（市、区）人民政府配合，市生",
        "— 1 —",
    ],
    [
        "态环境局参加）",
        "（二）推动煤炭清洁利用。煤炭消费总量控制在800万吨",
        "以内，改造锅炉300台以上。（市发展改革委牵头，市市",
        "场监管局配合）",
        "— 2 —",
    ],
]
TASKS = [
    ("序号", "重点任务", "牵头单位", "责任单位", "完成\n时限"),
    (
        "1",
        "完善物流枢纽\n功能",
        "省发展改革\n委",
        "省交通运输厅、商务厅，\n中国铁路某局集团\n有限公司，各市州政府",
        "2033年\n12月",
    ),
    ("2", "布局县域配送\n中心", "省商务厅", "省邮政管理局、供销社", "持续推进"),
]
COLUMNS = (60, 110, 220, 320, 480)


def units(draft: Draft) -> dict[str, list[str]]:
    return {measure.printed_id: [unit.name for unit in draft.units_of(measure)] for measure in draft.measures}


@pytest.mark.parametrize("encoding", ["Identity-H", "UniGB-UCS2-H", "GBK-EUC-H"])
def test_text_is_read_in_the_encodings_of_chinese_fonts(encoding: str) -> None:
    document = pdf([set_page(["云溪市工作方案", "一、重点任务（市商务局负责）"])], encoding)
    assert read(document, "方案.pdf").text == "云溪市工作方案\n一、重点任务（市商务局负责）"


def test_paragraphs_are_whole_again_over_lines_and_pages() -> None:
    draft = draft_plan(pdf([set_page(page) for page in WRAPPED]), "方案.pdf")
    assert draft.title == "江岭市碳达峰试点建设实施方案"
    assert units(draft) == {
        "一.一": ["市发展改革委", "市自然资源和规划局", "市林业局", "各县（市、区）人民政府", "市生态环境局"],
        "一.二": ["市发展改革委", "市市场监管局"],
    }
    assert [f"{target.comparator} {target.value} {target.unit}" for target in draft.targets] == [
        ">= 2 座",
        "> 600 万千瓦",
        "~ 50 万千瓦",
        "<= 800 万吨",
        ">= 300 台",
    ]


def test_a_name_over_two_pages_is_printed_without_the_page_number_between() -> None:
    draft = draft_plan(pdf([set_page(page) for page in WRAPPED]), "方案.pdf")
    unit = next(unit for measure in draft.measures for unit in draft.units_of(measure) if "生态" in unit.name)
    assert unit.printed == "市生态环境局"
    assert "— 1 —" in unit.span.of(draft.text)


def test_cells_of_a_table_that_were_wrapped_are_whole_again() -> None:
    page = set_page(["云溪省物流行动重点任务分工表"]) + set_table(TASKS, COLUMNS)
    draft = draft_plan(pdf([page]), "方案.pdf")
    assert [measure.title for measure in draft.measures] == ["完善物流枢纽功能", "布局县域配送中心"]
    assert units(draft) == {
        "1": ["省发展改革委", "省交通运输厅", "省商务厅", "中国铁路某局集团有限公司", "各市州政府"],
        "2": ["省商务厅", "省邮政管理局", "省供销社"],
    }


def test_a_table_goes_on_under_its_header_on_the_next_page() -> None:
    first = set_page(["云溪省物流行动重点任务分工表"]) + set_table(TASKS[:2], COLUMNS)
    second = set_table([TASKS[0], TASKS[2]], COLUMNS)
    draft = draft_plan(pdf([first, second]), "方案.pdf")
    assert [measure.printed_id for measure in draft.measures] == ["1", "2"]


def test_radicals_that_a_font_prints_alike_are_read_as_characters() -> None:
    document = pdf([set_page(["云溪市⼯作⽅案", "一、重点任务（市⼈⺠政府、⻔⼾办公室负责）"])])
    assert read(document, "方案.pdf").text == "云溪市工作方案\n一、重点任务（市人民政府、门户办公室负责）"


def test_a_line_that_was_spread_over_its_width_is_read_without_the_room() -> None:
    lines = ["云溪市工作方案", "一、任务", "（一）加 快 推 进 建 设 。 新 增 企 业 5 家 。（市 商 务 局 负 责）"]
    draft = draft_plan(pdf([set_page(lines)]), "方案.pdf")
    assert [measure.title for measure in draft.measures] == ["加快推进建设"]
    assert units(draft) == {"一.一": ["市商务局"]}
