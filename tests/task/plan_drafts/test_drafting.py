"""The process beside the service: what it knows, what limits it, what it gives back."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from services.task.draft_process import MOST_MEMORY
from services.task.drafting import Drafting, DraftingFailed
from services.task.plan_import import UnitDirectory, draft_plan
from services.task.plan_import.errors import DocumentTooComplex, PdfEncrypted, TooManyItems
from services.task.plan_import.stored_form import from_stored, to_stored
from tests.task.plan_drafts.desk import TEXT, TOO_MANY
from tests.task.plan_import.test_reading import blank_pdf

DIRECTORY = {"units": [{"key": "commerce", "name": "市商务局", "aliases": ["市商务委"]}], "groups": []}
SAMPLES = sorted((Path(__file__).parents[1] / "plan_import" / "samples").glob("*.txt"))


def opened(folder: Path, content: bytes) -> int:
    file = folder / "document"
    file.write_bytes(content)
    return os.open(file, os.O_RDONLY)


async def test_a_process_gives_the_draft_that_the_library_gives(tmp_path: Path) -> None:
    document = opened(tmp_path, TEXT.encode())
    found = await Drafting().draft(document, "方案.txt", DIRECTORY)
    os.close(document)
    assert found == draft_plan(TEXT.encode(), "方案.txt", UnitDirectory.from_mapping(DIRECTORY))


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda file: file.stem)
def test_every_item_is_kept_without_loss(sample: Path) -> None:
    items = draft_plan(sample.read_bytes(), sample.name).items
    assert tuple(from_stored(to_stored(item)) for item in items) == items


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (blank_pdf("secret"), PdfEncrypted),
        pytest.param(TOO_MANY.encode(), TooManyItems, marks=pytest.mark.slow),  # it is read to the end first
    ],
    ids=["of a library", "of ours"],
)
async def test_a_refusal_crosses_over_with_its_sentence(
    tmp_path: Path, content: bytes, refusal: type[PdfEncrypted | TooManyItems]
) -> None:
    document = opened(tmp_path, content)
    with pytest.raises(refusal) as raised:
        await Drafting().draft(document, "方案", DIRECTORY)
    os.close(document)
    assert "{" not in raised.value.sentence("zh")


def children() -> set[int]:
    return {child.pid for child in psutil.Process().children()}


async def test_a_process_that_is_given_up_is_gone(tmp_path: Path) -> None:
    before = children()
    document = opened(tmp_path, "推进建设。".encode() * 300_000)
    with pytest.raises(DocumentTooComplex):
        await Drafting(seconds=0.3).draft(document, "方案.txt", DIRECTORY)
    os.close(document)
    assert children() == before  # a dead one that nobody waited for would be among them


LIMITED = f"""
import os, sys
from services.task.draft_process import _limit
_limit(1)
match sys.argv[1]:
    case "memory": bytearray({MOST_MEMORY})
    case "time":
        while True: pass
    case "file": open(sys.argv[2], "w").write("a" * 100_000)
"""


@pytest.mark.parametrize(
    "want",
    ["memory", pytest.param("time", marks=pytest.mark.slow), "file"],  # the kernel counts whole seconds
)
def test_the_kernel_limits_memory_time_and_files(tmp_path: Path, want: str) -> None:
    asked = [sys.executable, "-c", LIMITED, want, str(tmp_path / "written")]
    assert subprocess.run(asked, capture_output=True, check=False).returncode != 0


async def test_a_process_knows_none_of_the_services_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "spy.py").write_text("import os, sys; sys.exit(' '.join(sorted(os.environ)))")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("DUBAN_DATABASE_URL", "postgresql://secret")
    monkeypatch.setattr("services.task.drafting.PROCESS", "spy")
    document = opened(tmp_path, b"")
    with pytest.raises(DraftingFailed) as raised:
        await Drafting().draft(document, "方案.txt", DIRECTORY)
    os.close(document)
    assert set(str(raised.value).split()) <= {"PYTHONPATH", "PYTHONUTF8", "LC_CTYPE"}
