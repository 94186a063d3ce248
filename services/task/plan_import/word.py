"""Word documents as text: paragraphs with their automatic numbers, and tables, in their order."""

from __future__ import annotations

from collections.abc import Iterator

from docx.document import Document
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement as Element
from docx.table import Table

from services.task.plan_import.numbering import AutomaticNumbers

PARAGRAPH, TABLE = qn("w:p"), qn("w:tbl")
HOLDERS = {qn(name) for name in ("w:sdt", "w:sdtContent", "w:ins", "w:smartTag", "w:customXml", "w:moveTo")}
RUNS = HOLDERS | {qn(name) for name in ("w:r", "w:hyperlink", "w:fldSimple", "w:dir", "w:bdo")}
PRINTED = {qn("w:tab"): "\t", qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:noBreakHyphen"): "-"}


def word_text(document: Document) -> str:
    """Everything that is printed in the body; a row of a table is a line, its cells are parted by tabs."""
    numbers = AutomaticNumbers(document)
    return "\n".join(line for block in _blocks(document.element.body) for line in _lines(document, block, numbers))


def _blocks(holder: Element) -> Iterator[Element]:
    """Paragraphs and tables, also those inside content controls and insertions."""
    for child in holder.iterchildren():
        if child.tag in (PARAGRAPH, TABLE):
            yield child
        elif child.tag in HOLDERS:
            yield from _blocks(child)


def _lines(document: Document, block: Element, numbers: AutomaticNumbers) -> Iterator[str]:
    if block.tag == PARAGRAPH:
        yield _paragraph(block, numbers)
    else:
        yield from _rows(Table(block, document), numbers)


def _paragraph(paragraph: Element, numbers: AutomaticNumbers) -> str:
    return numbers.before(paragraph) + "".join(_printed(paragraph))


def _printed(holder: Element) -> Iterator[str]:
    """The text of runs; what was deleted and what text boxes repeat stays out."""
    for child in holder.iterchildren():
        if child.tag == qn("w:t"):
            yield child.text or ""
        elif child.tag in RUNS:
            yield from _printed(child)
        else:
            yield PRINTED.get(child.tag, "")


def _rows(table: Table, numbers: AutomaticNumbers) -> Iterator[str]:
    """A merged cell is printed once, where it begins."""
    seen: set[object] = set()
    for row in table.rows:
        cells = []
        for cell in row.cells:
            first = cell._tc not in seen  # python-docx has no public identity of a merged cell
            seen.add(cell._tc)
            cells.append(" ".join(_cell(cell._tc, numbers).split()) if first else "")
        yield "\t".join(cells)


def _cell(cell: Element, numbers: AutomaticNumbers) -> str:
    return "\n".join(_paragraph(each, numbers) for each in _blocks(cell) if each.tag == PARAGRAPH)
