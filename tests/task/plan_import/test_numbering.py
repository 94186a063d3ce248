"""Word numbers that nobody typed: lists of every usual form, by paragraph and by style, in text and in tables."""

import io

import pytest
from docx import Document
from docx.document import Document as DocumentType
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from services.task.plan_import import draft_plan
from services.task.plan_import.numbering import FORMATS
from services.task.plan_import.numerals import chinese_integer, chinese_numeral
from services.task.plan_import.reading import read

AREAS, GROUPS, MEASURES = ("chineseCountingThousand", "%1、"), ("chineseCounting", "（%2）"), ("decimal", "%3.")


def document(*levels: tuple[str, str], extra: str = "", numbers: str = "") -> DocumentType:
    """A document with list 91 of these levels; `extra` stands in every level, `numbers` beside the list."""
    made = Document()
    numbering = made.part.numbering_part.element
    inside = "".join(
        f'<w:lvl w:ilvl="{index}"><w:start w:val="1"/><w:numFmt w:val="{form}"/>{extra}<w:lvlText w:val="{text}"/></w:lvl>'
        for index, (form, text) in enumerate(levels)
    )
    numbering.insert(0, parse_xml(f'<w:abstractNum {nsdecls("w")} w:abstractNumId="90">{inside}</w:abstractNum>'))
    for each in (f'<w:num {nsdecls("w")} w:numId="91"><w:abstractNumId w:val="90"/></w:num>', numbers):
        if each:
            numbering.append(parse_xml(each))
    return made


def add(made: DocumentType, text: str, level: int | None = None, number: int = 91) -> None:
    paragraph = made.add_paragraph(text)
    if level is not None:
        paragraph._p.get_or_add_pPr().append(numbered(level, number))


def numbered(level: int, number: int = 91) -> object:
    return parse_xml(f'<w:numPr {nsdecls("w")}><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>')


def saved(made: DocumentType) -> bytes:
    target = io.BytesIO()
    made.save(target)
    return target.getvalue()


def lines(made: DocumentType) -> list[str]:
    return [line.strip() for line in read(saved(made), "方案.docx").text.splitlines()]


def test_levels_count_within_each_other() -> None:
    made = document(AREAS, GROUPS, MEASURES)
    for text, level in (("甲", 0), ("乙", 1), ("丙", 2), ("丁", 2), ("戊", 1), ("己", 2), ("庚", 0), ("辛", 1)):
        add(made, text, level)
    add(made, "正文")
    assert lines(made) == [
        "一、 甲",
        "（一） 乙",
        "1. 丙",
        "2. 丁",
        "（二） 戊",
        "1. 己",
        "二、 庚",
        "（一） 辛",
        "正文",
    ]


def test_a_level_that_never_restarts_runs_through() -> None:
    made = document(AREAS, GROUPS, extra='<w:lvlRestart w:val="0"/>')
    for text, level in (("甲", 0), ("乙", 1), ("丙", 0), ("丁", 1)):
        add(made, text, level)
    assert lines(made) == ["一、 甲", "（一） 乙", "二、 丙", "（二） 丁"]


def test_a_number_that_follows_no_space_prints_none() -> None:
    made = document(("chineseCounting", "第%1条"), extra='<w:suff w:val="nothing"/>')
    add(made, "降低门槛。", 0)
    assert lines(made) == ["第一条降低门槛。"]


def test_a_second_list_goes_on_unless_it_starts_anew() -> None:
    anew = f"""<w:num {nsdecls("w")} w:numId="92"><w:abstractNumId w:val="90"/>
        <w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride></w:num>"""
    made = document(AREAS, numbers=anew)
    for text, number in (("甲", 91), ("乙", 91), ("丙", 92), ("丁", 92)):
        add(made, text, 0, number)
    assert lines(made) == ["一、 甲", "二、 乙", "一、 丙", "二、 丁"]


def test_an_inner_number_can_print_the_outer_one_in_digits() -> None:
    made = document(AREAS, ("decimal", "%1.%2"), extra="<w:isLgl/>")
    add(made, "甲", 0)
    add(made, "乙", 1)
    assert lines(made)[1] == "1.1 乙"


def test_a_style_numbers_its_paragraphs_and_those_based_on_it() -> None:
    made = document(AREAS, GROUPS)
    made.styles["Heading 1"].element.get_or_add_pPr().append(numbered(0))
    made.styles["Heading 2"].element.get_or_add_pPr().append(numbered(1))
    based = made.styles.add_style("条目", 1)
    based.base_style = made.styles["Heading 2"]
    made.add_paragraph("甲", style="Heading 1")
    made.add_paragraph("乙", style="Heading 2")
    made.add_paragraph("丙", style="条目")
    assert lines(made) == ["一、 甲", "（一） 乙", "（二） 丙"]


