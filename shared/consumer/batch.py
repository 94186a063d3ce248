"""One batch in one transaction: offsets, states, effects, parked events, states."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.bus.base import TopicPartition
from shared.consumer.applying import Consumer, is_transient
from shared.consumer.single import Outcome, apply_single, set_aside
from shared.consumer.standing import advance_offsets, load_key_states, store_key_states
from shared.consumer.tables import ConsumerTables
from shared.consumer.triage import Incoming, KeyStates, Reason, Verdict, subjects
from shared.events.event import Event, Recorded
from shared.faultpoints import faultpoint

Batches = Mapping[TopicPartition, Sequence[Incoming]]
Stored = Mapping[TopicPartition, int]
"""The next offset of each partition as the caller last stored or read it."""
NOT_TOGETHER = (Reason.FAILED, Reason.UNDECODABLE)


class StaleOffset(Exception):
    """Another runner of this consumer has moved on; what was fetched is discarded."""


class BatchFailed(Exception):
    """The batch cannot be applied together; its transaction is lost and the records are taken one by one."""


@dataclass(frozen=True, slots=True)
class Reached:
    """How far a batch came."""

    next_offset: int
    failures_in_a_row: int


async def apply_batch(
    connection: AsyncConnection,
    tables: ConsumerTables,
    consumer: Consumer,
    stored: Stored,
    batches: Batches,
) -> None:
    """Apply all records of all partitions together. Raises StaleOffset, BatchFailed or the database's transient errors."""
    states = await _begin(connection, tables, consumer, stored, batches)
    events = []
    for incoming in chain.from_iterable(batches.values()):
        if states.fills_gap(incoming) or incoming.reason in NOT_TOGETHER:
            raise BatchFailed  # so that what waited is applied in its place, and failures are counted in their order
        verdict = states.judge(incoming)
        if verdict is not Verdict.APPLY:
            await set_aside(connection, tables, consumer.name, incoming, verdict)
            continue
        states.applied(incoming)
        if incoming.event:
            events.append(incoming.event)
    if events:
        await _apply_all(connection, consumer, events)
    await store_key_states(connection, tables, consumer.name, states)
    faultpoint("consumer.before_commit")


async def apply_one_by_one(
    connection: AsyncConnection,
    tables: ConsumerTables,
    consumer: Consumer,
    partition: TopicPartition,
    stored: Stored,
    batch: Sequence[Incoming],
    *,
    failures_in_a_row: int = 0,
    stop_at: int,
) -> Reached:
    """Apply record by record, parking what fails and what comes after it of the same aggregate.

    Stops after `stop_at` failures in a row, those before this batch included. Raises StaleOffset or the database's
    transient errors.
    """
    states = await _begin(connection, tables, consumer, stored, {partition: batch})
    reached = end = end_of(batch)
    for incoming in batch:
        outcome = await apply_single(connection, tables, consumer, states, incoming)
        if outcome is Outcome.APPLIED:
            failures_in_a_row = 0
        elif outcome is Outcome.FAILED:
            failures_in_a_row += 1
            if failures_in_a_row >= stop_at:
                reached = incoming.record.offset + 1
                break
    await store_key_states(connection, tables, consumer.name, states)
    if reached != end:
        await advance_offsets(connection, tables, consumer.name, {partition: (end, reached)})
    return Reached(reached, failures_in_a_row)


async def _begin(
    connection: AsyncConnection,
    tables: ConsumerTables,
    consumer: Consumer,
    stored: Stored,
    batches: Batches,
) -> KeyStates:
    moves = {partition: (stored[partition], end_of(batch)) for partition, batch in batches.items()}
    if not await advance_offsets(connection, tables, consumer.name, moves):
        raise StaleOffset
    return await load_key_states(connection, tables, consumer.name, subjects(chain.from_iterable(batches.values())))


def end_of(batch: Sequence[Incoming]) -> int:
    """The offset that follows it."""
    return batch[-1].record.offset + 1


async def _apply_all(connection: AsyncConnection, consumer: Consumer, events: Sequence[Recorded[Event]]) -> None:
    try:
        await consumer.apply(connection, events)
    except Exception as error:
        if is_transient(error):
            raise
        raise BatchFailed from error
