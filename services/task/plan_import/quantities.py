"""Quantities: numbers with a unit, and the sentence that each stands in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise

from services.task.plan_import.numerals import CHINESE, decimal, magnitude
from services.task.plan_import.spans import Span
from services.task.plan_import.vocabulary import COUNTS, DURATIONS, MONEY, SIZES, any_of

_ARABIC = r"\d{1,3}(?:,\d{3}){1,4}(?:\.\d{1,6})?|\d{1,12}(?:\.\d{1,6})?"
_NUMBER = rf"(?:(?<![\d.A-Za-z])(?:{_ARABIC})|(?<![第{CHINESE}])[{CHINESE}]{{1,5}})"
_IMPLIED = "(?:(?<=超)|(?<=突破)|(?<=超过)|(?<=达到)|(?<=达))(?=万?亿)"  # 突破万亿元 is one of them
_SCALE = "(?:[十百万亿]|千(?![米克瓦伏])){0,4}"
_SCALE_ONLY = "(?<=[万亿])(?=(?:以上|以内|左右)?(?:[,。;)\n]|$))"  # 用户达到500万
_OF_WHAT = "(?:年|月|日|天|人|户|亩|吨|平方米|立方米|万元|公里|万人|千人|小时|次|平方公里|公斤|千克|度|千瓦时|千瓦|辆|台|套|床|班|村|镇|秒|升|分钟|标箱)"
_PER = f"(?:/{_OF_WHAT}(?:·{_OF_WHAT})?)?"  # 吨/月·平方公里
_UNIT = f"(?:{any_of((*MONEY, *SIZES, *COUNTS, *DURATIONS))})"
_NOT_WORDS = "(?<!部(?=门))(?<!本(?=科))(?<!人(?=[工才]))(?<!项(?=目))(?<!台(?=湾))(?<!次(?=产))(?<!种(?=植))(?<!位(?=于))(?<!条(?=例))(?<!班(?=列))(?<!分(?=[之钟别类]))(?<!P(?=[A-Za-z0-9]))(?<!路(?=[径线]))(?<!起(?=[来步点草]))"
QUANTITY = re.compile(
    rf"(?:(?P<low>{_NUMBER})(?P<low_scale>{_SCALE})(?:{_UNIT})?(?:-+|~|至|到)(?!20\d\d年))?"
    rf"(?P<value>{_NUMBER}|{_IMPLIED})(?P<more>余|多)?(?P<scale>{_SCALE})(?P<over>余|多)?"
    rf"(?:(?P<unit>{_UNIT}{_PER}){_NOT_WORDS}|(?=(?:、|和|及|与)(?:{_ARABIC}))|{_SCALE_ONLY})"
)
PERCENT = re.compile(rf"百分之(?P<value>[{CHINESE}]{{1,4}})(?!点)")
OPENED_BY_COUNT = frozenset(unit for unit in (*SIZES, *DURATIONS) if unit.startswith("个"))
LONGEST_SENTENCE = 2_000  # characters; a longer one is cut at a comma, so that looking around stays bounded
SENTENCE_END = re.compile(r"[。;!?\n]")


@dataclass(frozen=True)
class Quantity:
    """A number as printed: 千 and 百 are resolved into the value, 万 and 亿 stay with the unit."""

    span: Span
    low: Decimal | None
    value: Decimal
    unit: str
    chinese: bool
    more: bool = False

    @property
    def is_bare_scale(self) -> bool:
        """万 or 亿 of something that a later number of the list names."""
        return self.unit in ("万", "亿", "万亿")

    @property
    def is_money(self) -> bool:
        return self.unit.lstrip("万亿").split("/")[0] in MONEY

    @property
    def is_duration(self) -> bool:
        return self.unit in DURATIONS

    @property
    def is_count(self) -> bool:
        return self.unit.lstrip("万亿") in COUNTS


@dataclass(frozen=True)
class Sentence:
    span: Span
    quantities: tuple[Quantity, ...]


def sentences(text: str, span: Span) -> Iterator[Sentence]:
    """The sentences of a stretch of text that hold quantities."""
    start = span.start
    while start < span.end:
        limit = min(span.end, start + LONGEST_SENTENCE)
        stop = SENTENCE_END.search(text, start, limit)
        comma = -1 if limit == span.end else text.rfind(",", start + 1, limit)
        end = stop.start() if stop else comma if comma > 0 else limit
        found = tuple(_quantities(text, Span(start, end)))
        if found:
            yield Sentence(Span(start, end), found)
        start = end + 1


def _quantities(text: str, sentence: Span) -> Iterator[Quantity]:
    printed = sorted(_printed(text, sentence), key=lambda quantity: quantity.span)
    for index, quantity in enumerate(printed):
        respectively = "分别" in text[sentence.start : quantity.span.start]
        if quantity.is_bare_scale:
            yield replace(quantity, unit=_unit_of_list(text, printed[index:]))
            continue
        later = next((later.unit for later in printed[index + 1 :] if later.unit), "") if respectively else ""
        if quantity.unit and not (quantity.unit == "个" and later in OPENED_BY_COUNT):
            yield quantity
        elif respectively:  # 分别达到100和50家, 分别提高15个、13个百分点
            yield replace(quantity, unit=later)


def _unit_of_list(text: str, rest: Sequence[Quantity]) -> str:
    """12万、15万、20万辆: what the last of the list counts, where all are of one scale."""
    first = rest[0]
    for quantity, following in pairwise(rest):
        if text[quantity.span.end : following.span.start] not in ("、", "和", "及", "与"):
            break
        if not following.unit.startswith(first.unit):
            break
        if following.unit != first.unit:
            return following.unit
    return first.unit


def _printed(text: str, sentence: Span) -> Iterator[Quantity]:
    for match in PERCENT.finditer(text, *sentence):
        yield Quantity(Span(*match.span()), None, decimal(match["value"]), "%", chinese=False)
    for match in QUANTITY.finditer(text, *sentence):
        if text[match.start() - 2 : match.start()] != "分之":
            yield _quantity(match)


def _quantity(match: re.Match[str]) -> Quantity:
    printed, scale = match["value"], match["scale"]
    places = "".join(place for place in scale if place in "十百千")
    low = match["low"]
    low_scale = "".join(place for place in (match["low_scale"] or "") if place in "十百千")
    return Quantity(
        span=Span(*match.span()),
        low=decimal(low) * magnitude(low_scale or places) if low else None,
        value=(decimal(printed) if printed else Decimal(1)) * magnitude(places),
        unit=scale.translate({ord(place): None for place in "十百千"}) + (match["unit"] or ""),
        chinese=bool(printed) and not printed[0].isdecimal(),
        more=bool(match["more"] or match["over"]),
    )
