"""The HTTP side: first who may not call it, then what it answers."""

import asyncio
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy.event
from sqlalchemy import select

from contracts.names import Role
from services.notification.commands import put_contact_point, put_preferences
from services.notification.models import deliveries, notices
from services.notification.queries import list_inbox
from services.notification.schemas import ContactPointIn, PreferencesIn
from shared.auth import Actor
from shared.paging import Paging
from shared.testing.locks import until_another_waits
from tests.notification.desk import Desk
from tests.notification.events import MONDAY, PLAN, account_id

ROUTES = [
    ("GET", "inbox"),
    ("POST", f"inbox/{UUID(int=1)}/read"),
    ("GET", "inbox/stream"),
    ("GET", "notices"),
    ("GET", f"notices/{UUID(int=1)}/deliveries"),
    ("POST", f"deliveries/{UUID(int=1)}/retry"),
    ("GET", "contact-points"),
    ("GET", "contact-points/futian"),
    ("PUT", "contact-points/futian"),
    ("GET", "preferences"),
    ("PUT", "preferences"),
]
POINT = {"email": "zhang@example.org", "display_name": "张三", "locale": "zh"}


@pytest.fixture
async def told(desk: Desk) -> Desk:
    """Futian has a returned report and an accepted one, the office has one to review."""
    await desk.hear(desk.story.returned(), desk.story.accepted("15"), desk.story.submitted("16"))
    await desk.deliver()
    return desk


async def only(desk: Desk, **where: Any) -> Any:
    [row] = await desk.rows(notices, **where)
    return row


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_nobody_calls_without_a_token(desk: Desk, method: str, path: str) -> None:
    assert (await desk.ask(None, method, path, json={})).status_code == 401


# --- inbox ----------------------------------------------------------------------------------------


async def test_nobody_sees_or_reads_another_persons_inbox(told: Desk) -> None:
    assert await told.inbox("guangming") == []
    [item, _] = await told.inbox("futian")
    assert (await told.ask("futian-head", "POST", f"inbox/{item['id']}/read")).status_code == 404
    assert (await told.ask("office", "POST", f"inbox/{item['id']}/read")).status_code == 404


async def test_an_inbox_says_what_which_why_by_when_and_where(told: Desk) -> None:
    [item] = [item for item in await told.inbox("futian") if item["template"] == "report_returned"]
    assert (item["plan"], item["measure"], item["unit"], item["period"]) == (PLAN, "17", "futian", "2024-Q1")
    assert item["due"] == "2024-04-11"
    assert "请补充企业数量和授信金额。" in item["body"]
    assert (item["section"], item["urgent"], item["read_at"]) == ("returned", True, None)


async def test_an_inbox_speaks_the_callers_language(told: Desk) -> None:
    answer = await told.ask("futian", "GET", "inbox", headers={"Accept-Language": "en"})
    assert any(item["title"].startswith("Returned: measure 17") for item in answer.json()["items"])


async def test_reading_is_recorded_once_as_proof_of_service(told: Desk) -> None:
    [item, _] = await told.inbox("futian")
    for _ in range(2):
        answer = await told.ask("futian", "POST", f"inbox/{item['id']}/read")
        assert answer.status_code == 200
        assert datetime.fromisoformat(answer.json()["read_at"]) == MONDAY
    [event] = await told.events("notice.read")
    assert event["subject"] == f"notice/{item['notice']}"


async def test_unread_items_come_first(told: Desk) -> None:
    [first, second] = await told.inbox("futian")
    await told.ask("futian", "POST", f"inbox/{first['id']}/read")
    assert [item["id"] for item in await told.inbox("futian")] == [second["id"], first["id"]]


async def test_an_inbox_can_be_asked_for_what_is_unread(told: Desk) -> None:
    [first, second] = await told.inbox("futian")
    await told.ask("futian", "POST", f"inbox/{first['id']}/read")
    unread = (await told.ask("futian", "GET", "inbox?unread=true")).json()["items"]
    read = (await told.ask("futian", "GET", "inbox?unread=false")).json()["items"]
    assert ([item["id"] for item in unread], [item["id"] for item in read]) == ([second["id"]], [first["id"]])


async def test_an_inbox_can_be_asked_for_one_plan(told: Desk) -> None:
    assert len((await told.ask("futian", "GET", f"inbox?plan={PLAN}")).json()["items"]) == 2
    assert (await told.ask("futian", "GET", "inbox?plan=other")).json()["items"] == []


