"""One publish on Kafka: all messages in flight, then one wait."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError

from shared.bus.base import Message
from shared.bus.partitions import partition_of


class Batch:
    """Messages and, for each, what is known of its acknowledgement."""

    def __init__(self, messages: Sequence[Message]) -> None:
        self._messages = messages
        self._answers: list[asyncio.Future[Any] | None] = [None] * len(messages)
        self._held: set[tuple[str, str]] = set()

    async def send(self, producer: AIOKafkaProducer, partitions: Mapping[str, int]) -> None:
        """Hand everything over and wait for all answers. Raises an error that the producer must not survive.

        A message whose topic `partitions` does not know, or which is too large, is no such error; a large one holds
        back the later messages of its key.
        """
        for number, message in enumerate(self._messages):
            if message.topic in partitions and (message.topic, message.key) not in self._held:
                self._answers[number] = await self._hand_over(producer, message, partitions[message.topic])
        answers = [answer for answer in self._answers if answer is not None]
        if answers:
            done, _ = await asyncio.wait(answers, return_when=asyncio.FIRST_EXCEPTION)
            for answer in done:
                answer.result()

    def acknowledged(self) -> list[bool]:
        return [answer is not None and _arrived(answer) for answer in self._answers]

    async def _hand_over(
        self, producer: AIOKafkaProducer, message: Message, partitions: int
    ) -> asyncio.Future[Any] | None:
        try:
            answer: asyncio.Future[Any] = await producer.send(
                message.topic,
                message.value,
                message.key.encode(),
                partition_of(message.key, partitions),
                headers=list(message.headers),
            )
        except MessageSizeTooLargeError:
            self._held.add((message.topic, message.key))
            return None
        return answer


async def abandon(producer: AIOKafkaProducer) -> None:
    """Close a producer without delivering what it still holds.

    Its own `stop` waits for unsent batches, which with idempotence never expire. So its sender is ended first, which
    waits only for the requests under way, and what is left is forgotten.
    """
    try:
        await producer._sender.close()
    finally:
        producer._message_accumulator._batches.clear()
        await producer.stop()


def _arrived(answer: asyncio.Future[Any]) -> bool:
    if not answer.done():
        answer.add_done_callback(lambda late: late.cancelled() or late.exception())  # nobody else will look at it
        return False
    return not answer.cancelled() and answer.exception() is None
