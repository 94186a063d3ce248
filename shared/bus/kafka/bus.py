"""The bus on Kafka: one producer, one admin client, one member per subscription."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence, Set
from typing import Any, Literal

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka import TopicPartition as KafkaPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError

from shared.bus.base import BusUnavailable, KafkaSecurity, Message, TopicPartition
from shared.bus.kafka.batch import Batch, abandon
from shared.bus.kafka.clients import CLIENT_ERRORS, Closing, Kept, access_options
from shared.bus.kafka.subscription import KafkaSubscription

ACKNOWLEDGE_SECONDS = 30.0  # with idempotence a batch never expires, so the wait must
ANSWER_SECONDS = 2.0
VISIBLE_SECONDS = 0.05
REQUEST_MS = 15_000
# One batch per partition is in flight, so a burst for one plan should fit into few; a broker accepts up to 1 MiB.
BATCH_BYTES = 512 * 1024
# Kafka does not sync each message to disk: three copies, two of them in step, are what survives a power cut.
REPLICAS = 3
IN_STEP = 2
CREATED = (0, TopicAlreadyExistsError.errno)

log = structlog.get_logger(__name__)


class KafkaBus:
    mode: Literal["binary", "structured"] = "binary"

    def __init__(self, brokers: Sequence[str], security: KafkaSecurity | None = None) -> None:
        self._options: dict[str, Any] = {
            "bootstrap_servers": list(brokers),
            "request_timeout_ms": REQUEST_MS,
            **access_options(security),
        }
        self._closing = Closing()
        self._publishing = asyncio.Lock()
        self._producer: Kept[AIOKafkaProducer] = Kept(self._make_producer, abandon, self._closing)
        self._reader: Kept[AIOKafkaConsumer] = Kept(self._make_reader, AIOKafkaConsumer.stop, self._closing)
        self._admin: Kept[AIOKafkaAdminClient] = Kept(self._make_admin, AIOKafkaAdminClient.close, self._closing)
        self._subscriptions: list[KafkaSubscription] = []
        self._known: dict[str, int] = {}

    async def start(self) -> None:
        """Nothing to wait for: every client connects when it is first needed."""

    async def stop(self) -> None:
        for subscription in self._subscriptions:
            self._closing.add(subscription.close())
        self._producer.drop()
        self._reader.drop()
        self._admin.drop()
        await self._closing.wait()

    async def reachable(self) -> bool:
        try:
            async with self._admin.asked(ANSWER_SECONDS) as admin:
                await admin.describe_cluster()
        except BusUnavailable:
            return False
        return True

    async def create_topics(self, topics: Mapping[str, int]) -> None:
        async with self._admin.asked() as admin:
            existing = {topic["topic"] for topic in await _existing(admin, topics)}
            brokers = len((await admin.describe_cluster())["brokers"])
            missing = [_new_topic(name, topics[name], brokers) for name in topics if name not in existing]
            if missing:
                _check_created(await admin.create_topics(missing))
                await _until_visible(admin, topics)

    async def publish(self, messages: Sequence[Message]) -> list[bool]:
        batch = Batch(messages)
        async with self._publishing:  # two batches at once could overtake each other within a key
            try:
                async with asyncio.timeout(ACKNOWLEDGE_SECONDS):
                    partitions = await self._partitions({message.topic for message in messages})
                    await batch.send(await self._producer.get(), partitions)
            except CLIENT_ERRORS as error:
                # A batch that failed for good leaves a hole in the producer's sequence numbers, and every later send
                # to that partition fails: only a new producer helps.
                log.warning("bus.publish_failed", error=repr(error), messages=len(messages))
                self._producer.drop()
                self._known.clear()
        return batch.acknowledged()

    async def subscribe(self, group: str, topics: Sequence[str]) -> KafkaSubscription:
        subscription = KafkaSubscription(self._options, group, topics, self._closing)
        self._subscriptions.append(subscription)
        return subscription

    async def end_offsets(self, topics: Sequence[str]) -> dict[TopicPartition, int]:
        return await self._offsets(topics, AIOKafkaConsumer.end_offsets)

    async def begin_offsets(self, topics: Sequence[str]) -> dict[TopicPartition, int]:
        return await self._offsets(topics, AIOKafkaConsumer.beginning_offsets)

    async def _offsets(
        self, topics: Sequence[str], ask: Callable[..., Awaitable[dict[KafkaPartition, int]]]
    ) -> dict[TopicPartition, int]:
        async with self._admin.asked() as admin:
            existing = await _existing(admin, topics)
        places = [
            KafkaPartition(topic["topic"], each["partition"]) for topic in existing for each in topic["partitions"]
        ]
        async with self._reader.asked() as reader:
            offsets = await ask(reader, places)
        return {TopicPartition(place.topic, place.partition): offset for place, offset in offsets.items()}

    async def _partitions(self, topics: Set[str]) -> Mapping[str, int]:
        """How many partitions each topic has; a topic that does not exist is left out."""
        if unknown := topics - self._known.keys():
            async with self._admin.asked() as admin:
                self._known |= {topic["topic"]: len(topic["partitions"]) for topic in await _existing(admin, unknown)}
        return self._known

    def _make_producer(self) -> AIOKafkaProducer:
        return AIOKafkaProducer(**self._options, enable_idempotence=True, acks="all", max_batch_size=BATCH_BYTES)

    def _make_reader(self) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(**self._options, enable_auto_commit=False, isolation_level="read_committed")

    def _make_admin(self) -> AIOKafkaAdminClient:
        return AIOKafkaAdminClient(**self._options)


async def _existing(admin: AIOKafkaAdminClient, topics: Collection[str]) -> list[dict[str, Any]]:
    """The broker's descriptions of those topics that exist."""
    if not topics:  # an empty list would ask for all
        return []
    return [topic for topic in await admin.describe_topics(list(topics)) if not topic["error_code"]]


async def _until_visible(admin: AIOKafkaAdminClient, topics: Collection[str]) -> None:
    """A topic is created before all brokers, and the one that answers, have heard of it."""
    while len(await _existing(admin, topics)) < len(topics):  # noqa: ASYNC110  # no broker tells when
        await asyncio.sleep(VISIBLE_SECONDS)


def _new_topic(name: str, partitions: int, brokers: int) -> NewTopic:
    copies = min(REPLICAS, brokers)
    kept_for_ever = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}
    in_step = {"min.insync.replicas": str(min(IN_STEP, copies))}
    return NewTopic(name, partitions, copies, topic_configs=kept_for_ever | in_step)


def _check_created(response: Any) -> None:
    refused = [(topic, reason) for topic, code, reason in response.topic_errors if code not in CREATED]
    if refused:
        raise BusUnavailable(f"topics were not created: {refused}")
