"""Rules that span several fields of a document: every broken one at once, each with its place and a sentence."""

from collections.abc import Sequence
from typing import NamedTuple

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from shared.errors import Text

Place = tuple[str | int, ...]


class Refusal(NamedTuple):
    """One broken rule; `place` is relative to the model whose validator found it."""

    place: Place
    code: str
    sentence: Text


def refuse(model: type, refusals: Sequence[Refusal]) -> None:
    """Raise one ValidationError that names every place, or nothing where there is none.

    For model validators: pydantic puts the path of the enclosing models before each place. Both languages travel in
    the error's context as `zh` and `en`.
    """
    if refusals:
        raise ValidationError.from_exception_data(model.__name__, [_line(refusal) for refusal in refusals])


def broken_rule(code: str, sentence: Text) -> PydanticCustomError:
    """What a field's validator raises, in both languages."""
    return PydanticCustomError(code, "{en}", sentence._asdict())


def _line(refusal: Refusal) -> InitErrorDetails:
    return InitErrorDetails(type=broken_rule(refusal.code, refusal.sentence), loc=refusal.place, input=None)
