"""Operators' routes over events that really wait."""

from typing import Any

import pytest

from shared.bus import BusUnavailable, Record
from shared.consumer import Projection
from shared.consumer.standing import park
from shared.consumer.triage import Reason, read_record
from tests.shared.small_service import ACCOUNTS, CONSUMING, Small, token

CONSUMER = Projection("small.accounts", topics=["duban.directory.v1"])
CONSUMER.table(ACCOUNTS)
SECRET = b'{"done": "what a unit reported"}'


@pytest.fixture
async def operator(small: Small) -> Small:
    """Signed in as an administrator, with one record parked that nobody can read."""
    admin = await small.add_account("root", roles=["admin"], unit=None)
    small.client.headers["Authorization"] = f"Bearer {token(admin)}"
    small.service.consumers = (CONSUMER,)
    record = Record("duban.directory.v1", 3, 7, "key", (), SECRET)
    async with small.service.database.write() as connection:
        incoming = read_record(record, CONSUMER.event_types())
        await park(connection, CONSUMING, CONSUMER.name, incoming, Reason.UNDECODABLE, "no ce_specversion header")
    return small


async def parked(operator: Small) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await operator.client.get("/parked")).json()["items"]
    return items


async def test_parked_events_are_explained_without_their_content(operator: Small) -> None:
    (item,) = await parked(operator)
    assert (item["reason"], item["error"]) == ("undecodable", "no ce_specversion header")
    assert (item["topic"], item["partition"], item["offset"]) == ("duban.directory.v1", 3, 7)
    assert "reported" not in str(item)
    shown = await operator.client.get(f"/parked/{item['consumer']}/{item['subject']}")
    assert shown.json()["items"] == [item]


async def test_what_is_not_parked_is_404(operator: Small) -> None:
    answer = await operator.client.get(f"/parked/{CONSUMER.name}/report/none")
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:duban:problem:nothing-parked")


async def test_a_mistyped_subject_cannot_be_retried(operator: Small) -> None:
    body = {"consumer": CONSUMER.name, "subject": "report/none"}
    answer = await operator.client.post("/parked/retry", json=body)
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:duban:problem:nothing-parked")


@pytest.mark.parametrize("place", ["", "/small.accounts/undecodable/duban.directory.v1/3/key"])
async def test_many_parked_events_are_read_page_by_page(operator: Small, place: str) -> None:
    async with operator.service.database.write() as connection:
        for offset in range(8, 12):
            record = Record("duban.directory.v1", 3, offset, "key", (), SECRET)
            incoming = read_record(record, CONSUMER.event_types())
            await park(connection, CONSUMING, CONSUMER.name, incoming, Reason.UNDECODABLE, "no header")
    page = (await operator.client.get(f"/parked{place}?limit=2")).json()
    offsets = [item["offset"] for item in page["items"]]
    while page["next"]:
        page = (await operator.client.get(f"/parked{place}?limit=2&cursor={page['next']}")).json()
        offsets += [item["offset"] for item in page["items"]]
    assert offsets == [7, 8, 9, 10, 11]


async def test_a_retry_says_how_many_still_wait(operator: Small) -> None:
    (item,) = await parked(operator)
    body = {"consumer": item["consumer"], "subject": item["subject"]}
    answer = await operator.client.post("/parked/retry", json=body)
    assert answer.json() == {"left": 1}
    assert (await parked(operator))[0]["attempts"] == 2


@pytest.mark.parametrize("reason", ["", "   "])
async def test_skipping_needs_a_reason(operator: Small, reason: str) -> None:
    (item,) = await parked(operator)
    body = {key: item[key] for key in ("consumer", "subject", "version")}
    answer = await operator.client.post("/parked/skip", json={**body, "reason": reason})
    assert answer.json()["errors"][0]["pointer"] == "/reason"


async def test_a_skip_is_on_record_with_who_and_why(operator: Small) -> None:
    (item,) = await parked(operator)
    body = {key: item[key] for key in ("consumer", "subject", "version")}
    answer = await operator.client.post("/parked/skip", json={**body, "reason": "another program wrote it"})
    assert answer.json() == {"left": 0}
    assert await parked(operator) == []
    async with operator.service.database.read() as connection:
        (skip,) = (await connection.execute(CONSUMING.skipped.select())).all()
    assert (skip.by, skip.reason) == ("root", "another program wrote it")


async def test_without_the_bus_the_lag_is_unknown_for_now(operator: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    async def absent(_topics: object) -> None:
        raise BusUnavailable

    monkeypatch.setattr(operator.service.bus, "end_offsets", absent)
    answer = await operator.client.get("/lag")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