async def test_pages_of_an_inbox_hold_every_item_once(desk: Desk) -> None:
    for measure in ("15", "16", "17"):
        for _ in range(3):
            await desk.hear(desk.story.accepted(measure))
            await desk.worker.deliver_once()
            desk.clock.pass_system(seconds=1)
    whole = [item["id"] for item in await desk.inbox("futian")]
    for item in whole[2:5]:
        await desk.ask("futian", "POST", f"inbox/{item}/read")
    seen: list[str] = []
    path = "inbox?limit=2"
    while path:
        page = (await desk.ask("futian", "GET", path)).json()
        seen += [item["id"] for item in page["items"]]
        path = f"inbox?limit=2&cursor={page['next']}" if page["next"] else ""
    assert seen == [*whole[:2], *whole[5:], *whole[2:5]]


@pytest.mark.parametrize("unread", [True, False])
async def test_pages_of_one_part_of_an_inbox_hold_that_part_once(desk: Desk, unread: bool) -> None:
    await desk.hear(*(desk.story.accepted(measure) for measure in ("15", "16", "17") for _ in range(2)))
    await desk.worker.deliver_once()
    whole = [item["id"] for item in await desk.inbox("futian")]
    for item in whole[::2]:
        await desk.ask("futian", "POST", f"inbox/{item}/read")
    first = (await desk.ask("futian", "GET", f"inbox?limit=2&unread={unread}")).json()
    rest = (await desk.ask("futian", "GET", f"inbox?limit=2&unread={unread}&cursor={first['next']}")).json()
    assert [item["id"] for item in first["items"] + rest["items"]] == (whole[1::2] if unread else whole[::2])
    assert rest["next"] is None


@pytest.mark.parametrize("desk", ["sqlite"], indirect=True)
async def test_each_part_of_an_inbox_is_read_from_its_index_and_never_sorted(told: Desk) -> None:
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((f"EXPLAIN QUERY PLAN {statement}", parameters))

    async with told.service.database.read() as connection:
        await connection.execute(select(1))
        sqlalchemy.event.listen(connection.sync_connection, "before_cursor_execute", note)
        await list_inbox(connection, account_id("futian"), Paging(50))
        unread, read = [str((await connection.exec_driver_sql(*query)).all()) for query in asked[:]]
    assert "USING INDEX deliveries_unread" in unread
    assert "USING INDEX deliveries_read" in read
    assert "TEMP B-TREE" not in unread + read


@pytest.mark.parametrize("cursor", ["W10", "WyJhIiwiYiJd", "WyJhIiwibm90IGEgdGltZSIsIngiXQ", "%00"])
async def test_a_cursor_that_no_page_gave_is_refused(told: Desk, cursor: str) -> None:
    for user, path in (("futian", "inbox"), ("office", "notices")):
        assert (await told.ask(user, "GET", f"{path}?cursor={cursor}")).status_code == 400


async def test_what_was_done_meanwhile_is_marked_in_the_inbox(desk: Desk) -> None:
    await desk.hear(desk.story.rung(0, Role.LIAISON))
    await desk.deliver()
    assert [item["moot"] for item in await desk.inbox("futian")] == [False]
    await desk.hear(desk.story.submitted())
    assert [item["moot"] for item in await desk.inbox("futian")] == [True]


# --- notices and deliveries -----------------------------------------------------------------------


async def test_unit_people_see_the_notices_to_their_unit_only(told: Desk) -> None:
    own = (await told.ask("futian", "GET", "notices")).json()["items"]
    assert {(notice["role"], notice["unit"]) for notice in own} == {("liaison", "futian")}
    assert (await told.ask("guangming", "GET", "notices")).json()["items"] == []
    assert (await told.ask("guangming", "GET", "notices?unit=futian")).status_code == 404


async def test_whoever_has_no_part_in_a_plan_sees_no_notices(told: Desk) -> None:
    await told.hear(told.story.account("machine", Role.MACHINE))
    assert (await told.ask("machine", "GET", "notices")).status_code == 403


async def test_the_office_sees_all_notices_and_can_filter_them(told: Desk) -> None:
    assert len((await told.ask("office", "GET", "notices")).json()["items"]) == 3
    for query in ("unit=futian&template=report_returned", "template=report_submitted", f"plan={PLAN}&state=waiting"):
        found = (await told.ask("office", "GET", f"notices?{query}")).json()["items"]
        assert len(found) == (0 if "waiting" in query else 1)


