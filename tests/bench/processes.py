"""Servers under load, each in a process of its own."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from shared.testing.process import ServerProcess, free_port

HERE = Path(__file__).parent
CONNECTIONS = 32


@contextmanager
def serving(command: list[str], environment: Mapping[str, str], log: Path) -> Iterator[int]:
    """Run a server; `{port}` in its command becomes a free port, which is answered."""
    port = free_port()
    process = ServerProcess(
        [
            "/usr/bin/env",
            *(f"{k}={v}".format(port=port) for k, v in environment.items()),
            *(word.format(port=port) for word in command),
        ],
        port,
        log,
    )
    process.start()
    try:
        yield port
    finally:
        process.stop()


def floor_server(dsn: str, log: Path) -> Any:
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "--app-dir",
        str(HERE),
        "floor_app:app",
        "--port",
        "{port}",
        "--no-access-log",
    ]
    return serving([*command, "--log-level", "warning"], {"FLOOR_DATABASE": dsn}, log)


def task_server(environment: Mapping[str, str], log: Path) -> Any:
    command = [sys.executable, "-m", "services.duban.cli", "serve", "task", "--role", "web"]
    return serving(command, {**environment, "DUBAN_PORT": "{port}"}, log)


def load(port: int, requests: Iterable[bytes], folder: Path, connections: int = CONNECTIONS) -> dict[str, Any]:
    """Send all requests and say how fast they were answered."""
    file = folder / f"requests-{port}"
    file.write_bytes(b"\n".join(base64.b64encode(request) for request in requests))
    command = [sys.executable, str(HERE / "http_load.py"), str(port), str(connections), str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=dict(os.environ))
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def put(path: str, body: bytes, token: str = "") -> bytes:
    authorization = f"Authorization: Bearer {token}\r\n" if token else ""
    head = f"PUT {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n{authorization}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def get(path: str, token: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
