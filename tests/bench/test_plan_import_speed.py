"""How long the import takes by length of the document: 10 kB to 1 MB, or to 10 MB with DUBAN_BENCH_FULL=1."""

import os
import time

import pytest

from services.task.plan_import import draft_plan
from tests.bench.conftest import Measured

SIZES = [10_000, 100_000, 1_000_000] + ([10_000_000] if os.environ.get("DUBAN_BENCH_FULL") else [])
NUMERALS = "一二三四五六七八九十"
MEASURE = (
    "（{number}）推进项目建设。到2025年新增企业{count}家以上，占比不低于{share}%，完善体系，支持企业做大做强。持续优化环境，提升服务。"
    "（市商务局牵头，市财政局、税务局，各区按职责分工负责）{end}"
)


def plan(size: int, end: str) -> bytes:
    """A plan of about so many bytes, ten measures to an area."""
    parts, length, count = ["云溪市产业发展行动方案（2024—2026年）" + (end or "。")], 0, 0
    while length < size:
        if count % 10 == 0:
            parts.append(f"{NUMERALS[count // 10 % 10]}、加强产业工作{end}")
        parts.append(MEASURE.format(number=NUMERALS[count % 10], count=count + 1, share=count % 100, end=end))
        length += len(parts[-1].encode())
        count += 1
    return "".join(parts).encode()


def seconds(document: bytes) -> float:
    started = time.perf_counter()
    draft_plan(document, "方案.txt")
    return time.perf_counter() - started


@pytest.mark.bench
@pytest.mark.timeout(600)
@pytest.mark.parametrize("end", ["\n", ""], ids=["lines", "one line"])
def test_the_import_is_linear_in_the_length_of_the_document(end: str, measured: Measured) -> None:
    seconds(plan(SIZES[0], end))  # patterns are compiled on first use
    took = {size: seconds(plan(size, end)) for size in SIZES}
    for size, needed in took.items():
        measured(f"plan import of {size // 1000:,} kB in {'lines' if end else 'one line'}", "embedded", needed, "s")
    per_byte = [needed / size for size, needed in took.items()]
    assert max(per_byte[1:]) < 3 * per_byte[1]  # a quadratic stage would be ten times slower per byte


@pytest.mark.bench
def test_a_plan_of_the_greatest_usual_length_takes_less_than_two_seconds() -> None:
    assert seconds(plan(200_000, "\n")) < 2  # the longest plans of the genre have some 60,000 characters
