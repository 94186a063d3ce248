"""Documents that somebody uploads: written to a file as they arrive, and never held in memory."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import PurePath
from tempfile import TemporaryFile
from typing import BinaryIO

from fastapi import Request
from starlette.datastructures import UploadFile

from services.task.plan_import.errors import DocumentTooLarge, UploadWithoutFile
from services.task.plan_import.reading import MOST_BYTES
from shared.web.edge import BodyTooLarge

FRAMING = 64 * 1024  # what a form adds to its file
MOST_BODY = MOST_BYTES + FRAMING
PIECE = 1024 * 1024
LONGEST_NAME = 200
FORM = "multipart/form-data"


@dataclass(frozen=True)
class SentDocument:
    """`file` is open until the request is answered."""

    file: BinaryIO
    name: str

    def sha256(self) -> str:
        self.file.seek(0)
        digest = hashlib.sha256()
        for piece in iter(partial(self.file.read, PIECE), b""):
            digest.update(piece)
        return digest.hexdigest()


@asynccontextmanager
async def sent_document(request: Request, name: str | None) -> AsyncIterator[SentDocument]:
    """The file of a form, or the body itself under the name given.

    Raises DocumentTooLarge as soon as the body is known to be, UploadWithoutFile.
    """
    try:
        if request.headers.get("content-type", "").lower().startswith(FORM):
            async with request.form(max_files=1, max_fields=5) as form:
                yield _file_of(form.get("file"))
        else:
            with TemporaryFile() as file:
                yield await _body(request, file, name)
    except BodyTooLarge as beyond:
        raise DocumentTooLarge(limit=f"{MOST_BYTES // 1_000_000} MB") from beyond


def _file_of(field: object) -> SentDocument:
    if not isinstance(field, UploadFile):
        raise UploadWithoutFile
    return SentDocument(field.file, _plain(field.filename))


async def _body(request: Request, file: BinaryIO, name: str | None) -> SentDocument:
    async for piece in request.stream():
        file.write(piece)
    file.flush()
    return SentDocument(file, _plain(name))


def _plain(name: str | None) -> str:
    """Without folders and what cannot be shown or stored. Raises UploadWithoutFile where nothing is left."""
    last = PurePath((name or "").replace("\\", "/")).name
    shown = "".join(character for character in last if character.isprintable())[-LONGEST_NAME:]
    if not shown:
        raise UploadWithoutFile
    return shown
