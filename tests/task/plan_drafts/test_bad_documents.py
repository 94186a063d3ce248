"""What cannot become a draft: a stable problem type and a sentence, in bounded time and memory, and nothing is stored."""

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator, Callable, Mapping

import pytest

from services.task.drafting import Drafting
from services.task.models import ImportDraft
from shared.db import table_of
from tests.task.city import City, problem
from tests.task.plan_drafts.desk import TEXT, TOO_MANY, imported, upload
from tests.task.plan_import.test_reading import blank_pdf

STORED = table_of(ImportDraft)


def bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"0" * 15_000_000)
    return packed.getvalue()


def novel() -> str:
    return "第一回\n" + "话说那人回头一看，只见门外站着一位老者，便问他从何处来。\n" * 2000


REFUSED: Mapping[str, tuple[bytes | str | Callable[[], bytes | str], int, str]] = {
    "empty": (b"", 422, "document-empty"),
    "blank": ("　\n\n ".encode(), 422, "document-empty"),
    "image-only pdf": (blank_pdf(), 422, "pdf-without-text"),
    "encrypted pdf": (blank_pdf("secret"), 422, "pdf-encrypted"),
    "broken pdf": (b"%PDF-1.7\n" + b"garbage" * 100, 422, "document-damaged"),
    "novel": (novel, 422, "not-a-plan"),
    "zip bomb": (bomb, 413, "document-expands-too-much"),
    "mixed encodings": (TEXT.encode() * 3 + TEXT.encode("gb18030") * 3, 422, "encoding-unknown"),
    "zero characters": (TEXT.replace("仓储", "仓\0储").encode(), 422, "encoding-unknown"),
    "old word file": (b"\xd0\xcf\x11\xe0" + bytes(500), 415, "format-not-supported"),
    "table without header": ("建设海外仓\t市商务局\n办好活动\t市教育局\n" * 5, 422, "not-a-plan"),
    "50 MB": (lambda: b"0" * 50_000_000, 413, "document-too-large"),
    "too many plans": (TOO_MANY, 413, "too-many-items"),
}


@pytest.mark.parametrize(("document", "status", "code"), REFUSED.values(), ids=REFUSED)
async def test_a_document_that_is_no_plan_is_refused_with_a_sentence(
    office: City, document: bytes | str | Callable[[], bytes | str], status: int, code: str
) -> None:
    answer = await upload(office, document() if callable(document) else document)
    assert (answer.status_code, problem(answer)) == (status, code)
    assert await office.rows(STORED) == []


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_the_sentence_is_in_the_callers_language(office: City, language: str) -> None:
    answer = await upload(office, blank_pdf(), **{"Accept-Language": language})
    assert ("扫描图片" in answer.json()["detail"]) == (language == "zh-CN")


async def pieces(count: int, taken: list[int]) -> AsyncIterator[bytes]:
    for _ in range(count):
        taken.append(1_000_000)
        yield b"0" * 1_000_000


@pytest.mark.parametrize("form", ["body", "form"])
async def test_a_body_of_unknown_length_is_cut_off_at_the_limit(office: City, form: str) -> None:
    taken: list[int] = []
    headers = {"Content-Type": "multipart/form-data; boundary=b"} if form == "form" else {}
    answer = await office.ask(
        "office", "POST", "plan-drafts", params={"name": "方案.txt"}, content=pieces(50, taken), headers=headers
    )
    assert answer.status_code in (400, 413)
    assert sum(taken) < 22_000_000


async def test_a_form_that_is_none_is_a_bad_request(office: City) -> None:
    answer = await office.ask(
        "office", "POST", "plan-drafts", content=b"--c", headers={"Content-Type": "multipart/form-data; boundary=b"}
    )
    assert (answer.status_code, problem(answer)) == (400, "bad-request")


@pytest.fixture
async def drafting(office: City) -> AsyncIterator[Drafting]:
    """The service's own, with limits that a test may lower."""
    usual = office.app.state.drafting
    office.app.state.drafting = Drafting()
    yield office.app.state.drafting
    office.app.state.drafting = usual


async def test_a_document_that_takes_too_long_is_given_up(office: City, drafting: Drafting) -> None:
    drafting.seconds = 0.05
    answer = await upload(office)
    assert (answer.status_code, problem(answer)) == (422, "document-too-complex")
    assert await office.rows(STORED) == []


async def test_after_a_document_was_given_up_the_next_is_read(office: City, drafting: Drafting) -> None:
    drafting.seconds = 0.05
    await upload(office)
    drafting.seconds = 30
    assert (await imported(office))["version"] == 1


async def test_who_comes_while_others_are_read_is_told_to_return(office: City, drafting: Drafting) -> None:
    drafting.most_at_once = 1
    answers = await asyncio.gather(upload(office), upload(office), upload(office))
    assert sorted(answer.status_code for answer in answers) == [201, 503, 503]
    assert {answer.headers.get("Retry-After") for answer in answers} == {None, "10"}


async def test_the_service_answers_while_a_document_is_read(office: City) -> None:
    reading = asyncio.create_task(upload(office, TEXT * 20))
    answered = 0
    while not reading.done():
        await office.get("office", "plans")
        answered += 1
    assert (await reading).status_code == 201
    assert answered > 3
