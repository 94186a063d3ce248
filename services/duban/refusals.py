"""Why the system does not start, as one plain sentence."""

import errno
import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from services.duban.failures import Failure, unusable_file
from shared.bus.base import BusUnavailable
from shared.errors import AppError
from shared.settings import ServiceSettings

BUS_SILENT = (
    "消息总线没有应答，请先启动 Kafka，或修改 DUBAN_BUS_URL 和 DUBAN_KAFKA_*。 "
    "The bus does not answer; start Kafka first, or correct DUBAN_BUS_URL and DUBAN_KAFKA_*."
)


class CannotStart(Failure):
    """The system stays down; nothing was changed."""


@contextmanager
def plain_reasons() -> Iterator[None]:
    """Whatever ends what stands inside, as CannotStart where it is a known situation."""
    try:
        yield
    except AppError as refused:
        raise CannotStart(f"{refused.sentence('zh')} {refused.sentence('en')}") from refused
    except BusUnavailable as silent:
        raise CannotStart(BUS_SILENT) from silent
    except OSError as unusable:
        if unusable.filename is None:
            raise
        raise CannotStart(unusable_file(unusable)) from unusable


def check_port(settings: ServiceSettings) -> None:
    """Raises CannotStart where something already listens there, or nothing may."""
    try:
        for family, kind, protocol, _, address in socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        ):
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
    except OSError as refused:
        raise CannotStart(_why_not_there(settings, refused)) from None


def _why_not_there(settings: ServiceSettings, refused: OSError) -> str:
    if refused.errno == errno.EADDRINUSE:
        return (
            f"端口 {settings.port} 已被占用，请换一个端口：make run PORT={settings.port + 1}。 "
            f"Port {settings.port} is in use; choose another one: make run PORT={settings.port + 1}."
        )
    return (
        f"无法监听 {settings.host}:{settings.port}（{refused.strerror}），请修改 DUBAN_HOST 或 DUBAN_PORT。 "
        f"Cannot listen on {settings.host}:{settings.port} ({refused.strerror}); correct DUBAN_HOST or DUBAN_PORT."
    )


def claim_data_folder(folder: Path) -> IO[str]:
    """The data folder, for this process alone until the file is closed. Raises CannotStart."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "duban.lock").open("w")
    except OSError as refused:
        raise CannotStart(
            f"数据目录 {folder} 不可写（{refused.strerror}），请修改权限或用 DUBAN_DATA 指定其他目录。 "
            f"The data folder {folder} cannot be written ({refused.strerror}); "
            "change its permissions or name another with DUBAN_DATA."
        ) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise CannotStart(
            f"数据目录 {folder} 正被另一个 duban 使用，请先停止它。 "
            f"Another duban uses the data folder {folder}; stop it first."
        ) from None
    lock.write(str(os.getpid()))
    lock.flush()
    return lock
