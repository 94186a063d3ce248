"""A server in a container, where a Docker engine answers."""

import atexit
import os
import socket
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from shared.testing.process import NoServer, wait_until

DEFAULT_ENGINE = "unix:///var/run/docker.sock"
ENGINE_SECONDS = 5
STOP_SECONDS = 20


class DockerServer:
    """One container with fixed ports on 127.0.0.1. Its data lives until `remove`."""

    def __init__(self, image: str, ports: Mapping[int, int], environment: Mapping[str, str]) -> None:
        self._image = image
        self._ports = ports
        self._environment = environment
        self._container: Any = None

    def start(self, ready: Callable[[], bool]) -> None:
        """Create the container, or start it again. Returns when `ready` says so. Raises NoServer."""
        if self._container is None:
            self._container = self._create()
            atexit.register(self.remove)
        else:
            self._container.get_wrapped_container().start()
        wait_until(ready, f"{self._image} does not get ready")

    def stop(self) -> None:
        if self._container is not None:
            self._container.get_wrapped_container().stop(timeout=STOP_SECONDS)

    def kill(self) -> None:
        """SIGKILL to what runs in it."""
        container = self._container.get_wrapped_container()
        container.kill()
        container.wait(timeout=STOP_SECONDS)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """It runs and answers nobody, as on a machine that swaps or was suspended."""
        container = self._container.get_wrapped_container()
        container.pause()
        try:
            yield
        finally:
            container.unpause()

    def remove(self) -> None:
        """End the container and its data."""
        if self._container is not None:
            self._container.stop()
            self._container = None
        atexit.unregister(self.remove)

    def log(self) -> str:
        """What it has printed in all its starts."""
        return str(self._container.get_wrapped_container().logs().decode(errors="replace")) if self._container else ""

    def _create(self) -> Any:
        ensure_image(self._image)
        # Its helper image would have to be pulled, and would address the container by the bridge instead of loopback.
        os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")
        os.environ.setdefault("TESTCONTAINERS_HOST_OVERRIDE", "127.0.0.1")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from testcontainers.core.container import DockerContainer  # noqa: PLC0415  # tests only
        container: Any = DockerContainer(self._image).with_envs(**self._environment)
        container.ports = {inside: ("127.0.0.1", outside) for inside, outside in self._ports.items()}
        return container.start()


def ensure_image(image: str) -> None:
    """Returns when the engine has the image, which it may have to pull. Raises NoServer."""
    try:
        import docker  # type: ignore[import-untyped]  # noqa: PLC0415  # tests only
    except ImportError as missing:
        raise NoServer(f"no Docker client: {missing}") from missing
    _refuse_a_silent_socket()
    try:
        engine = docker.from_env(timeout=ENGINE_SECONDS)
    except docker.errors.DockerException as silent:
        raise NoServer(f"no Docker engine answers: {silent}") from silent
    try:
        if not any(image in known.tags for known in engine.images.list()):
            engine.images.pull(image)
    except docker.errors.DockerException as refused:
        raise NoServer(f"no image {image}: {refused}") from refused
    finally:
        engine.close()


def _refuse_a_silent_socket() -> None:
    """Raises NoServer where nobody listens. The client itself would leave its socket open, which fails a later test."""
    address = os.environ.get("DOCKER_HOST") or DEFAULT_ENGINE
    if address.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(address.removeprefix("unix://"))
            except OSError as silent:
                raise NoServer(f"no Docker engine answers at {address}: {silent}") from silent
