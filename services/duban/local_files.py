"""Files of this machine that Duban keeps for its commands: the session and the demo's accounts."""

from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from services.duban.failures import Failure
from shared.errors import Text

Shape = TypeVar("Shape")


class DamagedFile(Failure):
    """A file that Duban keeps holds something else; the sentence says how to get a good one."""


def read_json_file(path: Path, shape: type[Shape], remedy: Text) -> Shape:
    """What is kept in the file. Raises FileNotFoundError, or DamagedFile with the remedy."""
    try:
        return TypeAdapter(shape).validate_json(path.read_bytes())
    except FileNotFoundError:
        raise
    except (OSError, ValidationError) as damaged:
        raise DamagedFile(
            f"{path} 已损坏或无法读取，{remedy.zh}。 {path} is damaged or cannot be read; {remedy.en}."
        ) from damaged
