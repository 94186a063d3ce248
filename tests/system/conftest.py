"""What the tests of the whole system share."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.system.embedded import Embedded, busy


@dataclass(frozen=True)
class LoadedDemo:
    """A demo that was loaded and stopped again."""

    system: Embedded
    seconds: float
    """From the start of the process until the demo stood."""
    busy: float
    """How busy the machine was meanwhile; see `tests.system.embedded.busy`."""


@pytest.fixture(scope="session")
def loaded_demo(tmp_path_factory: pytest.TempPathFactory) -> LoadedDemo:
    """Loaded once for all tests, which work on copies."""
    system = Embedded(tmp_path_factory.mktemp("loaded"))
    with system.running("--demo") as up:
        seconds = up.await_standing()
        how_busy = busy()
    print(f"\nthe demo was loaded in {seconds:.1f} s on a machine that was {how_busy:.1f} times busy")
    return LoadedDemo(system, seconds, how_busy)


@pytest.fixture
def demo(loaded_demo: LoadedDemo, tmp_path: Path) -> Iterator[Embedded]:
    """A demo of the test's own, running."""
    system = Embedded(tmp_path / "demo").copy_of(loaded_demo.system)
    with system.running("--demo"):
        yield system


@pytest.fixture(scope="session")
def docker_compose() -> None:
    """Needs a Docker engine with compose. Without one its tests skip; `DUBAN_EXPECT_DOCKER=1` makes that a failure."""
    for command in (["docker", "info"], ["docker", "compose", "version"]):
        if reason := failure_of(command):
            give_up = pytest.fail if os.environ.get("DUBAN_EXPECT_DOCKER") == "1" else pytest.skip
            give_up(f"`{' '.join(command)}`: {reason}")


def failure_of(command: list[str]) -> str:
    """Why it failed, or nothing."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    except OSError as missing:
        return str(missing)
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["it failed"])[-1]
