"""What the tests of the whole system share."""

import os
import subprocess

import pytest


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