def test_a_paragraph_can_leave_the_list_of_its_style() -> None:
    made = document(AREAS)
    made.styles["Heading 1"].element.get_or_add_pPr().append(numbered(0))
    made.add_paragraph("附件", style="Heading 1")._p.get_or_add_pPr().append(numbered(0, 0))
    assert lines(made) == ["附件"]


def test_cells_of_a_table_are_numbered() -> None:
    made = document(("decimal", "%1"))
    table = made.add_table(rows=2, cols=2)
    for row, task in zip(table.rows, ("推进甲", "推进乙"), strict=True):
        row.cells[0].paragraphs[0]._p.get_or_add_pPr().append(numbered(0))
        row.cells[1].text = task
    assert lines(made) == ["1\t推进甲", "2\t推进乙"]


@pytest.mark.parametrize(
    ("form", "third", "eleventh"),
    [
        ("decimal", "3", "11"),
        ("decimalZero", "03", "11"),
        ("decimalFullWidth", "３", "１１"),
        ("decimalEnclosedCircle", "③", "⑪"),
        ("chineseCounting", "三", "十一"),
        ("chineseCountingThousand", "三", "十一"),
        ("chineseLegalSimplified", "叁", "拾壹"),
        ("japaneseCounting", "三", "十一"),
        ("lowerLetter", "c", "k"),
        ("upperRoman", "III", "XI"),
    ],
)
def test_a_number_is_printed_in_the_form_of_its_level(form: str, third: str, eleventh: str) -> None:
    assert (FORMATS[form](3), FORMATS[form](11)) == (third, eleventh)


@pytest.mark.parametrize("value", [1, 9, 10, 11, 20, 25, 99, 100, 101, 110, 120, 999])
def test_a_numeral_reads_back_as_its_number(value: int) -> None:
    assert chinese_integer(chinese_numeral(value)) == value


def test_bullets_and_unknown_forms_print_nothing() -> None:
    made = document(("bullet", ""), ("aiueo", "%2"))
    add(made, "甲", 0)
    add(made, "乙", 1)
    add(made, "丙", 7)
    add(made, "丁", 0, 999)
    assert lines(made) == ["甲", "乙", "丙", "丁"]


def test_a_plan_with_automatic_numbers_reads_as_one_with_typed_numbers() -> None:
    made = document(AREAS, GROUPS, MEASURES)
    made.add_paragraph("云溪市工作方案")
    add(made, "重点任务", 0)
    add(made, "推进建设", 1)
    add(made, "新建学校。新建学校8所。（市教育局、财政局负责）", 2)
    add(made, "新建公园。新建公园3处以上。（市城管局牵头，各区配合）", 2)
    add(made, "保障措施", 0)
    add(made, "加强领导。健全机制。", 1)
    typed = (
        "云溪市工作方案\n一、重点任务\n（一）推进建设\n1.新建学校。新建学校8所。（市教育局、财政局负责）\n"
        "2.新建公园。新建公园3处以上。（市城管局牵头，各区配合）\n二、保障措施\n（一）加强领导。健全机制。"
    )
    assert facts(saved(made), "方案.docx") == facts(typed.encode(), "方案.txt")


def facts(content: bytes, name: str) -> list[object]:
    draft = draft_plan(content, name)
    measures = [(m.printed_id, m.title, [(u.name, u.role) for u in draft.units_of(m)]) for m in draft.measures]
    return [draft.title, measures, [(t.measure, t.value, t.unit, t.comparator) for t in draft.targets]]


def test_tracked_insertions_and_content_controls_are_read_and_deletions_are_not() -> None:
    made = Document()
    w = nsdecls("w")
    body = made.element.body
    body.insert(0, parse_xml(
        f"<w:sdt {w}><w:sdtContent><w:p><w:r><w:t>方案</w:t></w:r></w:p></w:sdtContent></w:sdt>"
    ))  # fmt: skip
    body.insert(1, parse_xml(
        f"<w:p {w}><w:ins><w:r><w:t>甲</w:t></w:r></w:ins><w:del><w:r><w:delText>乙</w:delText></w:r></w:del>"
        f"<w:smartTag><w:r><w:t>丙</w:t></w:r></w:smartTag></w:p>"
    ))  # fmt: skip
    assert lines(made) == ["方案", "甲丙"]
