"""A server that runs as a child process on a port of this machine."""

import atexit
import contextlib
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

START_SECONDS = 60.0  # a broker needs 3 on an idle machine; this is for a busy one
STOP_SECONDS = 20.0


class NoServer(Exception):
    """No server could be had this way; the sentence says why."""


class ServerProcess:
    """Starts, stops and kills one command with its children. What it prints goes to `log`."""

    def __init__(self, command: Sequence[str | Path], port: int, log: Path, user: str | None = None) -> None:
        self._command = [str(word) for word in command]
        self._port = port
        self._log = log
        self._user = user
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        if self._process is None:
            raise ProcessLookupError(self._command[0])
        return self._process.pid

    def start(self) -> None:
        """Start it and wait until its port answers. Raises NoServer."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  # our own command line
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C at the terminal is for us, who then stop it in order
                user=self._user,
            )
        atexit.register(self.kill)
        self._wait_until_it_answers(self._process)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Ask it to end, and kill it if it does not."""
        if self._process is not None:
            self._process.send_signal(how)
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
        self._forget()

    def kill(self) -> None:
        """`kill -9` to it and its children, as in a power cut; returns when they are gone."""
        if self._process is not None and self._process.poll() is None:
            server = psutil.Process(self._process.pid)
            family = [server, *server.children(recursive=True)]
            for process in family:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            psutil.wait_procs(family, timeout=STOP_SECONDS)
            self._process.wait()
        self._forget()

    def _forget(self) -> None:
        self._process = None
        atexit.unregister(self.kill)

    def _wait_until_it_answers(self, process: subprocess.Popen[bytes]) -> None:
        wait_until(lambda: answers(self._port) or process.poll() is not None, f"{self._command[0]} does not listen")
        if process.poll() is not None:
            self._forget()
            raise NoServer(f"{self._command[0]} did not start: {last_line(self._log)} (see {self._log})")


def wait_until(ready: Callable[[], bool], otherwise: str) -> None:
    """Returns once `ready` is true. Raises NoServer(`otherwise`) when that takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        if time.monotonic() > deadline:
            raise NoServer(otherwise)
        time.sleep(0.05)


def answers(port: int) -> bool:
    """Whether something on this machine listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").split("\n") if log.exists() else []
    return next((line for line in reversed(lines) if line.strip()), "it printed nothing")
