"""What every expected failure of a command has: a sentence for people and an exit code for programs."""

from typing import ClassVar


class Failure(Exception):
    """The sentence says what to do."""

    exit_code: ClassVar[int] = 1
