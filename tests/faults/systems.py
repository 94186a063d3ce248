"""The real system as its own processes, on either backend, to be killed and started again."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path

import httpx

from services.duban.catalogue import WITH_DATABASE, service_kind
from shared.bus import Bus
from shared.runtime import Service
from shared.testing.process import NoServer, free_port, wait_until
from shared.testing.servers import KafkaServer, PostgresServer

DUBAN = (sys.executable, "-m", "services.duban.cli")
ADMIN_PASSWORD = "only-for-fault-tests-7431"
DEATH_SECONDS = 60.0
STOP_SECONDS = 30.0


class Process:
    """One process of the system. Started again it keeps its port and its log."""

    def __init__(self, name: str, command: Iterable[str], environment: Mapping[str, str], log: Path) -> None:
        self.name = name
        self._command = list(command)
        self._environment = dict(environment)
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, fault: str = "") -> None:
        """With a fault, such as `relay.after_publish:1:KILL`, it will do that to itself."""
        environment = self._environment | ({"DUBAN_FAULT": fault} if fault else {})
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )

    def kill(self) -> None:
        """SIGKILL: no clean-up of any kind."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """In order; a process that does not end in time fails the test."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError(f"{self.name} did not stop within {STOP_SECONDS:.0f} s of SIGTERM") from None

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def wait_for_death(self) -> None:
        """Returns when the fault has killed it."""
        assert self._process is not None
        try:
            code = self._process.wait(DEATH_SECONDS)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} never came to its fault") from None
        assert code == -signal.SIGKILL, f"{self.name} ended with {code} instead of being killed, see {self._log}"

    def tail(self) -> str:
        return self._log.read_text(errors="replace")[-3000:]


class System:
    """A system under test: where it is, its processes, and its services as a test may look at them."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **os.environ,
            "DUBAN_DATA": str(folder),
            "DUBAN_URL": self.url,
            "DUBAN_DEMO": "1",
            "DUBAN_LOG_LEVEL": "warning",
            "DUBAN_DIRECTORY_ADMIN_PASSWORD": ADMIN_PASSWORD,
            **environment,
        }
        self.processes: dict[str, Process] = {}
        self.front: list[Process] = []
        """What carries requests but no work, and is never killed."""

    def holder_of(self, service: str) -> Process:
        """The process in which a service runs."""
        return self.processes.get(service) or self.processes["up"]

    def start(self) -> None:
        for process in (*self.processes.values(), *self.front):
            process.start()
        self.wait_until_ready()

    def start_again(self, process: Process, fault: str = "") -> None:
        process.start(fault)
        self.wait_until_ready()

    def close(self) -> None:
        for process in (*self.processes.values(), *self.front):
            process.stop()

    def wait_until_ready(self) -> None:
        """Returns when every service says that it is ready."""
        left = set(WITH_DATABASE)

        def ready() -> bool:
            left.difference_update({name for name in left if self._is_ready(name)})
            return not left

        try:
            wait_until(ready, "not ready")
        except NoServer:
            logs = "\n".join(process.tail() for process in self.processes.values())
            raise AssertionError(f"{', '.join(sorted(left))} did not get ready:\n{logs}") from None

    def services(self, bus: Bus) -> list[Service]:
        """The services as another process would open them: to look, not to run."""
        opened = []
        for name in WITH_DATABASE:
            kind = service_kind(name)
            settings = type(kind.settings())(
                data=self.folder, demo=True, database_url=self.database_url(name), bus_url=self.bus_url, database_pool=2
            )
            opened.append(import_module(f"{kind.package}.app").create_service(settings, bus))
        return opened

    def database_url(self, service: str) -> str:
        return self.environment.get(f"DUBAN_{service.upper()}_DATABASE_URL", "")

    @property
    def bus_url(self) -> str:
        return self.environment.get("DUBAN_BUS_URL") or f"embedded:///{self.folder / 'bus.db'}"

    def _is_ready(self, service: str) -> bool:
        try:
            return httpx.get(f"{self.url}/api/{service}/v1/readyz", timeout=5, trust_env=False).is_success
        except httpx.TransportError:
            return False


class EmbeddedSystem(System):
    """`duban up`: one process."""

    name = "embedded"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, {})
        environment = self.environment | {"DUBAN_PORT": str(self.port)}
        self.processes["up"] = Process("up", [*DUBAN, "up"], environment, folder / "up.log")


class ProductionSystem(System):
    """`duban serve` for each service, Kafka and PostgreSQL, a proxy in front."""

    name = "production"

    def __init__(self, folder: Path, kafka: KafkaServer, postgres: PostgresServer) -> None:
        web = {name: f"http://127.0.0.1:{free_port()}" for name in WITH_DATABASE}
        super().__init__(
            folder,
            {
                "DUBAN_BUS_URL": f"kafka://{kafka.bootstrap}",
                **{f"DUBAN_{name.upper()}_URL": url for name, url in web.items()},
                **{f"DUBAN_{name.upper()}_DATABASE_URL": postgres.create_database() for name in WITH_DATABASE},
            },
        )
        self.kafka, self.postgres = kafka, postgres
        for name, url in web.items():
            environment = self.environment | {"DUBAN_HOST": "127.0.0.1", "DUBAN_PORT": url.rpartition(":")[2]}
            self.processes[name] = Process(name, [*DUBAN, "serve", name], environment, folder / f"{name}.log")
        routes = [f"{name}={url}" for name, url in (web | {"portal": web["directory"]}).items()]
        proxy = [sys.executable, "-m", "services.duban.proxy", str(self.port), *routes]
        self.front.append(Process("proxy", proxy, self.environment, folder / "proxy.log"))

    def start(self) -> None:
        subprocess.run([*DUBAN, "db", "upgrade"], env=self.environment, check=True, capture_output=True)
        super().start()
