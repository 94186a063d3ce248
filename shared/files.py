"""Files that are there whole or not at all, whenever the process is killed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from shared.faultpoints import faultpoint

OWNER_ONLY = 0o600


def write_whole(path: Path, content: bytes, *, mode: int = 0o666) -> None:
    """Write or replace the file; a reader sees the old content or the new one. `mode` is subject to the umask."""
    with _unfinished(path, content, mode) as unfinished:
        faultpoint("file.before_rename")
        unfinished.rename(path)


def write_secret(path: Path, text: str) -> None:
    """Write or replace a file that only its owner can read."""
    write_whole(path, text.encode(), mode=OWNER_ONLY)


def keep_secret(path: Path, text: str) -> str:
    """Keep `text` for the owner only, unless something is kept there already. Answers what is kept.

    Of processes that do this at the same time all get the same answer.
    """
    with _unfinished(path, text.encode(), OWNER_ONLY) as unfinished, suppress(FileExistsError):
        path.hardlink_to(unfinished)
    return path.read_text()


@contextmanager
def _unfinished(path: Path, content: bytes, mode: int) -> Iterator[Path]:
    """The content on the disk beside its final place, under a name of this process and call; gone at the end."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}-{os.urandom(4).hex()}.part")
    try:
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield unfinished
    finally:
        unfinished.unlink(missing_ok=True)
