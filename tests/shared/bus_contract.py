"""What every bus must do. Each implementation runs this suite by providing the `open_another` fixture."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.bus import Bus, Message, OffsetOutOfRange, Record, Subscription, TopicPartition
from shared.bus.partitions import partition_of

PARTITIONS = 3
PATIENCE = 30.0  # seconds until a test says that nothing more is coming
FOR_EVER = 3600.0  # a fetch that lasts until something ends it: where nothing does, the test runs out of time

OpenAnother = Callable[[], Awaitable[Bus]]


def message(topic: str, key: str = "plan-1", value: bytes = b"{}", **given_: object) -> Message:
    return Message(topic, key, given_.get("event_id", uuid4()), given_.get("headers", ()), value)  # type: ignore[arg-type]


def numbered(topic: str, count: int, keys: int = 7) -> list[Message]:
    """Messages over several keys whose value is their number."""
    return [message(topic, f"plan-{number % keys}", str(number).encode()) for number in range(count)]


async def publish(bus: Bus, messages: Sequence[Message]) -> None:
    assert await bus.publish(messages) == [True] * len(messages)


async def joined(bus: Bus, group: str, topic: str, starts: Mapping[TopicPartition, int] | None = None) -> Subscription:
    """The only member of a group, with every partition sought."""
    member = await bus.subscribe(group, [topic])
    await settled([member], PARTITIONS)
    await seek_all(member, starts or {})
    return member


async def settled(members: Sequence[Subscription], partitions: int) -> None:
    """Returns when the members hold that many partitions together, each one once."""
    deadline = time.monotonic() + PATIENCE
    while True:
        await asyncio.gather(*(member.fetch(1, 0.05) for member in members))
        shares = [member.assignment() for member in members]
        if len(frozenset().union(*shares)) == sum(map(len, shares)) == partitions and all(shares):
            return
        assert time.monotonic() < deadline, f"the group did not settle: {shares}"


async def seek_all(member: Subscription, starts: Mapping[TopicPartition, int]) -> None:
    for partition in member.assignment():
        await member.seek(partition, starts.get(partition, 0))


async def read(member: Subscription, count: int) -> list[Record]:
    """The next `count` records of a member, those of a partition in their order."""
    records: list[Record] = []
    deadline = time.monotonic() + PATIENCE
    while len(records) < count:
        for found in (await member.fetch(500, 0.5)).values():
            records += found
        assert time.monotonic() < deadline, f"only {len(records)} of {count} records came"
    return records


def by_key(records: Iterable[Record]) -> dict[str | None, list[bytes | None]]:
    values = defaultdict(list)
    for record in records:
        values[record.key].append(record.value)
    return dict(values)


def sent_by_key(messages: Iterable[Message]) -> dict[str | None, list[bytes | None]]:
    values = defaultdict(list)
    for each in messages:
        values[each.key].append(each.value)
    return dict(values)


class BusContract:
    """Subclasses provide `open_another`: a started bus on the storage or broker of this test, stopped by the fixture."""

    offsets_are_gapless = False

    @pytest.fixture
    async def bus(self, open_another: OpenAnother) -> Bus:
        return await open_another()

    @pytest.fixture
    async def topic(self, bus: Bus) -> str:
        name = f"topic-{uuid4().hex}"
        await bus.create_topics({name: PARTITIONS})
        return name

    @pytest.fixture
    def group(self) -> str:
        return f"group-{uuid4().hex}"

    @pytest.fixture
    async def member(self, bus: Bus, group: str, topic: str) -> AsyncIterator[Subscription]:
        member = await joined(bus, group, topic)
        yield member
        await member.close()

    # --- order and completeness ---

    async def test_the_messages_of_a_key_arrive_in_the_order_of_publishing(
        self, bus: Bus, topic: str, member: Subscription
    ) -> None:
        messages = numbered(topic, 50)
        for each in messages:
            assert await bus.publish([each]) == [True]
        assert by_key(await read(member, 50)) == sent_by_key(messages)

    async def test_ten_thousand_messages_in_batches_arrive_once_and_unbroken(
        self, bus: Bus, topic: str, member: Subscription
    ) -> None:
        messages = numbered(topic, 10_000, keys=40)
        for start in range(0, len(messages), 500):
            await publish(bus, messages[start : start + 500])
        assert by_key(await read(member, 10_000)) == sent_by_key(messages)
        assert await member.fetch(1, 0.1) == {}

    @settings(
        max_examples=15,
        deadline=None,
        # Every example takes a topic of its own, and the two brokers' runs share nothing but this method.
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
    )
    @given(batches=st.lists(st.lists(st.text(min_size=1, max_size=3), max_size=8), min_size=1, max_size=5))
    async def test_any_sequence_of_keys_keeps_its_order_per_key(self, bus: Bus, batches: list[list[str]]) -> None:
        name = f"topic-{uuid4().hex}"
        await bus.create_topics({name: PARTITIONS})
        messages: list[Message] = []
        for keys in batches:
            batch = [message(name, key, str(len(messages) + place).encode()) for place, key in enumerate(keys)]
            messages += batch
            assert await bus.publish(batch) == [True] * len(batch)
        member = await joined(bus, f"group-{uuid4().hex}", name)
        assert by_key(await read(member, len(messages))) == sent_by_key(messages)
        await member.close()

    async def test_concurrent_publishers_keep_the_order_of_their_own_keys(
        self, bus: Bus, topic: str, member: Subscription
    ) -> None:
        streams = [[message(topic, f"plan-{who}", str(number).encode()) for number in range(100)] for who in range(4)]

        async def publish_all(stream: list[Message]) -> None:
            for start in range(0, 100, 10):
                await publish(bus, stream[start : start + 10])

        await asyncio.gather(*map(publish_all, streams))
        assert by_key(await read(member, 400)) == sent_by_key(each for stream in streams for each in stream)

    async def test_offsets_of_a_partition_grow_from_zero(self, bus: Bus, topic: str, member: Subscription) -> None:
        await publish(bus, numbered(topic, 60))
        records = await read(member, 60)
        for number in range(PARTITIONS):
            offsets = [record.offset for record in records if record.partition == number]
            assert offsets == sorted(set(offsets))
            if self.offsets_are_gapless:
                assert offsets == list(range(len(offsets)))

    async def test_a_key_goes_to_the_partition_that_kafkas_hash_gives_it(
        self, bus: Bus, topic: str, member: Subscription
    ) -> None:
        await publish(bus, [message(topic, key) for key in ("a", "plan-7", "跨境电商", "0192f3c4")])
        records = await read(member, 4)
        assert {record.key: record.partition for record in records} == {
            key: partition_of(key, PARTITIONS) for key in ("a", "plan-7", "跨境电商", "0192f3c4")
        }

    # --- content ---

    async def test_headers_come_back_byte_for_byte_in_order_and_with_repetitions(
        self, bus: Bus, topic: str, member: Subscription
    ) -> None:
        headers = (("ce_id", "0192"), ("raw", bytes(range(256))), ("ce_id", "again"), ("空", "值"), ("empty", b""))
        as_bytes = tuple((name, value if isinstance(value, bytes) else value.encode()) for name, value in headers)
        await publish(bus, [message(topic, headers=as_bytes)])
        assert (await read(member, 1))[0].headers == as_bytes

    async def test_an_empty_value_stays_empty_and_is_not_missing(
        self, bus: Bus, topic: str, member: Subscription
    ) -> None:
        await publish(bus, [message(topic, value=b"")])
        assert (await read(member, 1))[0].value == b""

    async def test_a_value_of_256_kib_arrives_whole(self, bus: Bus, topic: str, member: Subscription) -> None:
        value = bytes(number % 251 for number in range(256 * 1024))
        assert await bus.publish([message(topic, value=value) for _ in range(5)]) == [True] * 5
        assert [record.value for record in await read(member, 5)] == [value] * 5

    async def test_chinese_keys_and_values_survive(self, bus: Bus, topic: str, member: Subscription) -> None:
        await publish(bus, [message(topic, "深圳市商务局", "已建成 3 个海外仓".encode())])
        (record,) = await read(member, 1)
        assert (record.key, record.value) == ("深圳市商务局", "已建成 3 个海外仓".encode())

    # --- groups ---

    async def test_two_groups_each_read_everything(self, bus: Bus, topic: str) -> None:
        messages = numbered(topic, 30)
        await publish(bus, messages)
        for group in ("board", "notices"):
            member = await joined(bus, f"{group}-{topic}", topic)
            assert by_key(await read(member, 30)) == sent_by_key(messages)
            await member.close()

    async def test_two_members_of_a_group_share_the_work_and_read_everything_once(
        self, bus: Bus, topic: str, group: str
    ) -> None:
        messages = numbered(topic, 90, keys=30)
        await publish(bus, messages)
        members = [await bus.subscribe(group, [topic]) for _ in range(2)]
        await settled(members, PARTITIONS)
        expected = await bus.end_offsets([topic])
        records = []
        for member in members:
            await seek_all(member, {})
            records += await read(member, sum(expected[partition] for partition in member.assignment()))
        assert by_key(records) == sent_by_key(messages)
        for member in members:
            await member.close()

    async def test_the_partitions_of_a_member_that_leaves_go_to_the_other(
        self, bus: Bus, topic: str, group: str
    ) -> None:
        leaving, staying = [await bus.subscribe(group, [topic]) for _ in range(2)]
        await settled([leaving, staying], PARTITIONS)
        before = staying.epoch
        await leaving.close()
        await settled([staying], PARTITIONS)
        assert staying.epoch > before
        await publish(bus, numbered(topic, 30))
        await seek_all(staying, {})
        assert len(await read(staying, 30)) == 30
        await staying.close()

    async def test_a_change_of_assignment_makes_the_old_positions_void(
        self, bus: Bus, topic: str, group: str, member: Subscription
    ) -> None:
        other = await bus.subscribe(group, [topic])
        await settled([member, other], PARTITIONS)
        await publish(bus, numbered(topic, 30))
        assert await member.fetch(100, 0.3) == {}
        await other.close()

    async def test_a_topic_that_is_created_later_is_shared_out_as_well(self, bus: Bus, group: str) -> None:
        name = f"late-{uuid4().hex}"
        member = await bus.subscribe(group, [name])
        assert await member.fetch(1, 0.1) == {}
        await bus.create_topics({name: PARTITIONS})
        await settled([member], PARTITIONS)
        await seek_all(member, {})
        await publish(bus, [message(name)])
        assert len(await read(member, 1)) == 1
        await member.close()

    # --- positions ---

    async def test_a_partition_yields_nothing_until_it_is_sought(self, bus: Bus, topic: str, group: str) -> None:
        await publish(bus, numbered(topic, 30))
        member = await bus.subscribe(group, [topic])
        await settled([member], PARTITIONS)
        assert await member.fetch(100, 0.3) == {}
        await seek_all(member, {})
        assert len(await read(member, 30)) == 30
        await member.close()

    async def test_nothing_starts_from_the_progress_that_a_group_has_noted(
        self, bus: Bus, topic: str, group: str
    ) -> None:
        await publish(bus, numbered(topic, 30))
        first = await joined(bus, group, topic)
        await read(first, 30)
        await first.note_progress(await bus.end_offsets([topic]))
        await first.close()
        second = await bus.subscribe(group, [topic])
        await settled([second], PARTITIONS)
        assert await second.fetch(100, 0.3) == {}
        await seek_all(second, {})
        assert len(await read(second, 30)) == 30
        await second.close()

    async def test_noting_progress_of_a_partition_of_somebody_else_is_harmless(self, member: Subscription) -> None:
        await member.note_progress({TopicPartition("another", 9): 7})

    async def test_seeking_back_delivers_again_from_there(self, bus: Bus, topic: str, member: Subscription) -> None:
        await publish(bus, [message(topic, "plan-1", str(number).encode()) for number in range(10)])
        records = await read(member, 10)
        await member.seek(TopicPartition(topic, records[4].partition), records[4].offset)
        assert await read(member, 6) == records[4:]

    async def test_a_seek_holds_for_the_fetch_that_is_under_way(
        self, bus: Bus, topic: str, member: Subscription
    ) -> None:
        await publish(bus, numbered(topic, 10, keys=1))
        place = TopicPartition(topic, partition_of("plan-0", PARTITIONS))
        for start in (5, 2, 8):
            fetching = asyncio.create_task(member.fetch(4, 0))
            await asyncio.sleep(0)  # it has begun
            await member.seek(place, start)
            await fetching
            assert [record.offset for record in await read(member, 10 - start)] == list(range(start, 10))

    async def test_a_pause_holds_for_the_fetch_that_is_under_way(
        self, bus: Bus, topic: str, member: Subscription
    ) -> None:
        await publish(bus, numbered(topic, 10, keys=1))
        fetching = asyncio.create_task(member.fetch(4, 0.3))
        await asyncio.sleep(0)  # it has begun
        member.pause(TopicPartition(topic, partition_of("plan-0", PARTITIONS)))
        assert await fetching == {}

    async def test_seeking_forward_leaves_out_what_lies_between(
        self, bus: Bus, topic: str, member: Subscription
    ) -> None:
        await publish(bus, [message(topic, "plan-1", str(number).encode()) for number in range(10)])
        place = TopicPartition(topic, partition_of("plan-1", PARTITIONS))
        end = (await bus.end_offsets([topic]))[place]
        await member.seek(place, end - 2)
        assert [record.value for record in await read(member, 2)] == [b"8", b"9"]

    async def test_seeking_to_the_end_waits_for_what_comes(self, bus: Bus, topic: str, group: str) -> None:
        await publish(bus, numbered(topic, 30))
        member = await joined(bus, group, topic, await bus.end_offsets([topic]))
        await publish(bus, [message(topic, value=b"new")])
        assert [record.value for record in await read(member, 1)] == [b"new"]
        await member.close()

    async def test_seeking_a_partition_of_somebody_else_is_ignored(
        self, bus: Bus, topic: str, member: Subscription
    ) -> None:
        await member.seek(TopicPartition("another", 0), 5)
        await publish(bus, [message(topic)])
        assert len(await read(member, 1)) == 1

    async def test_an_offset_beyond_the_end_is_reported_and_never_skipped(
        self, bus: Bus, topic: str, member: Subscription
    ) -> None:
        await publish(bus, [message(topic, "plan-1", str(number).encode()) for number in range(3)])
        place = TopicPartition(topic, partition_of("plan-1", PARTITIONS))
        await member.seek(place, 100)
        with pytest.raises(OffsetOutOfRange) as outside:
            await read(member, 10)
        error = outside.value
        assert (error.partition, error.requested, error.first, error.end) == (place, 100, 0, 3)

    async def test_reading_goes_on_after_an_offset_out_of_range(
        self, bus: Bus, topic: str, member: Subscription
    ) -> None:
        messages = numbered(topic, 30)
        await publish(bus, messages)
        await member.seek(TopicPartition(topic, 0), 100)
        with pytest.raises(OffsetOutOfRange):
            await read(member, 31)
        await settled([member], PARTITIONS)
        await seek_all(member, {})
        assert by_key(await read(member, 30)) == sent_by_key(messages)

    # --- fetching ---

    async def test_a_fetch_of_nothing_returns_empty_when_its_time_is_over(self, member: Subscription) -> None:
        started = time.monotonic()
        assert await member.fetch(10, 0.3) == {}
        assert 0.25 <= time.monotonic() - started < PATIENCE

    async def test_a_waiting_fetch_returns_as_soon_as_something_is_published(
        self, bus: Bus, topic: str, member: Subscription
    ) -> None:
        waiting = asyncio.create_task(member.fetch(10, FOR_EVER))
        await publish(bus, [message(topic)])
        assert len(await waiting) == 1

    async def test_a_fetch_gives_no_more_than_was_asked_for(self, bus: Bus, topic: str, member: Subscription) -> None:
        await publish(bus, numbered(topic, 60, keys=30))
        sizes: list[int] = []
        while sum(sizes) < 60:
            sizes.append(sum(map(len, (await member.fetch(7, PATIENCE)).values())))
        assert max(sizes) <= 7

    async def test_a_paused_partition_rests_while_the_others_go_on(
        self, bus: Bus, topic: str, member: Subscription
    ) -> None:
        messages = numbered(topic, 60, keys=30)
        resting = TopicPartition(topic, 1)
        member.pause(resting)
        await publish(bus, messages)
        waiting = (await bus.end_offsets([topic]))[resting]
        others = await read(member, 60 - waiting)
        assert waiting > 0
        assert all(record.partition != 1 for record in others)
        assert await member.fetch(100, 0.3) == {}
        member.resume(resting)
        assert by_key([*others, *await read(member, waiting)]) == sent_by_key(messages)

    async def test_a_partition_paused_in_the_middle_goes_on_from_its_place(
        self, bus: Bus, topic: str, member: Subscription
    ) -> None:
        await publish(bus, [message(topic, "plan-1", str(number).encode()) for number in range(10)])
        place = TopicPartition(topic, partition_of("plan-1", PARTITIONS))
        (first,) = (await member.fetch(4, PATIENCE)).values()
        member.pause(place)
        assert await member.fetch(10, 0.3) == {}
        member.resume(place)
        rest = await read(member, 10 - len(first))
        assert [record.value for record in [*first, *rest]] == [str(number).encode() for number in range(10)]

    async def test_a_paused_partition_can_be_sought(self, bus: Bus, topic: str, member: Subscription) -> None:
        await publish(bus, [message(topic, "plan-1", str(number).encode()) for number in range(10)])
        place = TopicPartition(topic, partition_of("plan-1", PARTITIONS))
        await read(member, 10)
        member.pause(place)
        await member.seek(place, 5)
        assert await member.fetch(10, 0.3) == {}
        member.resume(place)
        assert [record.offset for record in await read(member, 5)] == [5, 6, 7, 8, 9]

    async def test_a_fetch_that_is_cancelled_loses_nothing(self, bus: Bus, topic: str, member: Subscription) -> None:
        messages = numbered(topic, 20, keys=1)
        records: list[Record] = []
        for each in messages:
            fetching, publishing = (
                asyncio.create_task(member.fetch(10, PATIENCE)),
                asyncio.create_task(bus.publish([each])),
            )
            await asyncio.wait({fetching, publishing}, return_when=asyncio.FIRST_COMPLETED)
            fetching.cancel()
            await asyncio.wait({fetching, publishing})
            if not fetching.cancelled():
                records += [record for found in fetching.result().values() for record in found]
        records += await read(member, len(messages) - len(records))
        assert [record.value for record in records] == [each.value for each in messages]

    async def test_closing_ends_a_fetch_that_is_under_way(self, member: Subscription) -> None:
        waiting = asyncio.create_task(member.fetch(10, FOR_EVER))
        await asyncio.wait({waiting}, timeout=0.05)
        await member.close()
        assert await waiting == {}

    async def test_a_closed_member_fetches_nothing_and_may_be_closed_again(
        self, bus: Bus, topic: str, member: Subscription
    ) -> None:
        await publish(bus, [message(topic)])
        await member.close()
        await member.close()
        assert await member.fetch(10, 0) == {}
        assert member.assignment() == frozenset()

    # --- publishing ---

    async def test_what_was_published_while_nobody_listened_is_read_later(
        self, bus: Bus, topic: str, group: str
    ) -> None:
        messages = numbered(topic, 20)
        await publish(bus, messages)
        member = await joined(bus, group, topic)
        assert by_key(await read(member, 20)) == sent_by_key(messages)
        await member.close()

    async def test_publishing_to_a_missing_topic_answers_false_for_those_messages_only(
        self, bus: Bus, topic: str, member: Subscription
    ) -> None:
        answers = await bus.publish([message("no-such-topic"), message(topic), message("no-such-topic")])
        assert answers == [False, True, False]
        assert len(await read(member, 1)) == 1

    async def test_a_topic_can_be_published_to_once_it_was_created(self, bus: Bus) -> None:
        name = f"later-{uuid4().hex}"
        assert await bus.publish([message(name)]) == [False]
        await bus.create_topics({name: 1})
        assert await bus.publish([message(name)]) == [True]

    async def test_publishing_nothing_answers_nothing(self, bus: Bus) -> None:
        assert await bus.publish([]) == []

    # --- topics and offsets ---

    async def test_creating_a_topic_again_changes_nothing(self, bus: Bus, topic: str, member: Subscription) -> None:
        await publish(bus, [message(topic)])
        await bus.create_topics({topic: 7, f"new-{topic}": 2})
        assert len(await bus.end_offsets([topic])) == PARTITIONS
        assert len(await bus.end_offsets([f"new-{topic}"])) == 2
        assert len(await read(member, 1)) == 1

    async def test_begin_and_end_offsets_enclose_what_a_partition_holds(self, bus: Bus, topic: str) -> None:
        empty = {TopicPartition(topic, number): 0 for number in range(PARTITIONS)}
        assert await bus.begin_offsets([topic]) == await bus.end_offsets([topic]) == empty
        messages = numbered(topic, 40)
        await publish(bus, messages)
        assert await bus.begin_offsets([topic]) == empty
        ends = await bus.end_offsets([topic])
        assert ends == {
            place: sum(partition_of(each.key, PARTITIONS) == place.partition for each in messages) for place in empty
        }

    async def test_offsets_of_a_missing_topic_are_left_out(self, bus: Bus, topic: str) -> None:
        assert len(await bus.end_offsets(["no-such-topic", topic])) == PARTITIONS
        assert await bus.begin_offsets(["no-such-topic"]) == {}

    async def test_a_bus_that_works_is_reachable(self, bus: Bus) -> None:
        assert await bus.reachable() is True

    # --- durability ---

    async def test_what_was_acknowledged_is_there_for_a_new_process(
        self, bus: Bus, topic: str, group: str, open_another: OpenAnother
    ) -> None:
        messages = numbered(topic, 40)
        await publish(bus, messages)
        await bus.stop()
        other = await open_another()
        member = await joined(other, group, topic)
        assert by_key(await read(member, 40)) == sent_by_key(messages)
        await member.close()

    async def test_a_bus_stops_although_somebody_is_fetching(self, bus: Bus, member: Subscription) -> None:
        waiting = asyncio.create_task(member.fetch(10, FOR_EVER))
        await asyncio.wait({waiting}, timeout=0.05)
        await bus.stop()
        assert await waiting == {}
