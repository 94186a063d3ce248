"""Word's automatic numbers: what Word prints before a paragraph and the paragraph's own text does not hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from docx.document import Document
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement as Element

from services.task.plan_import.numerals import chinese_numeral

LEVELS = 9  # of a list in Word
MOST_ITEMS = 1000  # that numerals in words count; more are printed in digits
MOST_STYLES = 20  # that a style can be based on; a longer chain is a circle
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
FORMAL = str.maketrans("一二三四五六七八九十百千", "壹贰叁肆伍陆柒捌玖拾佰仟")


def _letters(value: int) -> str:
    """a … z, aa, bb …"""
    return chr(ord("a") + (value - 1) % 26) * ((value - 1) // 26 + 1)


def _roman(value: int) -> str:
    numerals = ((100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))
    printed = ""
    for amount, numeral in numerals:
        printed += numeral * (value // amount)
        value %= amount
    return printed


def _circled(value: int) -> str:
    return chr(ord("①") + value - 1) if value <= 20 else str(value)


FORMATS: dict[str, Callable[[int], str]] = {
    "decimal": str,
    "decimalZero": lambda value: f"{value:02}",
    "decimalFullWidth": lambda value: str(value).translate(FULL_WIDTH),
    "decimalFullWidth2": lambda value: str(value).translate(FULL_WIDTH),
    "decimalHalfWidth": str,
    "decimalEnclosedCircle": _circled,
    "decimalEnclosedCircleChinese": _circled,
    "decimalEnclosedFullstop": lambda value: f"{value}.",
    "decimalEnclosedParen": lambda value: f"({value})",
    "chineseCounting": chinese_numeral,
    "chineseCountingThousand": chinese_numeral,
    "chineseLegalSimplified": lambda value: chinese_numeral(value).translate(FORMAL),
    "ideographDigital": chinese_numeral,
    "japaneseCounting": chinese_numeral,
    "taiwaneseCounting": chinese_numeral,
    "taiwaneseCountingThousand": chinese_numeral,
    "lowerLetter": _letters,
    "upperLetter": lambda value: _letters(value).upper(),
    "lowerRoman": _roman,
    "upperRoman": lambda value: _roman(value).upper(),
}  # of ST_NumberFormat in ISO/IEC 29500-1, 17.18.59; what is missing, bullets among it, prints nothing


@dataclass(frozen=True)
class Level:
    """How a level of a list counts: `text` is 第%1条, `restarts_below` the number of outer levels that start it again."""

    start: int
    form: str
    text: str
    restarts_below: int
    style: str | None
    only_digits: bool
    suffix: str

    def printed(self, value: int) -> str:
        known = FORMATS.get("decimal" if self.only_digits else self.form)
        return known(value) if known and 0 < value < MOST_ITEMS else str(value)


@dataclass
class Sequence:
    """A `w:num`: an abstract list, with levels that it defines or starts anew."""

    abstract: str
    levels: dict[int, Level]
    starts: dict[int, int] = field(default_factory=dict)
    begun: bool = False


class AutomaticNumbers:
    """The numbers of one document. Paragraphs have to be asked about once each, in their order."""

    def __init__(self, document: Document) -> None:
        self._styles = document.styles.element
        self._style_numbers: dict[str, tuple[str, int] | None] = {}
        self._counts: dict[str, dict[int, int]] = {}
        self._sequences = dict(_sequences(document))

    def before(self, paragraph: Element) -> str:
        """What stands before the paragraph's text; empty where it is not numbered."""
        number = self._number(paragraph)
        sequence = self._sequences.get(number[0]) if number else None
        level = sequence.levels.get(number[1]) if sequence and number else None
        if sequence is None or number is None or level is None:
            return ""
        counts = self._advance(sequence, number[1])
        if level.form not in FORMATS or not level.text:
            return ""
        printed = re.sub("%([1-9])", lambda place: self._place(sequence, level, counts, int(place[1]) - 1), level.text)
        return printed if level.suffix == "nothing" else f"{printed} "

    def _place(self, sequence: Sequence, level: Level, counts: dict[int, int], index: int) -> str:
        counted = sequence.levels.get(index, level)
        value = counts.get(index, counted.start)
        return str(value) if level.only_digits else counted.printed(value)

    def _advance(self, sequence: Sequence, index: int) -> dict[int, int]:
        counts = self._counts.setdefault(sequence.abstract, {})
        if not sequence.begun:
            sequence.begun = True
            counts.update({level: start - 1 for level, start in sequence.starts.items()})
        counts[index] = counts.get(index, sequence.levels[index].start - 1) + 1
        for inner in [each for each in counts if each > index]:
            if inner in sequence.levels and index < sequence.levels[inner].restarts_below:
                del counts[inner]
        return counts

    # -- which list a paragraph belongs to

    def _number(self, paragraph: Element) -> tuple[str, int] | None:
        """List and level, from the paragraph or else from its style."""
        properties = paragraph.find(qn("w:pPr"))
        if properties is None:
            return None
        style = _value(properties, "w:pStyle")
        return _own_number(properties) or (self._number_of_style(style) if style else None)

    def _number_of_style(self, style: str) -> tuple[str, int] | None:
        if style not in self._style_numbers:
            self._style_numbers[style] = next(self._numbers_of_bases(style), None)
        return self._style_numbers[style]

    def _numbers_of_bases(self, style: str | None) -> Iterator[tuple[str, int]]:
        for _ in range(MOST_STYLES):
            element = self._styles.find(f"w:style[@w:styleId='{style}']", self._styles.nsmap) if style else None
            if element is None:
                return
            properties = element.find(qn("w:pPr"))
            number = _own_number(properties) if properties is not None else None
            if number:
                yield number[0], self._level_of_style(number, str(style))
            style = _value(element, "w:basedOn")

    def _level_of_style(self, number: tuple[str, int], style: str) -> int:
        """The level that names the style, where the style does not name the level."""
        sequence = self._sequences.get(number[0])
        linked = (index for index, level in sequence.levels.items() if level.style == style) if sequence else iter(())
        return next(linked, number[1])


