"""Why the system does not start, as one plain sentence."""

import errno
import fcntl
import os
import socket
from pathlib import Path
from typing import IO

from services.duban.failures import Failure
from shared.settings import ServiceSettings


class CannotStart(Failure):
    """The system stays down; nothing was changed."""


def check_port(settings: ServiceSettings) -> None:
    """Raises CannotStart where something already listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OverflowError:
            raise CannotStart(
                f"DUBAN_PORT={settings.port}：端口应在 0 到 65535 之间。 A port lies between 0 and 65535."
            ) from None
        except OSError as refused:
            if refused.errno == errno.EADDRINUSE:
                raise CannotStart(
                    f"端口 {settings.port} 已被占用，请换一个端口：make run PORT={settings.port + 1}。 "
                    f"Port {settings.port} is in use; choose another one: make run PORT={settings.port + 1}."
                ) from None
            raise CannotStart(
                f"无法监听 Cannot listen on {settings.host}:{settings.port}: {refused.strerror}."
            ) from None


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
