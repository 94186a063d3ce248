"""A load generator that costs little itself: raw HTTP/1.1 over a fixed number of connections, in a process of its own.

python http_load.py PORT CONNECTIONS REQUESTS_FILE     requests, one base64 line each; prints one JSON line
"""

import asyncio
import base64
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path


async def connection(port: int, requests: Iterator[bytes], statuses: Counter[int], seconds: list[float]) -> None:
    """Send what is left, one request after the other, each after the answer to the one before."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for request in requests:
        started = time.perf_counter()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(content_length(head))
        seconds.append(time.perf_counter() - started)
        statuses[int(head[9:12])] += 1
    writer.close()


def content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            return int(line[15:])
    return 0


async def run(port: int, connections: int, requests: list[bytes]) -> dict[str, object]:
    statuses: Counter[int] = Counter()
    seconds: list[float] = []
    left = iter(requests)
    started = time.perf_counter()
    await asyncio.gather(*(connection(port, left, statuses, seconds) for _ in range(connections)))
    took = time.perf_counter() - started
    seconds.sort()
    return {
        "per_second": len(seconds) / took,
        "p50_ms": seconds[len(seconds) // 2] * 1000,
        "p99_ms": seconds[int(len(seconds) * 0.99)] * 1000,
        "statuses": dict(statuses),
    }


if __name__ == "__main__":
    import uvloop

    lines = Path(sys.argv[3]).read_bytes().splitlines()
    print(json.dumps(uvloop.run(run(int(sys.argv[1]), int(sys.argv[2]), [base64.b64decode(line) for line in lines]))))
