"""The first administrator, so that a fresh system can be entered."""

import os
from pathlib import Path

import structlog
from sqlalchemy.exc import IntegrityError

from contracts.names import Role
from services.directory.commands.accounts import make_secret
from services.directory.models import Account, Duties
from services.directory.passwords import Passwords
from services.directory.queries import find_account
from services.directory.settings import DirectorySettings
from shared.runtime import Service

ADMIN = "admin"
log = structlog.get_logger()


async def ensure_admin(service: Service, settings: DirectorySettings) -> None:
    """Create the account `admin` where it is missing, with the password of the settings or a generated one.

    A generated one is written to `admin-password` in the data folder, for its owner only.
    """
    async with service.read() as view:
        if await find_account(view.connection, ADMIN):
            return
    given = settings.admin_password.get_secret_value()
    password = given or make_secret()
    password_hash = await Passwords().hash(password)
    try:
        async with service.write() as work:
            await work.add(*Account.register(ADMIN, Duties((Role.ADMIN,)), password_hash=password_hash))
    except IntegrityError:  # another process was a moment earlier; its password counts
        return
    if not given:
        _keep(settings.data / "admin-password", password)


def _keep(path: Path, password: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(password + "\n")
    log.warning("the first administrator was created; change this password", account=ADMIN, kept_in=str(path))
