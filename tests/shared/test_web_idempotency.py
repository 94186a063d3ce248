"""One Idempotency-Key, one effect, one answer."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from shared.clock import system_now
from shared.event_log.answers import KEPT, forget_old_answers
from tests.shared.small_service import EVENT_LOG, Small, token


async def post(small: Small, key: str, name: str = "a", **headers: str) -> httpx.Response:
    return await small.client.post("/things", json={"name": name}, headers={"Idempotency-Key": key, **headers})


async def test_the_same_request_again_gets_the_first_answer(either: Small) -> None:
    first, second = await post(either, "k1"), await post(either, "k1")
    assert (second.status_code, second.content) == (first.status_code, first.content)
    assert second.headers["ETag"] == first.headers["ETag"] == '"1"'
    assert second.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert await either.count() == 1


async def test_fifty_at_once_have_one_effect(either: Small) -> None:
    answers = await asyncio.gather(*(post(either, "same") for _ in range(50)))
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1
    assert await either.count() == 1


async def test_the_key_with_another_body_is_refused(either: Small) -> None:
    await post(either, "k1")
    answer = await post(either, "k1", name="b")
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:duban:problem:idempotency-key-reused"
    assert await either.count() == 1


async def test_another_account_has_its_own_keys(small: Small) -> None:
    await post(small, "k1")
    other = await small.add_account("other")
    answer = await post(small, "k1", Authorization=f"Bearer {token(other)}")
    assert answer.status_code == 201
    assert answer.json()["maker"] == "other"


async def test_a_failed_request_does_not_use_up_its_key(either: Small) -> None:
    key = {"Idempotency-Key": "k1"}
    refused = await either.client.post("/things", json={"name": "a", "parent": "nobody"}, headers=key)
    assert refused.status_code == 500
    assert (await post(either, "k1")).status_code == 201


async def test_a_rehearsal_neither_uses_nor_reads_a_key(small: Small) -> None:
    key = {"Idempotency-Key": "k1"}
    await small.client.post("/things?dry_run=true", json={"name": "a"}, headers=key)
    assert "Idempotency-Replayed" not in (await post(small, "k1")).headers


@pytest.mark.parametrize("said", ["false", "0"])
async def test_what_is_expressly_no_rehearsal_uses_its_key(small: Small, said: str) -> None:
    key = {"Idempotency-Key": "k1"}
    first, again = [
        await small.client.post(f"/things?dry_run={said}", json={"name": "a"}, headers=key) for _ in range(2)
    ]
    assert again.json() == first.json()
    assert await small.count() == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "x" * 10_000])
async def test_a_key_of_no_or_too_great_length_is_refused(small: Small, key: str) -> None:
    answer = await post(small, key)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["parameter"] == "idempotency-key"


async def test_without_a_key_every_request_counts(small: Small) -> None:
    for _ in range(2):
        await small.client.post("/things", json={"name": "a"})
    assert await small.count() == 2


async def test_answers_are_forgotten_when_nobody_will_ask_again(either: Small) -> None:
    await post(either, "k1")
    async with either.service.database.write() as connection:
        assert await forget_old_answers(connection, EVENT_LOG, system_now()) == 0
        assert await forget_old_answers(connection, EVENT_LOG, system_now() + KEPT + timedelta(minutes=1)) == 1
    assert "Idempotency-Replayed" not in (await post(either, "k1")).headers
