"""The first administrator, so that a fresh system can be entered."""

import structlog
from sqlalchemy.exc import IntegrityError

from contracts.names import Role
from services.directory.models import Account, Duties
from services.directory.passwords import Passwords, make_secret
from services.directory.queries import find_account
from services.directory.settings import DirectorySettings
from shared.files import keep_secret
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
    password_hash = await Passwords().hash(_first_password(settings))
    try:
        async with service.write() as work:
            await work.add(*Account.register(ADMIN, Duties((Role.ADMIN,)), password_hash=password_hash))
    except IntegrityError:  # another process was a moment earlier
        return


def _first_password(settings: DirectorySettings) -> str:
    """Kept before it is used: a start that is killed in between leaves no account that nobody can enter."""
    if given := settings.admin_password.get_secret_value():
        return given
    path = settings.data / "admin-password"
    log.warning("the first administrator is created; change this password", account=ADMIN, kept_in=str(path))
    return keep_secret(path, make_secret() + "\n").strip()
