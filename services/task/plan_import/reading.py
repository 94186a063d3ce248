"""Read: the text of an uploaded document, within bounds, or a refusal that says what to do.

The libraries of .docx and .pdf are loaded for such documents only: a service that merely hands documents on would hold
20 MB for nothing, and a process that drafts a plain text would spend a quarter of its time on loading them.
"""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
from dataclasses import dataclass

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

MOST_BYTES = 20_000_000  # the longest plan of the genre is below 1 MB; scanned annexes make up the rest
MOST_CHARACTERS = 5_000_000  # 10 MB of Chinese text is 3.5 million
MOST_UNPACKED = 100_000_000  # a .docx of text unpacks to some tens of MB at most
MOST_RATIO = 200  # XML compresses tenfold to fiftyfold; a bomb a thousandfold
MOST_PAGES = 500

_RADICALS = (
    "⺁厂⺌小⺝月⺟母⺠民⺧牛⺩王⺬示⺮竹⺶羊⺷羊⺼肉⻁虎⻄西⻅见⻆角⻇角⻉贝⻊足⻋车⻑長⻒镸⻓长⻔门⻗雨⻘青⻙韦⻚页"
    "⻛风⻜飞⻝食⻢马⻣骨⻤鬼⻥鱼⻦鸟⻧卤⻨麦⻩黄⻪黾⻫齐⻬齐⻭齿⻮齿⻯龙⻰龙⻱龟⻲龟⻳龟"
)
IDEOGRAPHS = str.maketrans(_RADICALS[::2], _RADICALS[1::2]) | {
    code: unicodedata.normalize("NFKC", chr(code)).replace("戶", "户") for code in range(0x2F00, 0x2FD6)
}  # fonts draw 民 and the radical ⺠ alike, and PDFs then print either


@dataclass(frozen=True)
class Reading:
    """The text that all offsets of a draft refer to, and what it was read from."""

    text: str
    form: str


def read(document: bytes, name: str) -> Reading:
    """The document's text. Raises a PlanImportError for what cannot be read safely and completely."""
    if len(document) > MOST_BYTES:
        raise DocumentTooLarge(limit=f"{MOST_BYTES // 1_000_000} MB")
    if not document.strip(b"\x00\r\n\t \xef\xbb\xbf"):
        raise EmptyDocument
    reading = _read(document, name)
    reading = Reading(reading.text.translate(IDEOGRAPHS), reading.form)
    if not reading.text.strip():
        raise EmptyDocument
    if len(reading.text) > MOST_CHARACTERS:
        raise DocumentTooLarge(limit=f"{MOST_CHARACTERS:,} 字")
    return reading


def _read(document: bytes, name: str) -> Reading:
    """By what the bytes are; the name only decides between kinds of plain text."""
    if document.startswith(b"%PDF"):
        return Reading(_pdf_text(document), "pdf")
    if document.startswith(b"PK\x03\x04"):
        return Reading(_docx_text(document), "docx")
    if document.startswith(b"\xd0\xcf\x11\xe0") or name.lower().endswith(
        (".doc", ".wps", ".ofd", ".xls", ".xlsx", ".png", ".jpg", ".zip", ".rtf")
    ):
        raise FormatNotSupported(name=name)
    return Reading(_plain_text(document), "txt")


# -- plain text --------------------------------------------------------------------------------------------------------


def _plain_text(document: bytes) -> str:
    """UTF-8, UTF-16 with a mark, or GB18030; a text that is none of them throughout is refused."""
    if document.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _decoded(document, "utf-16")
    try:
        return document.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = _decoded(document, "gb18030")
    if _looks_misread(document, text):
        raise EncodingUnknown
    return text


def _decoded(document: bytes, encoding: str) -> str:
    try:
        return document.decode(encoding)
    except UnicodeDecodeError as error:
        raise EncodingUnknown from error


COMMON = re.compile("[的和在与对为等及加强推进建设发展工作]")
RARE = re.compile("[锟斤拷\ue000-\uf8ff\u3400-\u4dbf]|[\U00020000-\U0002ffff]")
RUN_OF_UTF8 = re.compile(rb"(?:[\xe4-\xe9][\x80-\xbf]{2}){8,}")


def _looks_misread(document: bytes, text: str) -> bool:
    """Bytes in several encodings decode to rare characters, or hold long runs that are valid UTF-8."""
    if b"\x00" in document or len(RARE.findall(text)) * 50 > len(text):
        return True
    chinese = len(re.findall("[\u4e00-\u9fff]", text))
    utf8 = any(COMMON.search(run.group().decode("utf-8", "ignore")) for run in RUN_OF_UTF8.finditer(document))
    return utf8 or (chinese > 200 and len(COMMON.findall(text)) * 100 < chinese)


# -- .docx -------------------------------------------------------------------------------------------------------------


def _docx_text(document: bytes) -> str:
    from docx import Document
    from docx.opc.exceptions import PackageNotFoundError

    from services.task.plan_import.word import word_text

    _check_archive(document)
    try:
        return word_text(Document(io.BytesIO(document)))
    except (PackageNotFoundError, KeyError, ValueError, zipfile.BadZipFile, SyntaxError) as error:
        raise DocumentDamaged from error


def _check_archive(document: bytes) -> None:
    try:
        entries = zipfile.ZipFile(io.BytesIO(document)).infolist()
    except zipfile.BadZipFile as error:
        raise DocumentDamaged from error
    if not any(entry.filename == "word/document.xml" for entry in entries):
        raise FormatNotSupported(name="zip")
    if any(entry.flag_bits & 1 for entry in entries):
        raise DocumentDamaged
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > MOST_UNPACKED or any(_is_bomb(entry) for entry in entries):
        raise DocumentExpandsTooMuch


def _is_bomb(entry: zipfile.ZipInfo) -> bool:
    return entry.file_size > 1_000_000 and entry.file_size > MOST_RATIO * max(entry.compress_size, 1)


# -- .pdf --------------------------------------------------------------------------------------------------------------


def _pdf_text(document: bytes) -> str:
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(io.BytesIO(document))
        if reader.is_encrypted and not reader.decrypt(""):
            raise PdfEncrypted
        if len(reader.pages) > MOST_PAGES:
            raise DocumentTooLarge(limit=f"{MOST_PAGES} 页")
        text = "\n".join(page.extract_text() for page in reader.pages)
    except (PyPdfError, KeyError, ValueError, RecursionError, TypeError, AttributeError, IndexError) as error:
        raise DocumentDamaged from error
    if len(re.findall(r"\w", text)) < 10 * max(1, len(reader.pages)) and len(re.findall(r"\w", text)) < 200:
        raise PdfWithoutText
    return text
