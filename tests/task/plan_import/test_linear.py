"""Documents that would cost a careless reader the square of their length."""

import gc
import time

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


def seconds(text: str) -> float:
    """Processor time of the best of three, without collections of what other tests have left."""
    gc.collect()
    gc.disable()
    try:
        return min(_once(text) for _ in range(3))
    finally:
        gc.enable()


def _once(text: str) -> float:
    begun = time.process_time()
    draft_plan(text.encode(), "x.txt")
    return time.process_time() - begun


@pytest.mark.parametrize("name", REPEATED)
def test_four_times_the_text_costs_about_four_times_the_time(name: str) -> None:
    short, long = (HEAD + REPEATED[name] * (length // len(REPEATED[name])) for length in (5_000, 20_000))
    assert seconds(long) < 8 * seconds(short) + NOISE
