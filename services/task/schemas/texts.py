"""Text from outside."""

import re
from typing import Annotated

from pydantic import AfterValidator, StringConstraints
from pydantic_core import PydanticCustomError

from shared.errors import Text

_UNSTORABLE = Text(
    "含有不可存储的字符（U+0000 或半个字符），请删除后重试。",
    "It holds a character that cannot be stored (U+0000, or half of one); remove it.",
)
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
MAX_TEXT = 20_000


def _storable(text: str) -> str:
    """Neither PostgreSQL nor XML can hold NUL; SQLite could, and its events would fail elsewhere.

    Half a character, which JSON can write as `\\ud800`, has no bytes at all.
    """
    if UNSTORABLE.search(text):
        raise PydanticCustomError("unstorable_text", "{en}", _UNSTORABLE._asdict())
    return text


Storable = AfterValidator(_storable)
ShortText = Annotated[str, StringConstraints(max_length=500), Storable]
LongText = Annotated[str, StringConstraints(max_length=MAX_TEXT), Storable]
Spoken = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TEXT), Storable]
