"""The process that reads one document and ends: whatever a hostile file does, it does here, within limits.

Started by `services.task.drafting`. The document is an inherited file, what else is needed comes as JSON on standard
input, and the draft or its refusal leaves as JSON on standard output.
"""

import json
import logging
import os
import resource
import sys
from typing import Any

from services.task.plan_import import Draft, PlanImportError, UnitDirectory, draft_plan
from services.task.plan_import.errors import DocumentDamaged, EncodingUnknown, TooManyItems
from services.task.plan_import.reading import MOST_BYTES
from services.task.plan_import.stored_form import to_stored

MOST_MEMORY = 1_000_000_000  # 10 MB of text take 0.4 GB
MOST_ITEMS = 5_000  # 700 KB of text; the longest plans of the genre have some hundreds
OUT_OF_MEMORY = 3
PRIORITY = 10  # a document gives way to requests, and is still read while there are many


def main(document_fd: int, seconds: int) -> None:
    _limit(seconds)
    asked = json.load(sys.stdin.buffer)
    try:
        answer = _answer(_draft(_document(document_fd), asked["name"], asked["directory"]))
    except PlanImportError as refusal:
        answer = {"refused": refusal.code, "facts": refusal.facts, "because": repr(refusal.__cause__)[:500]}
    except MemoryError:
        sys.exit(OUT_OF_MEMORY)
    sys.stdout.write(json.dumps(answer))


def _limit(seconds: int) -> None:
    """By the kernel, since code that reads a hostile file cannot be trusted to stop itself."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(PRIORITY)
    logging.disable()  # readers of .pdf warn at length about what they find


def _document(document_fd: int) -> bytes:
    os.lseek(document_fd, 0, os.SEEK_SET)
    with os.fdopen(document_fd, "rb") as file:
        return file.read(MOST_BYTES + 1)


def _draft(document: bytes, name: str, directory: dict[str, Any]) -> Draft:
    try:
        draft = draft_plan(document, name, UnitDirectory.from_mapping(directory))
        draft.text.encode()
    except (PlanImportError, MemoryError):
        raise
    except Exception as error:  # a reader stumbled over what no reader foresaw
        raise DocumentDamaged from error
    if "\x00" in draft.text:  # no database can keep it
        raise EncodingUnknown
    if len(draft.items) > MOST_ITEMS:
        raise TooManyItems(count=len(draft.items), limit=MOST_ITEMS)
    return draft


def _answer(draft: Draft) -> dict[str, Any]:
    return {"text": draft.text, "items": [to_stored(item) for item in draft.items]}


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
