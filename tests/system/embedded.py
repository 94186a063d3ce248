"""The embedded system as a person starts it: one process, with a port and a data folder of its own."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from shared.testing.process import free_port

ROOT = Path(__file__).parents[2]
DUBAN = (sys.executable, "-m", "services.duban.cli")
LIKE_ANYBODY = ("setpriv", "--bounding-set=-dac_override,-dac_read_search") if os.geteuid() == 0 else ()
"""Root without the right to pass over the permissions of files, which it still owns and so can read."""
STANDS = "Ctrl-C"
"""The last line that `duban up` prints when it is ready and the demo is loaded."""
PATIENCE = 300.0
Completed = subprocess.CompletedProcess[str]


class Embedded:
    """`duban` in a folder: `data/` is its data, `config/` the user's configuration, `up.log` what `up` printed."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.data = folder / "data"
        self.log = folder / "up.log"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("DUBAN_")}
        own = {"DUBAN_PORT": str(self.port), "DUBAN_URL": self.url, "DUBAN_DATA": str(self.data)}
        return {**inherited, **own, "XDG_CONFIG_HOME": str(self.folder / "config"), "LANG": "C.UTF-8"}

    @property
    def printed(self) -> str:
        return self.log.read_text(encoding="utf-8") if self.log.exists() else ""

    @property
    def mails(self) -> list[str]:
        """Names of the messages written so far."""
        return sorted(path.name for path in (self.data / "mail").glob("*.eml"))

    def duban(self, *arguments: str, bound_by_permissions: bool = False, **environment: str) -> Completed:
        """Run one command to its end; where wanted as somebody whom the permissions of files bind."""
        return subprocess.run(
            [*(LIKE_ANYBODY if bound_by_permissions else ()), *DUBAN, *arguments],
            cwd=ROOT,
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )

    def start(self, *options: str) -> "Up":
        """Start `duban up`; it is not ready yet."""
        with self.log.open("w", encoding="utf-8") as log:
            process = subprocess.Popen(
                [*DUBAN, "up", *options], cwd=ROOT, env=self.environment, stdout=log, stderr=subprocess.STDOUT
            )
        return Up(self, process)

    @contextmanager
    def running(self, *options: str) -> Iterator["Up"]:
        up = self.start(*options)
        try:
            up.await_standing()
            yield up
        finally:
            up.end()

    def copy_of(self, other: "Embedded") -> "Embedded":
        """With another's data folder, which nobody may be using now."""
        shutil.copytree(other.data, self.data)
        return self


class Up:
    """A running `duban up`."""

    def __init__(self, system: Embedded, process: subprocess.Popen[bytes]) -> None:
        self.system = system
        self.process = process
        self._started = time.monotonic()

    def await_standing(self) -> float:
        """Wait until the system stands, with its demo where asked for. Answers the seconds since its start."""
        self.wait_for(lambda: STANDS in self.system.printed, "standing")
        return time.monotonic() - self._started

    def wait_for(self, reached: Callable[[], bool], what: str) -> None:
        while not reached():
            code = self.process.poll()
            assert code is None, f"it ended with {code} before {what}:\n{self.system.printed[-4000:]}"
            assert time.monotonic() - self._started < PATIENCE, f"not {what} in {PATIENCE} s: {self.system.printed}"
            time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGINT) -> float:
        """Ask it to end. Answers the seconds that it took; `process.returncode` is its exit code."""
        asked = time.monotonic()
        self.process.send_signal(how)
        self.process.wait(PATIENCE)
        return time.monotonic() - asked

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        if self.process.poll() is None:
            self.stop()


def busy() -> float:
    """How much slower than on an idle machine things may be now: the processes that want each processor, at least 1."""
    return max(1.0, psutil.getloadavg()[0] / (psutil.cpu_count() or 1))


def is_one_plain_sentence(said: str) -> bool:
    """No trace of the program's inside; something in Chinese for the people whom it is for."""
    return "Traceback" not in said and re.search(r"[\u4e00-\u9fff]", said) is not None
