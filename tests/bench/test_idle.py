"""What the whole embedded system costs while nobody uses it."""

import time

import psutil
import pytest

from tests.bench.conftest import Measured
from tests.system.embedded import Embedded

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]
MOST_MEGABYTES = 250
IDLE_SECONDS = 10.0
MOST_CPU = 0.02
"""Of one processor. Four services look every ten seconds whether a wake-up was lost, and every fifteen what they measure."""


def test_right_after_loading_the_demo_it_rests_within_250_megabytes(
    tmp_path_factory: pytest.TempPathFactory, measured: Measured
) -> None:
    system = Embedded(tmp_path_factory.mktemp("idle"))
    with system.running("--demo") as up:
        process = psutil.Process(up.process.pid)
        resident = process.memory_info().rss / 1e6
        used = share_of_a_processor(process)
    measured("idle: resident after loading", "embedded", resident, "MB")
    measured("idle: processor", "embedded", used * 100, "% of one")
    assert resident <= MOST_MEGABYTES
    assert used <= MOST_CPU


def share_of_a_processor(process: psutil.Process) -> float:
    before, started = sum(process.cpu_times()[:2]), time.monotonic()
    time.sleep(IDLE_SECONDS)
    return (sum(process.cpu_times()[:2]) - before) / (time.monotonic() - started)
