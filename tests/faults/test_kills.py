"""`kill -9` of real processes at the worst moments, and at any. Afterwards every invariant holds."""

import random
import time

import pytest

from services.duban.client import NotReachable, Refused
from tests.faults.conftest import Arena
from tests.faults.load import MEASURES, UNITS
from tests.faults.scenery import amend, publish, put_plan, put_shortened_plan, states_of_assignments

pytestmark = [pytest.mark.faults, pytest.mark.timeout(240)]
ROUNDS = 3


@pytest.mark.parametrize(
    ("service", "fault"),
    [
        ("task", "relay.before_publish:2:KILL"),
        ("task", "relay.after_publish:2:KILL"),
        ("reporting", "consumer.before_commit:3:KILL"),
        ("reporting", "consumer.after_commit:3:KILL"),
        ("notification", "consumer.before_commit:2:KILL"),
    ],
)
def test_a_process_that_is_killed_at(arena: Arena, service: str, fault: str) -> None:
    process = arena.system.holder_of(service)
    process.stop()
    arena.system.start_again(process, fault)
    with arena.load() as load:
        process.wait_for_death()
        arena.system.start_again(process)
        load.until_acked(10)

    arena.assert_all_is_well()


def test_a_plan_whose_publication_is_killed_midway_is_published_whole_or_not_at_all(arena: Arena) -> None:
    key = "faults-midway"
    put_plan(arena.people, key)
    process = arena.system.holder_of("task")
    process.stop()
    arena.system.start_again(process, "publish.midway:1:KILL")
    with pytest.raises((NotReachable, Refused)):
        publish(arena.people, key)
    process.wait_for_death()
    arena.system.start_again(process)

    with pytest.raises(Refused) as refused:
        arena.people.call("office", "GET", f"/api/task/v1/plans/{key}/assignments")
    assert refused.value.status == 404
    publish(arena.people, key)
    arena.settle()
    assignments = arena.people.call("office", "GET", f"/api/task/v1/plans/{key}/assignments")["items"]
    assert len(assignments) == len(MEASURES) * len(UNITS)
    arena.assert_all_is_well()


def test_an_amendment_that_is_killed_midway_changes_the_whole_plan_or_nothing(arena: Arena) -> None:
    key = "faults-amended"
    put_plan(arena.people, key)
    publish(arena.people, key)
    put_shortened_plan(arena.people, key)
    process = arena.system.holder_of("task")
    process.stop()
    arena.system.start_again(process, "amend.midway:1:KILL")
    with pytest.raises((NotReachable, Refused)):
        amend(arena.people, key)
    process.wait_for_death()
    arena.system.start_again(process)

    assert arena.people.call("office", "GET", f"/api/task/v1/plans/{key}/amendments")["items"] == []
    assert states_of_assignments(arena.people, key) == {"issued"}
    assert amend(arena.people, key)["number"] == 1
    arena.settle()
    assert states_of_assignments(arena.people, key) == {"issued", "superseded"}
    arena.assert_all_is_well()


def test_processes_that_are_killed_at_random_under_load(arena: Arena) -> None:
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")
    chance = random.Random(seed)
    processes = list(arena.system.processes.values())
    with arena.load() as load:
        for _ in range(ROUNDS):
            time.sleep(chance.uniform(0.2, 1.2))
            process = chance.choice(processes)
            process.kill()
            arena.system.start_again(process)
        load.until_acked(10)

    arena.assert_all_is_well()


@pytest.mark.kafka
@pytest.mark.postgres
def test_all_processes_killed_at_once_under_load(production_arena: Arena) -> None:
    arena = production_arena
    with arena.load() as load:
        load.until_acked(5)
        for process in arena.system.processes.values():
            process.kill()
        for process in arena.system.processes.values():
            process.start()
        arena.system.wait_until_ready()
        load.until_acked(10)

    arena.assert_all_is_well()
