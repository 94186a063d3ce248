"""Spans, and texts that know which characters of the document they came from."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple


class Span(NamedTuple):
    """Half-open range of characters."""

    start: int
    end: int

    def of(self, text: str) -> str:
        return text[self.start : self.end]

    def moved(self, by: int) -> Span:
        return Span(self.start + by, self.end + by)


class Edit(NamedTuple):
    start: int
    end: int
    replacement: str


@dataclass(frozen=True)
class TracedText:
    """A text derived from another by edits; any span of it leads back to the document as read.

    The map is piecewise: `_here[i]` is where a piece begins in this text, `_there[i]` where it begins in the origin.
    """

    text: str
    origin: TracedText | None = None
    _here: array[int] = field(default_factory=lambda: array("q", [0]), repr=False)
    _there: array[int] = field(default_factory=lambda: array("q", [0]), repr=False)

    def edited(self, edits: Iterable[Edit]) -> TracedText:
        """Apply edits that are in order and do not overlap."""
        pieces: list[str] = []
        here, there = array("q", [0]), array("q", [0])
        written = read = 0
        for edit in edits:
            pieces.append(self.text[read : edit.start])
            written += edit.start - read
            for _ in edit.replacement:
                here.append(written)
                there.append(edit.start)
                written += 1
            pieces.append(edit.replacement)
            here.append(written)
            there.append(edit.end)
            read = edit.end
        pieces.append(self.text[read:])
        return TracedText("".join(pieces), self, here, there)

    def source(self, span: Span) -> Span:
        """The characters of the document that this span of the text came from."""
        if span.end <= span.start:
            at = self._trace(span.start)
            return Span(at, at)
        return Span(self._trace(span.start), self._trace(span.end - 1) + 1)

    def characters(self, span: Span) -> str:
        """The document's characters that this span of the text consists of, without what was dropped between them."""
        return (
            "".join(self.origin.characters(part) for part in self._parts(span)) if self.origin else span.of(self.text)
        )

    def _parts(self, span: Span) -> Iterator[Span]:
        """The stretches of the origin that a span consists of; what one character was spelled out from, once."""
        piece = bisect_right(self._here, span.start) - 1
        start, spelled = span.start, -1
        while start < span.end:
            following = self._here[piece + 1] if piece + 1 < len(self._here) else span.end
            end = min(following, span.end)
            there = self._there[piece] + start - self._here[piece]
            if end > start and there != spelled:
                yield Span(there, there + end - start)
            start, spelled, piece = end, there, piece + 1

    def _trace(self, position: int) -> int:
        if self.origin is None:
            return position
        piece = bisect_right(self._here, position) - 1
        return self.origin._trace(self._there[piece] + position - self._here[piece])
