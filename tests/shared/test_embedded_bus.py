"""The embedded bus keeps the contract, and what only a file of one machine can promise."""

import asyncio
import sqlite3
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from shared.bus import Bus, Subscription, TopicPartition
from shared.bus.embedded import LOOK_SECONDS, EmbeddedBus
from shared.bus.open import open_bus
from tests.shared.bus_contract import (
    FOR_EVER,
    BusContract,
    OpenAnother,
    by_key,
    joined,
    message,
    numbered,
    publish,
    read,
    sent_by_key,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "bus.db"


@pytest.fixture
async def open_another(path: Path) -> AsyncIterator[OpenAnother]:
    opened: list[EmbeddedBus] = []

    async def open_() -> Bus:
        opened.append(EmbeddedBus(path))
        await opened[-1].start()
        return opened[-1]

    yield open_
    for bus in opened:
        await bus.stop()


class TestEmbeddedBus(BusContract):
    offsets_are_gapless = True

    async def test_an_event_that_is_published_again_is_acknowledged_and_not_repeated(
        self, bus: Bus, topic: str, member: Subscription
    ) -> None:
        messages = numbered(topic, 20)
        assert await bus.publish(messages) == [True] * 20
        assert await bus.publish([*messages, messages[0], message(topic, value=b"last")]) == [True] * 22
        records = await read(member, 21)
        assert by_key(records)["plan-1"] == [*sent_by_key(messages)["plan-1"], b"last"]
        assert len(records) == sum((await bus.end_offsets([topic])).values()) == 21

    async def test_the_same_event_may_be_on_two_topics(self, bus: Bus, topic: str) -> None:
        await bus.create_topics({"another": 1})
        event_id = uuid4()
        assert all(await bus.publish([message(topic, event_id=event_id), message("another", event_id=event_id)]))
        assert (await bus.end_offsets(["another"]))[TopicPartition("another", 0)] == 1

    async def test_publishing_wakes_a_fetch_that_does_not_look_again_by_itself(
        self, bus: Bus, topic: str, member: Subscription, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("shared.bus.embedded.LOOK_SECONDS", 1_000)
        waiting = asyncio.create_task(member.fetch(10, FOR_EVER))
        await asyncio.wait({waiting}, timeout=0.05)
        await publish(bus, [message(topic)])
        assert len(await waiting) == 1

    async def test_records_of_another_process_are_noticed_at_the_next_look(
        self, topic: str, member: Subscription, open_another: OpenAnother, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert LOOK_SECONDS <= 2  # what the operators' guide promises
        monkeypatch.setattr("shared.bus.embedded.LOOK_SECONDS", 0.1)
        stranger = await open_another()
        waiting = asyncio.create_task(member.fetch(10, FOR_EVER))
        await asyncio.wait({waiting}, timeout=0.05)
        await stranger.publish([message(topic)])
        assert len(await waiting) == 1

    async def test_two_processes_that_publish_at_once_share_one_gapless_row_of_offsets(
        self, bus: Bus, topic: str, member: Subscription, open_another: OpenAnother
    ) -> None:
        stranger = await open_another()
        batches = [numbered(topic, 20) for _ in range(20)]
        answers = await asyncio.gather(
            *(publisher.publish(batch) for publisher, batch in zip([bus, stranger] * 10, batches, strict=True))
        )
        assert all(map(all, answers))
        records = await read(member, 400)
        for number in range(3):
            offsets = [record.offset for record in records if record.partition == number]
            assert offsets == list(range(len(offsets)))

    async def test_publishing_answers_false_while_the_file_cannot_be_written(
        self, topic: str, path: Path, member: Subscription, open_another: OpenAnother, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("shared.bus.embedded_log.PRAGMAS", ("PRAGMA busy_timeout=50",))
        impatient, each = await open_another(), message(topic)
        blocker = sqlite3.connect(path, isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        assert await impatient.publish([each]) == [False]
        blocker.execute("ROLLBACK")
        blocker.close()
        assert await impatient.publish([each]) == [True]
        assert len(await read(member, 1)) == 1

    async def test_a_stopped_bus_answers_false_and_is_not_reachable(self, bus: Bus, topic: str) -> None:
        await bus.stop()
        assert await bus.publish([message(topic)]) == [False]
        assert await bus.reachable() is False


PUBLISH_FOR_EVER = textwrap.dedent("""
    import asyncio, sys
    from pathlib import Path
    from uuid import uuid4
    from shared.bus import Message
    from shared.bus.embedded import EmbeddedBus

    async def publish_for_ever():
        bus = EmbeddedBus(Path(sys.argv[1]))
        await bus.start()
        await bus.create_topics({"t": 3})
        batch = 0
        while True:
            value = str(batch).encode()
            assert all(await bus.publish([Message("t", f"key-{n}", uuid4(), (), value) for n in range(100)]))
            print(batch, flush=True)
            batch += 1

    asyncio.run(publish_for_ever())
""")


@pytest.fixture
def publisher(path: Path) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts a process that publishes batches of 100 to "t" and prints the number of each that was acknowledged."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", PUBLISH_FOR_EVER, str(path)]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


async def test_killing_a_process_that_publishes_leaves_whole_batches_and_all_that_was_acknowledged(
    open_another: OpenAnother, publisher: Callable[[], subprocess.Popen[bytes]]
) -> None:
    acknowledged: Counter[bytes] = Counter()
    for kills in range(1, 4):
        process = publisher()
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(20 * kills)]
        process.kill()
        acknowledged.update(line.strip() for line in [*lines, *process.stdout] if line.endswith(b"\n"))
        bus = await open_another()
        member = await joined(bus, f"group-{kills}", "t")
        records = await read(member, sum((await bus.end_offsets(["t"])).values()))
        batches = Counter(record.value for record in records)
        assert all(count % 100 == 0 for count in batches.values())
        assert all(batches[value] >= 100 * times for value, times in acknowledged.items())
        await bus.stop()


async def test_an_address_leads_to_the_file_of_the_bus(path: Path, open_another: OpenAnother) -> None:
    bus = open_bus(f"embedded://{path}")
    await bus.start()
    await bus.create_topics({"t": 2})
    assert bus.mode == "structured"
    assert len(await (await open_another()).end_offsets(["t"])) == 2
    await bus.stop()


@pytest.mark.parametrize("url", ["redis://127.0.0.1", "embedded:", "kafka:", "bus.db"])
def test_an_address_that_no_bus_understands_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="bus address"):
        open_bus(url)
