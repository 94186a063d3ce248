"""Files that other processes read while they are written, and that a kill may interrupt."""

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shared.files import keep_secret, write_secret, write_whole

WRITE = "import sys; from pathlib import Path; from shared.files import write_secret; write_secret(Path(sys.argv[1]), 'new')"


def test_a_file_is_written_and_replaced_and_nothing_else_stays(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "file"
    write_whole(path, b"old")
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert [each.name for each in path.parent.iterdir()] == ["file"]


def test_a_secret_is_for_its_owner_even_where_the_old_file_was_not(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("open to all")
    path.chmod(0o644)
    write_secret(path, "hidden")
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("before", [None, "old"])
def test_a_kill_leaves_the_old_file_or_none(before: str | None, tmp_path: Path) -> None:
    path = tmp_path / "secret"
    if before:
        path.write_text(before)
    killed = subprocess.run(
        [sys.executable, "-c", WRITE, str(path)], env={"DUBAN_FAULT": "file.before_rename:1:KILL"}, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert (path.read_text() if path.exists() else None) == before


def test_what_was_kept_first_stays(tmp_path: Path) -> None:
    assert keep_secret(tmp_path / "key", "first") == "first"
    assert keep_secret(tmp_path / "key", "second") == "first"
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert len(list(tmp_path.iterdir())) == 1


def test_all_who_come_at_the_same_time_keep_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        kept = set(threads.map(lambda number: keep_secret(tmp_path / "key", f"{number}" * 100_000), range(64)))
    assert len(kept) == 1
