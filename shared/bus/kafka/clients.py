"""Clients of a broker: how they get in, how long they live."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Generic, Protocol, TypeVar

import structlog
from aiokafka.errors import ConsumerStoppedError, KafkaError
from aiokafka.helpers import create_ssl_context

from shared.bus.base import BusUnavailable, KafkaSecurity

# The client library lets its own slips through (an attribute of a controller that is not known yet, a failed
# assertion); they mean the same as its declared errors: this client is of no use any more.
CLIENT_ERRORS = (KafkaError, ConsumerStoppedError, OSError, TimeoutError, AssertionError, AttributeError)
ASK_SECONDS = 15.0
CLOSE_SECONDS = 5.0

log = structlog.get_logger(__name__)


class Startable(Protocol):
    async def start(self) -> None: ...


Client = TypeVar("Client", bound=Startable)


def access_options(security: KafkaSecurity | None) -> dict[str, Any]:
    """The client options that prove who we are."""
    if security is None:
        return {}
    options: dict[str, Any] = {}
    if security.ca_file:
        options["ssl_context"] = create_ssl_context(cafile=security.ca_file)
    if security.username:
        options |= {
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": security.username,
            "sasl_plain_password": security.password,
        }
    transport = "SSL" if security.ca_file else "PLAINTEXT"
    return options | {"security_protocol": f"SASL_{transport}" if security.username else transport}


class Closing:
    """Clients on their way out. Closing one may wait for a broker that is gone, so nobody waits for it but `wait`."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, closing: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(self._report(closing))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def wait(self) -> None:
        """Returns when all are closed, at the latest after 5 s."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=CLOSE_SECONDS)

    @staticmethod
    async def _report(closing: Coroutine[Any, Any, None]) -> None:
        try:
            await closing
        except CLIENT_ERRORS as error:
            log.info("bus.close_failed", error=repr(error))


class Kept(Generic[Client]):
    """One client, made when it is first needed and again after it was dropped."""

    def __init__(
        self,
        make: Callable[[], Client],
        close: Callable[[Client], Coroutine[Any, Any, None]],
        closing: Closing,
    ) -> None:
        self._make = make
        self._close = close
        self._closing = closing
        self._client: Client | None = None
        self._starting = asyncio.Lock()

    async def get(self) -> Client:
        """The running client. Raises what its start raises."""
        async with self._starting:
            if self._client is None:
                client = self._make()
                try:
                    await client.start()
                except BaseException:
                    self._closing.add(self._close(client))
                    raise
                self._client = client
            return self._client

    def drop(self) -> None:
        """Never use this client again."""
        if self._client is not None:
            self._closing.add(self._close(self._client))
            self._client = None

    @asynccontextmanager
    async def asked(self, seconds: float = ASK_SECONDS) -> AsyncIterator[Client]:
        """The running client for one question. Raises BusUnavailable, having dropped it, when that fails."""
        try:
            async with asyncio.timeout(seconds):
                yield await self.get()
        except CLIENT_ERRORS as error:
            self.drop()
            raise BusUnavailable(repr(error)) from error