def _own_number(properties: Element) -> tuple[str, int] | None:
    number = properties.find(qn("w:numPr"))
    if number is None:
        return None
    return _value(number, "w:numId") or "0", _integer(_value(number, "w:ilvl"), 0)


# -- the part of the document that defines lists -----------------------------------------------------------------------


def _sequences(document: Document) -> Iterator[tuple[str, Sequence]]:
    part = next(
        (each.target_part for each in document.part.rels.values() if each.reltype == RELATIONSHIP_TYPE.NUMBERING), None
    )
    root = getattr(part, "element", None)
    if root is None:
        return
    abstracts = {str(each.get(qn("w:abstractNumId"))): each for each in root.findall(qn("w:abstractNum"))}
    for number in root.findall(qn("w:num")):
        abstract = _value(number, "w:abstractNumId") or ""
        overrides = number.findall(qn("w:lvlOverride"))
        levels = dict(_levels(abstracts[abstract])) if abstract in abstracts else {}
        levels |= {index: level for override in overrides for index, level in _levels(override)}
        starts = {
            _integer(each.get(qn("w:ilvl")), 0): _integer(start, 1)
            for each in overrides
            if (start := _value(each, "w:startOverride"))
        }
        yield str(number.get(qn("w:numId"))), Sequence(abstract, levels, starts)


def _levels(holder: Element) -> Iterator[tuple[int, Level]]:
    for each in holder.findall(qn("w:lvl"))[:LEVELS]:
        index = _integer(each.get(qn("w:ilvl")), 0)
        yield (
            index,
            Level(
                start=_integer(_value(each, "w:start"), 0),
                form=_value(each, "w:numFmt") or "decimal",
                text=_value(each, "w:lvlText") or "",
                restarts_below=_integer(_value(each, "w:lvlRestart"), index),
                style=_value(each, "w:pStyle"),
                only_digits=each.find(qn("w:isLgl")) is not None,
                suffix=_value(each, "w:suff") or "tab",
            ),
        )


def _value(holder: Element, name: str) -> str | None:
    found = holder.find(qn(name))
    return None if found is None else found.get(qn("w:val"))


def _integer(printed: str | None, otherwise: int) -> int:
    return int(printed) if printed is not None and printed.isdecimal() else otherwise
