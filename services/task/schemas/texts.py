"""Text from outside."""

from typing import Annotated

from pydantic import AfterValidator, StringConstraints
from pydantic_core import PydanticCustomError

from shared.errors import Text

_UNSTORABLE = Text(
    "含有不可存储的字符 U+0000，请删除后重试。", "It holds the character U+0000, which cannot be stored; remove it."
)
MAX_TEXT = 20_000


def _storable(text: str) -> str:
    """Neither PostgreSQL nor XML can hold NUL; SQLite could, and its events would fail elsewhere."""
    if "\x00" in text:
        raise PydanticCustomError("unstorable_text", "{en}", _UNSTORABLE._asdict())
    return text


Storable = AfterValidator(_storable)
ShortText = Annotated[str, StringConstraints(max_length=500), Storable]
LongText = Annotated[str, StringConstraints(max_length=MAX_TEXT), Storable]
Spoken = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TEXT), Storable]
