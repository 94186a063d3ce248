"""The caller's language: zh-CN unless Accept-Language prefers English."""

from collections.abc import Iterable
from typing import Literal

Language = Literal["zh-CN", "en"]
DEFAULT: Language = "zh-CN"


def preferred(accept_language: str) -> Language:
    """The best of the two languages of the product (RFC 9110 section 12.5.4); a tie goes to the one named first."""
    best: tuple[float, Language] = (0.0, DEFAULT)
    for tag, quality in _ranges(accept_language):
        language = _ours(tag)
        if language and quality > best[0]:
            best = (quality, language)
    return best[1]


def _ranges(accept_language: str) -> Iterable[tuple[str, float]]:
    for part in accept_language[:200].split(","):
        tag, _, parameter = part.partition(";")
        try:
            yield tag.strip().lower(), float(parameter.strip().removeprefix("q=") or 1)
        except ValueError:
            continue


def _ours(tag: str) -> Language | None:
    if tag.startswith("en"):
        return "en"
    return "zh-CN" if tag.startswith("zh") or tag == "*" else None
