"""The Kafka bus keeps the contract, also while the broker is killed, frozen or not there yet."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.structs import TopicPartition as KafkaPartition

from shared.bus import Bus, BusUnavailable, Message, OffsetOutOfRange, Record, Subscription, TopicPartition
from shared.bus.kafka import KafkaBus
from shared.bus.open import open_bus
from shared.testing.process import free_port
from shared.testing.servers import KafkaServer
from tests.shared.bus_contract import (
    FOR_EVER,
    PATIENCE,
    BusContract,
    OpenAnother,
    by_key,
    joined,
    message,
    numbered,
    publish,
    read,
    seek_all,
    sent_by_key,
    settled,
)

pytestmark = pytest.mark.kafka


@pytest.fixture
async def open_another(kafka_server: KafkaServer) -> AsyncIterator[OpenAnother]:
    opened: list[KafkaBus] = []

    async def open_() -> Bus:
        opened.append(KafkaBus([kafka_server.bootstrap]))
        await opened[-1].start()
        return opened[-1]

    yield open_
    for bus in opened:
        await bus.stop()


@pytest.fixture
def mortal_kafka(kafka_server: KafkaServer) -> KafkaServer:
    if not kafka_server.restartable:
        pytest.skip("the broker is not ours to kill")
    return kafka_server


@pytest.fixture
async def admin(kafka_server: KafkaServer) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_server.bootstrap)
    await admin.start()
    yield admin
    await admin.close()


class TestKafkaBus(BusContract):
    async def test_a_trimmed_start_is_reported_and_never_skipped(
        self, bus: Bus, topic: str, member: Subscription, admin: AIOKafkaAdminClient
    ) -> None:
        await publish(bus, [message(topic, "plan-1") for _ in range(10)])
        (place,) = [place for place, end in (await bus.end_offsets([topic])).items() if end]
        await read(member, 10)
        await admin.delete_records({KafkaPartition(topic, place.partition): RecordsToDelete(before_offset=4)})
        assert (await bus.begin_offsets([topic]))[place] == 4
        await member.seek(place, 2)
        with pytest.raises(OffsetOutOfRange) as outside:
            await read(member, 1)
        assert (outside.value.requested, outside.value.first, outside.value.end) == (2, 4, 10)

    async def test_topics_keep_their_records_for_ever(self, topic: str, admin: AIOKafkaAdminClient) -> None:
        from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

        (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
        config = {name: value for name, value, *_ in answer.resources[0][4]}
        assert (config["cleanup.policy"], config["retention.ms"], config["retention.bytes"]) == ("delete", "-1", "-1")

    async def test_a_message_that_is_too_large_holds_back_the_later_ones_of_its_key(
        self, bus: Bus, topic: str, member: Subscription
    ) -> None:
        huge = message(topic, "plan-1", bytes(2 * 1024 * 1024))
        answers = await bus.publish(
            [message(topic, "plan-1"), huge, message(topic, "plan-1"), message(topic, "plan-2")]
        )
        assert answers == [True, False, False, True]
        assert len(await read(member, 2)) == 2

    async def test_noted_progress_is_what_kafkas_tools_show(
        self, bus: Bus, topic: str, group: str, member: Subscription, admin: AIOKafkaAdminClient
    ) -> None:
        await publish(bus, numbered(topic, 30))
        ends = await bus.end_offsets([topic])
        deadline = time.monotonic() + 20
        shown: dict[TopicPartition, int] = {}
        while shown != ends and time.monotonic() < deadline:
            await member.note_progress(ends)
            await member.fetch(100, 0.1)
            committed = await admin.list_consumer_group_offsets(group)
            shown = {TopicPartition(place.topic, place.partition): at.offset for place, at in committed.items()}
        assert shown == ends


async def test_nothing_that_was_acknowledged_is_lost_when_the_broker_is_killed(
    mortal_kafka: KafkaServer, open_another: OpenAnother
) -> None:
    bus = await open_another()
    topic = f"killed-{uuid4().hex}"
    await bus.create_topics({topic: 3})
    member = await joined(bus, f"group-{topic}", topic)
    messages = numbered(topic, 4_000)
    await publish_as_a_relay(bus, messages[:1_000])
    _, _, records = await asyncio.gather(
        asyncio.to_thread(mortal_kafka.restart),
        publish_as_a_relay(bus, messages[1_000:]),
        read_as_a_runner(member, messages),
    )
    assert first_occurrences(records) == sent_by_key(messages)


async def test_a_member_goes_on_from_its_own_offsets_after_the_broker_was_killed(
    mortal_kafka: KafkaServer, open_another: OpenAnother
) -> None:
    bus = await open_another()
    topic = f"goes-on-{uuid4().hex}"
    await bus.create_topics({topic: 3})
    member = await joined(bus, f"group-{topic}", topic)
    await publish_as_a_relay(bus, numbered(topic, 100))
    await read(member, 100)
    await asyncio.to_thread(mortal_kafka.restart)
    later = [message(topic, f"plan-{number}", f"later {number}".encode()) for number in range(100)]
    await publish_as_a_relay(bus, later)
    assert len(await read_as_a_runner(member, later)) >= 100


async def test_publishing_answers_false_and_reading_waits_while_the_broker_is_down(
    mortal_kafka: KafkaServer, open_another: OpenAnother, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.bus.kafka.bus.ACKNOWLEDGE_SECONDS", 2.0)
    bus = await open_another()
    topic = f"down-{uuid4().hex}"
    await bus.create_topics({topic: 3})
    member = await joined(bus, f"group-{topic}", topic)
    await publish(bus, numbered(topic, 10))
    await asyncio.to_thread(mortal_kafka.kill)
    try:
        for _ in range(3):
            assert await bus.publish(numbered(topic, 10)) == [False] * 10
        assert await bus.reachable() is False
        with pytest.raises(BusUnavailable):
            await bus.end_offsets([topic])
        started = time.monotonic()
        assert all(record.topic == topic for found in (await member.fetch(100, 0.5)).values() for record in found)
        assert time.monotonic() - started < PATIENCE
    finally:
        await asyncio.to_thread(mortal_kafka.start)
    await publish_as_a_relay(bus, numbered(topic, 10))
    assert await bus.reachable() is True
    # What was given up does not turn up by itself: a producer that failed is never used again.
    assert sum((await bus.end_offsets([topic])).values()) == 20


async def test_a_bus_starts_without_a_broker_and_connects_when_it_comes(
    mortal_kafka: KafkaServer, open_another: OpenAnother
) -> None:
    topic = f"absent-{uuid4().hex}"
    await (await open_another()).create_topics({topic: 3})
    await asyncio.to_thread(mortal_kafka.kill)
    try:
        bus = await open_another()
        member = await bus.subscribe(f"group-{topic}", [topic])
        assert await member.fetch(10, 0.2) == {}
        assert await bus.reachable() is False
        assert await bus.publish([message(topic)]) == [False]
        with pytest.raises(BusUnavailable):
            await bus.create_topics({"another": 1})
    finally:
        await asyncio.to_thread(mortal_kafka.start)
    await publish_as_a_relay(bus, numbered(topic, 10))
    await settled([member], 3)
    await seek_all(member, {})
    assert len(await read(member, 10)) >= 10


async def test_a_bus_stops_within_its_time_when_the_broker_is_gone(open_another: OpenAnother) -> None:
    bus = KafkaBus([f"127.0.0.1:{free_port()}"])
    await bus.start()
    member = await bus.subscribe("group", ["topic"])
    waiting = asyncio.create_task(member.fetch(10, FOR_EVER))
    assert await bus.publish([message("topic")]) == [False]
    started = time.monotonic()
    await bus.stop()
    assert await waiting == {}
    assert time.monotonic() - started < PATIENCE


async def test_a_broker_that_freezes_for_longer_than_a_session_loses_nothing(
    kafka_server: KafkaServer, open_another: OpenAnother, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not kafka_server.restartable:
        pytest.skip("the broker is not ours to stop")
    monkeypatch.setattr("shared.bus.kafka.bus.ACKNOWLEDGE_SECONDS", 3.0)
    monkeypatch.setattr("shared.bus.kafka.subscription.SILENCE_SECONDS", 3.0)
    bus = await open_another()
    topic = f"frozen-{uuid4().hex}"
    await bus.create_topics({topic: 3})
    member = await joined(bus, f"group-{topic}", topic)
    messages = numbered(topic, 300)
    await publish_as_a_relay(bus, messages[:100])
    with kafka_server.frozen():
        assert not any(await bus.publish(messages[100:200]))
        assert await bus.reachable() is False
        await member.fetch(500, 4.0)
    await publish_as_a_relay(bus, messages[100:])
    assert first_occurrences(await read_as_a_runner(member, messages)) == sent_by_key(messages)


async def test_a_consumer_that_hears_nothing_for_long_is_replaced(
    kafka_server: KafkaServer, open_another: OpenAnother, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus = await open_another()
    topic = f"silent-{uuid4().hex}"
    await bus.create_topics({topic: 3})
    member = await joined(bus, f"group-{topic}", topic)
    before = member.epoch
    monkeypatch.setattr("shared.bus.kafka.subscription.SILENCE_SECONDS", 0.0)
    await member.fetch(1, 0.1)
    monkeypatch.undo()
    assert member.epoch > before
    assert member.assignment() == frozenset()
    await settled([member], 3)
    await seek_all(member, {})
    await publish(bus, [message(topic)])
    assert len(await read(member, 1)) == 1


async def test_an_address_leads_to_all_named_brokers(kafka_server: KafkaServer) -> None:
    bus = open_bus(f"kafka://127.0.0.1:{free_port()},{kafka_server.bootstrap}")
    await bus.start()
    assert bus.mode == "binary"
    assert await bus.reachable() is True
    await bus.stop()


async def publish_as_a_relay(bus: Bus, messages: Sequence[Message]) -> None:
    """Publish until all is acknowledged; of each key the unbroken acknowledged prefix counts, the rest is sent again."""
    pending = list(messages)
    deadline = time.monotonic() + 90
    while pending:
        assert time.monotonic() < deadline, f"{len(pending)} of {len(messages)} messages were never acknowledged"
        batch, later = pending[:100], pending[100:]
        blocked: set[str] = set()
        for each, acknowledged in zip(batch, await bus.publish(batch), strict=True):
            if not acknowledged:
                blocked.add(each.key)
        pending = [each for each in batch if each.key in blocked] + later


async def read_as_a_runner(member: Subscription, messages: Sequence[Message]) -> list[Record]:
    """Read until every message was seen, from offsets of our own, which are sought anew with every assignment."""
    missing = {each.value for each in messages}
    offsets: dict[TopicPartition, int] = {}
    records: list[Record] = []
    epoch = -1
    deadline = time.monotonic() + 90
    while missing:
        assert time.monotonic() < deadline, f"{len(missing)} of {len(messages)} messages never came"
        if member.epoch != epoch:
            epoch = member.epoch
            await seek_all(member, offsets)
        for partition, found in (await member.fetch(500, 0.5)).items():
            records += found
            offsets[partition] = found[-1].offset + 1
            missing -= {record.value for record in found}
    return records


def first_occurrences(records: Iterable[Record]) -> dict[str | None, list[bytes | None]]:
    return {key: list(dict.fromkeys(values)) for key, values in by_key(records).items()}
