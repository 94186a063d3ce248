"""Documents that would cost a careless reader the square of their length."""

import gc
import time
from collections.abc import Iterator

import pytest

from services.task.plan_import import draft_plan

HEAD = "云溪市工作方案\n一、任务\n（一）甲。（市商务局负责）\n"
REPEATED = {
    "labels without stops": "责任单位：市商务局",
    "labels and numbers": "责任单位：市商务局（二）",
    "quantities": "5家、",
    "tables of cells": "序号\n重点任务\n牵头单位\n1\n甲\n市商务局\n",
    "tables of lines": "序号 重点任务 牵头单位\n1 甲乙 市商务局\n",
    "words apart": "甲 ",
    "open brackets": "（",
}
NOISE = 0.1  # seconds that a busy machine adds


@pytest.fixture
def undisturbed() -> Iterator[None]:
    """No collections of what other tests have left."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def seconds(text: str) -> float:
    """Of this processor, whoever else is using the machine."""
    begun = time.process_time()
    draft_plan(text.encode(), "x.txt")
    return time.process_time() - begun


@pytest.mark.slow  # shorter texts would drown the square of their length in noise
@pytest.mark.parametrize("name", REPEATED)
def test_four_times_the_text_costs_about_four_times_the_time(name: str, undisturbed: None) -> None:
    short, long = (HEAD + REPEATED[name] * (length // len(REPEATED[name])) for length in (5_000, 20_000))
    allowed = 8 * min(seconds(short) for _ in range(3)) + NOISE
    assert any(seconds(long) < allowed for _ in range(3))  # the best of three, and seldom more than one is needed
