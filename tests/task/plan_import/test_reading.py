"""What can be read, and the clear answer for what cannot."""

import io
import zipfile

import pytest
from docx import Document
from pypdf import PdfWriter

from services.task.plan_import import PlanImportError, draft_plan
from services.task.plan_import.errors import (
    DocumentDamaged,
    DocumentExpandsTooMuch,
    DocumentTooLarge,
    EmptyDocument,
    EncodingUnknown,
    FormatNotSupported,
    PdfEncrypted,
    PdfWithoutText,
)
from services.task.plan_import.reading import read

PLAN = "云溪市工作方案\n一、任务\n（一）推进建设。新增企业5家。（市商务局、财政局负责）"


def docx(*paragraphs: str, rows: tuple[tuple[str, ...], ...] = ()) -> bytes:
    document = Document()
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    if rows:
        table = document.add_table(rows=len(rows), cols=len(rows[0]))
        for row, cells in zip(table.rows, rows, strict=True):
            for cell, text in zip(row.cells, cells, strict=True):
                cell.text = text
    return saved(document)


def saved(document: object) -> bytes:
    target = io.BytesIO()
    document.save(target)  # type: ignore[attr-defined]
    return target.getvalue()


def blank_pdf(password: str | None = None) -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(595, 842)
    if password:
        writer.encrypt(password, algorithm="AES-256")
    target = io.BytesIO()
    writer.write(target)
    return target.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_plain_text_is_read_in_the_encodings_of_the_genre(encoding: str) -> None:
    assert read(PLAN.encode(encoding), "方案.txt").text == PLAN


def test_a_word_document_is_read_with_its_tables_in_place() -> None:
    reading = read(docx("标题", rows=(("序号", "任务"), ("1", "推进"))), "方案.docx")
    assert (reading.form, reading.text) == ("docx", "标题\n序号\t任务\n1\t推进")


def test_units_merged_over_rows_of_a_word_table_hold_for_each_row() -> None:
    document = Document(
        io.BytesIO(
            docx(
                "云溪市任务清单",
                rows=(("序号", "任务", "责任单位"), ("1", "推进甲", "市商务局、财政局"), ("2", "推进乙", "")),
            )
        )
    )
    table = document.tables[0]
    table.cell(1, 2).merge(table.cell(2, 2))
    draft = draft_plan(saved(document), "方案.docx")
    named = [[unit.name for unit in draft.units_of(measure)] for measure in draft.measures]
    assert named == [["市商务局", "市财政局"]] * 2
    assert any("table.merged-cell" in item.rules for item in draft.inferred)


def test_the_name_of_a_file_does_not_decide_what_it_is() -> None:
    assert read(docx(PLAN), "方案.txt").form == "docx"


@pytest.mark.parametrize(
    ("document", "name", "refusal"),
    [
        (b"", "方案.txt", EmptyDocument),
        (b"\xef\xbb\xbf \r\n", "方案.txt", EmptyDocument),
        (docx(), "方案.docx", EmptyDocument),
        (b"a" * 20_000_001, "方案.txt", DocumentTooLarge),
        ("推".encode() * 5_000_001, "方案.txt", DocumentTooLarge),
        (b"\xd0\xcf\x11\xe0" + bytes(500), "方案.doc", FormatNotSupported),
        (b"\x89PNG" + bytes(500), "扫描.png", FormatNotSupported),
        (docx(PLAN)[:2000], "方案.docx", DocumentDamaged),
        (b"%PDF-1.7\n" + b"garbage" * 100, "方案.pdf", DocumentDamaged),
        (blank_pdf(), "扫描.pdf", PdfWithoutText),
        (blank_pdf("secret"), "方案.pdf", PdfEncrypted),
        (PLAN.encode() * 3 + PLAN.encode("gb18030") * 3, "方案.txt", EncodingUnknown),
        (bytes(range(128, 256)) * 40, "方案.txt", EncodingUnknown),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_reason(
    document: bytes, name: str, refusal: type[PlanImportError]
) -> None:
    with pytest.raises(refusal) as raised:
        read(document, name)
    assert raised.value.sentence("zh") != raised.value.sentence("en")


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"0" * 150_000_000)
    with pytest.raises(DocumentExpandsTooMuch):
        read(target.getvalue(), "方案.docx")


def test_an_archive_that_is_no_word_document_is_refused() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("readme.txt", "方案")
    with pytest.raises(FormatNotSupported):
        read(target.getvalue(), "方案.zip")
