"""Kafka and PostgreSQL killed and started again while people work."""

from typing import cast

import pytest

from tests.faults.conftest import Arena
from tests.faults.systems import ProductionSystem

pytestmark = [pytest.mark.faults, pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(240)]


def test_while_kafka_is_dead_work_is_accepted_and_flows_when_it_returns(production_arena: Arena) -> None:
    system = cast(ProductionSystem, production_arena.system)
    with production_arena.load() as load:
        load.until_acked(5)
        system.kafka.kill()
        load.until_acked(15)
        system.kafka.start()
        load.until_acked(10)

    production_arena.assert_all_is_well()


def test_when_postgres_dies_requests_fail_cleanly_and_everything_goes_on_when_it_returns(
    production_arena: Arena,
) -> None:
    system = cast(ProductionSystem, production_arena.system)
    with production_arena.load() as load:
        load.until_acked(5)
        system.postgres.kill()
        system.postgres.start()
        load.until_acked(20)

    production_arena.assert_all_is_well()


def test_both_servers_killed_together(production_arena: Arena) -> None:
    system = cast(ProductionSystem, production_arena.system)
    with production_arena.load() as load:
        load.until_acked(5)
        system.kafka.kill()
        system.postgres.kill()
        system.postgres.start()
        system.kafka.start()
        load.until_acked(10)

    production_arena.assert_all_is_well()
