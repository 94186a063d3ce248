"""Upload an official text and read its draft."""

from uuid import UUID

import pytest

from services.task.models import ImportDraft
from shared.db import table_of
from tests.task.city import City, problem
from tests.task.plan_drafts.desk import MISSPELT, TEXT, imported, items, unit, upload

NOT_THE_OFFICE = [
    (None, 401),
    ("admin", 403),
    ("leader", 403),
    ("auditor", 403),
    ("futian", 403),
    ("futian-head", 403),
    ("futian-robot", 403),
    ("coordinator", 403),
]
STORED = table_of(ImportDraft)
NOBODYS = "0190a1b2-0000-7000-8000-000000000000"


@pytest.mark.parametrize(("who", "status"), NOT_THE_OFFICE)
async def test_nobody_but_the_office_imports(office: City, who: str | None, status: int) -> None:
    answer = await upload(office, who=who)
    assert answer.status_code == status
    assert await office.rows(STORED) == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("GET", "/{draft}"),
        ("GET", "/{draft}/html"),
        ("GET", "/{draft}/difference"),
        ("PATCH", "/{draft}"),
        ("POST", "/{draft}/confirm"),
        ("POST", "/{draft}/revert"),
    ],
)
@pytest.mark.parametrize(("who", "status"), NOT_THE_OFFICE)
async def test_a_draft_is_nobodys_business_but_the_offices(
    office: City, who: str | None, status: int, method: str, path: str
) -> None:
    address = f"plan-drafts{path.format(draft=NOBODYS)}"
    bodies = {"PATCH": {"operations": [{"op": "confirm", "item": "title"}]}, "POST": {"all": True}}
    answer = await office.ask(who, method, address, json=bodies.get(method), headers={"If-Match": '"1"'})
    assert answer.status_code == status


async def test_an_account_for_other_plans_sees_what_it_imported_itself_only(office: City) -> None:
    draft = await imported(office)
    assert problem(await office.ask("elsewhere", "GET", f"plan-drafts/{draft['id']}")) == "plan-draft-not-found"
    own = (await upload(office, who="elsewhere")).json()
    assert [listed["id"] for listed in (await office.get("elsewhere", "plan-drafts"))["items"]] == [own["id"]]
    assert len((await office.get("office-head", "plan-drafts"))["items"]) == 2


async def test_a_document_of_nobody_is_not_even_received(office: City) -> None:
    assert (await upload(office, b"0" * 30_000_000, who="futian")).status_code == 403


async def test_an_import_says_what_is_certain_inferred_and_unresolved(either_office: City) -> None:
    answer = await upload(either_office)
    draft = answer.json()
    assert (answer.status_code, answer.headers["ETag"], draft["version"], draft["plan"]) == (201, '"1"', 1, None)
    assert items(draft, "unresolved") == [MISSPELT]
    assert "unit:2:市商务局" in items(draft, "inferred")
    assert "target:1:1" in items(draft, "certain")
    assert draft["counts"] == {status: len(items(draft, status)) for status in draft["counts"]}
    assert await either_office.count_events() == 0


async def test_every_span_leads_into_the_text(office: City) -> None:
    draft = await imported(office)
    assert draft["text"] == TEXT
    for listed in draft["draft"]["items"].values():
        for item in listed:
            start, end = item["span"]
            assert draft["text"][start:end].startswith(item["source"])


async def test_units_are_matched_to_the_names_that_directory_told(office: City) -> None:
    draft = await imported(office)
    found = {item: unit(draft, item)["key"] for item in ("unit:1:市商务委", "unit:1:市教育局", "unit:1:各区")}
    assert found == {"unit:1:市商务委": "commerce", "unit:1:市教育局": "education", "unit:1:各区": "districts"}
    assert (unit(draft, MISSPELT)["key"], unit(draft, MISSPELT)["proposals"]) == (None, ["customs"])


async def test_the_draft_is_read_again_as_it_was_answered(either_office: City) -> None:
    draft = await imported(either_office)
    answer = await either_office.ask("office-head", "GET", f"plan-drafts/{draft['id']}")
    assert (answer.json(), answer.headers["ETag"]) == (draft, '"1"')


async def test_the_page_shows_the_text_with_its_spans_and_runs_nothing(office: City) -> None:
    draft = await imported(office, TEXT.replace("建设海外仓", "建设<script>海外仓"))
    answer = await office.ask("office", "GET", f"plan-drafts/{draft['id']}/html")
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert f'<mark class="unit unresolved" id="i-{MISSPELT}"' in answer.text
    assert "<script" not in answer.text


async def test_a_form_brings_a_file_with_its_name(office: City) -> None:
    answer = await office.ask("office", "POST", "plan-drafts", files={"file": ("港口 方案.txt", TEXT.encode())})
    assert (answer.status_code, answer.json()["document"]) == (201, "港口 方案.txt")


async def test_a_large_form_is_read_from_its_file_on_disk(office: City) -> None:
    document = TEXT + "附记。" * 150_000
    answer = await office.ask("office", "POST", "plan-drafts", files={"file": ("方案.txt", document.encode())})
    assert (answer.status_code, len(answer.json()["text"])) == (201, len(document))


@pytest.mark.parametrize("name", ["../../etc/方案.txt", "C:\\文件\\方案.txt", "方\x00案.txt"])
async def test_a_file_name_is_kept_without_folders(office: City, name: str) -> None:
    assert (await upload(office, name=name)).json()["document"] == "方案.txt"


async def test_a_body_without_a_name_and_a_form_without_a_file_are_refused(office: City) -> None:
    unnamed = await office.ask("office", "POST", "plan-drafts", content=TEXT.encode())
    without_file = await office.ask("office", "POST", "plan-drafts", files={"other": ("方案.txt", TEXT.encode())})
    assert [problem(answer) for answer in (unnamed, without_file)] == ["upload-without-file"] * 2


async def test_the_same_upload_with_the_same_key_is_one_draft(office: City) -> None:
    first, again, other = [
        await upload(office, document, **{"Idempotency-Key": "k1"}) for document in (TEXT, TEXT, TEXT + "。")
    ]
    assert again.json() == first.json()
    assert (other.status_code, problem(other)) == (422, "idempotency-key-reused")
    assert len(await office.rows(STORED)) == 1


async def test_a_rehearsed_import_is_answered_and_not_kept(office: City) -> None:
    answer = await office.ask(
        "office", "POST", "plan-drafts", params={"name": "方案.txt", "dry_run": "true"}, content=TEXT.encode()
    )
    assert answer.status_code == 201
    assert await office.rows(STORED) == []


async def test_drafts_are_listed_the_newest_first_page_by_page(either_office: City) -> None:
    ids = [(await imported(either_office))["id"] for _ in range(3)]
    first = await either_office.get("office", "plan-drafts", limit=2)
    rest = await either_office.get("office", "plan-drafts", limit=2, cursor=first["next"])
    assert [draft["id"] for draft in first["items"] + rest["items"]] == sorted(ids, key=UUID, reverse=True)
    assert rest["next"] is None
    assert "draft" not in first["items"][0]


async def test_an_unknown_draft_is_not_there(office: City) -> None:
    for path in ("", "/html", "/difference"):
        answer = await office.ask("office", "GET", f"plan-drafts/{NOBODYS}{path}")
        assert (answer.status_code, problem(answer)) == (404, "plan-draft-not-found")