async def test_whoever_is_bound_to_other_plans_sees_nothing_of_this_one(told: Desk) -> None:
    await told.hear(told.story.account("clerk", Role.OFFICE, plans=["other-plan"]))
    notice = await only(told, template="report_returned")
    [delivery] = await told.rows(deliveries, channel="email", recipient="futian")
    assert (await told.ask("clerk", "GET", "notices")).json()["items"] == []
    assert (await told.ask("clerk", "GET", f"notices/{notice['id']}/deliveries")).status_code == 404
    assert (await told.ask("clerk", "POST", f"deliveries/{delivery['id']}/retry")).status_code == 404


async def test_notices_are_paged_the_newest_first(told: Desk) -> None:
    whole = (await told.ask("office", "GET", "notices")).json()["items"]
    page = (await told.ask("office", "GET", "notices?limit=2")).json()
    rest = (await told.ask("office", "GET", f"notices?limit=2&cursor={page['next']}")).json()
    assert page["items"] + rest["items"] == whole
    assert rest["next"] is None


async def test_a_list_of_notices_tells_nothing_of_what_was_reported(told: Desk) -> None:
    await told.hear(told.story.account("admin", Role.ADMIN))
    answer = await told.ask("admin", "GET", "notices")
    assert answer.status_code == 200
    assert "授信" not in answer.text


async def test_deliveries_of_another_units_notice_are_hidden(told: Desk) -> None:
    notice = await only(told, template="report_returned")
    assert (await told.ask("guangming", "GET", f"notices/{notice['id']}/deliveries")).status_code == 404


async def test_deliveries_show_whom_it_reached_on_which_channel(told: Desk) -> None:
    notice = await only(told, template="report_returned")
    items = (await told.ask("office", "GET", f"notices/{notice['id']}/deliveries")).json()["items"]
    assert [(item["recipient"], item["channel"], item["state"]) for item in items] == [
        ("futian", "email", "sent"),
        ("futian", "inbox", "sent"),
    ]
    assert [item["attempts"] for item in items] == [1, 0]
    assert "example.org" not in str(items)


async def test_unit_people_may_not_have_a_delivery_retried(told: Desk) -> None:
    [delivery] = await told.rows(deliveries, channel="email", recipient="futian")
    assert (await told.ask("futian", "POST", f"deliveries/{delivery['id']}/retry")).status_code == 403


async def test_what_was_sent_is_not_retried(told: Desk) -> None:
    [delivery] = await told.rows(deliveries, channel="email", recipient="futian")
    answer = await told.ask("office", "POST", f"deliveries/{delivery['id']}/retry")
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:duban:problem:nothing-to-retry")


async def test_a_delivery_that_does_not_exist_is_not_found(told: Desk) -> None:
    assert (await told.ask("office", "POST", f"deliveries/{uuid4()}/retry")).status_code == 404
    assert (await told.ask("office", "GET", f"notices/{uuid4()}/deliveries")).status_code == 404


# --- contact points and preferences ---------------------------------------------------------------


async def test_nobody_but_an_admin_sees_or_changes_another_persons_contact_point(desk: Desk) -> None:
    for method in ("GET", "PUT"):
        for caller in ("office-head", "futian-head"):
            answer = await desk.ask(caller, method, "contact-points/futian", json=POINT)
            assert answer.status_code == 404
    assert (await desk.ask("office-head", "GET", "contact-points")).status_code == 403


async def test_an_admin_keeps_everybodys_contact_points(desk: Desk) -> None:
    await desk.hear(desk.story.account("admin", Role.ADMIN))
    answer = await desk.ask("admin", "PUT", "contact-points/guangming-head", json=POINT)
    assert answer.json() == {"account": "guangming-head", **POINT}
    listed = (await desk.ask("admin", "GET", "contact-points?limit=200")).json()["items"]
    assert {"account": "guangming-head", **POINT} in listed
    assert [item["account"] for item in listed] == sorted(item["account"] for item in listed)


async def test_an_account_that_does_not_exist_has_no_contact_point(desk: Desk) -> None:
    await desk.hear(desk.story.account("admin", Role.ADMIN))
    assert (await desk.ask("admin", "GET", "contact-points/nobody")).status_code == 404
    assert (await desk.ask("admin", "PUT", "contact-points/nobody", json=POINT)).status_code == 404


