"""What every expected failure of a command has: a sentence for people and an exit code for programs."""

from typing import ClassVar


class Failure(Exception):
    """The sentence says what to do."""

    exit_code: ClassVar[int] = 1


def unusable_file(refused: OSError) -> str:
    """The sentence about a file or folder that the system lets nobody read or write."""
    return (
        f"{refused.filename} 无法读写（{refused.strerror}），请检查它是否存在、权限是否正确。 "
        f"{refused.filename} cannot be read or written ({refused.strerror}); check that it is there and its permissions."
    )