async def test_changing_a_contact_point_needs_the_version_that_was_seen(desk: Desk) -> None:
    path = "contact-points/guangming-head"
    first = await desk.ask("guangming-head", "PUT", path, json=POINT)
    again = await desk.ask("guangming-head", "PUT", path, json=POINT)
    assert (first.headers["ETag"], again.headers["ETag"], again.status_code) == ('"1"', '"1"', 200)
    other = POINT | {"locale": "en"}
    assert (await desk.ask("guangming-head", "PUT", path, json=other)).status_code == 428
    assert (await desk.ask("guangming-head", "PUT", path, json=other, headers={"If-Match": '"7"'})).status_code == 412
    changed = await desk.ask("guangming-head", "PUT", path, json=other, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
    assert (await desk.ask("guangming-head", "GET", path)).json()["locale"] == "en"


@pytest.mark.parametrize(
    "email",
    [
        "zhang",
        "zhang@",
        "zhang@example",
        "a b@example.org",
        "z@example.org\r\nBcc: all@example.org",
        "z@exa mple.org",
        "<z@example.org>",
        ".z@example.org",
        "张@example.org",
    ],
)
async def test_what_is_no_address_is_refused_with_its_place(desk: Desk, email: str) -> None:
    answer = await desk.ask("futian", "PUT", "contact-points/futian", json=POINT | {"email": email})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/email"


@pytest.mark.parametrize("change", [{"locale": "fr"}, {"display_name": "x" * 81}, {"phone": "1"}])
async def test_a_contact_point_holds_nothing_else(desk: Desk, change: dict[str, str]) -> None:
    assert (await desk.ask("futian", "PUT", "contact-points/futian", json=POINT | change)).status_code == 422


async def test_a_contact_point_never_leaves_in_an_event(desk: Desk) -> None:
    await desk.ask("guangming-head", "PUT", "contact-points/guangming-head", json=POINT)
    await desk.hear(desk.story.rung(1, Role.UNIT_HEAD, unit="guangming"))
    await desk.deliver()
    assert len(desk.mail()) == 1
    for event in await desk.rows(desk.service.tables.log):
        assert b"zhang@" not in event["payload"] + event["attributes"]


async def test_preferences_are_ones_own_and_start_with_everything(desk: Desk) -> None:
    assert (await desk.ask("futian", "GET", "preferences")).json() == {"daily_email": True}
    assert (await desk.ask("futian", "PUT", "preferences", json={"daily_email": False})).status_code == 200
    assert (await desk.ask("futian", "GET", "preferences")).json() == {"daily_email": False}
    assert (await desk.ask("guangming", "GET", "preferences")).json() == {"daily_email": True}
    assert (await desk.ask("futian", "PUT", "preferences", json={"daily_email": True})).status_code == 428


@pytest.mark.parametrize("seen", [None, '"0"'])
async def test_of_two_who_first_state_preferences_at_once_the_later_is_refused(desk: Desk, seen: str | None) -> None:
    futian = Actor(account_id("futian"), "futian", frozenset({"liaison"}))
    headers = {"If-Match": seen} if seen else {}
    async with desk.service.write() as work:
        await put_preferences(work, futian, PreferencesIn(daily_email=False), None)
        change = desk.ask("futian", "PUT", "preferences", json={"daily_email": True}, headers=headers)
        later = asyncio.create_task(change)
        await until_another_waits(work.connection)
    assert (await later).status_code in (409, 412, 428)
    assert (await desk.ask("futian", "GET", "preferences")).json()["daily_email"] is False


async def test_of_two_who_enter_an_address_at_once_the_later_is_refused(desk: Desk) -> None:
    futian = Actor(account_id("futian"), "futian", frozenset({"liaison"}))
    body, quiet = ContactPointIn.model_validate(POINT), desk.worker.quiet
    path, other = "contact-points/futian", {**POINT, "email": "li@example.org"}
    async with desk.service.write() as work:
        await put_contact_point(work, futian, "futian", body, 1, desk.clock.system_now(), quiet)
        later = asyncio.create_task(desk.ask("futian", "PUT", path, json=other, headers={"If-Match": '"1"'}))
        await until_another_waits(work.connection)
    assert (await later).status_code in (409, 412)
    assert (await desk.ask("futian", "GET", path)).json()["email"] == POINT["email"]


@pytest.mark.parametrize(("seen", "status"), [('"0"', 200), ('"1"', 412)])
async def test_whoever_saw_that_nothing_is_stored_may_say_so(desk: Desk, seen: str, status: int) -> None:
    answer = await desk.ask("futian", "PUT", "preferences", json={"daily_email": False}, headers={"If-Match": seen})
    assert answer.status_code == status
