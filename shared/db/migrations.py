"""Bringing a service's database to the shape that its code expects. Each service keeps revisions in `migrations/versions`."""

from functools import lru_cache
from importlib.resources import files

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from shared.db.engine import Database
from shared.errors import AppError, Text

MIGRATION_LOCK = 0xD0BA9
"""An advisory lock of PostgreSQL: when several processes start at once, one migrates and the others wait."""


class DatabaseNewerThanCode(AppError):
    code, status = "database-newer-than-code", 503
    title = Text("数据库版本较新", "The database is newer than this build")
    detail = Text(
        "数据库已升级到 {revision}，本程序最新只到 {head}。请换用新版程序，不要降级数据库。",
        "The database is at revision {revision}, the newest that this build knows is {head}. Run the newer build.",
    )


async def upgrade(database: Database, package: str, to: str | None = None) -> None:
    """Run the missing revisions of `package` (e.g. `services.task`) in one transaction, up to `to` or to the newest.

    Raises DatabaseNewerThanCode.
    """
    async with database.write() as connection:
        await connection.run_sync(_upgrade, package, to or head(package))


async def refuse_newer(database: Database, package: str) -> None:
    """Raises DatabaseNewerThanCode; changes nothing."""
    revision = await current(database)
    _refuse_newer(_config(package), revision, head(package))


async def is_behind(database: Database, package: str) -> bool:
    """Whether the database misses revisions of this build; a newer one does not."""
    revision = await current(database)
    return revision != head(package) and (revision is None or revision in _known(_config(package)))


async def current(database: Database) -> str | None:
    """The revision that the database is at; None before the first."""
    async with database.read() as connection:
        return await connection.run_sync(_current)


@lru_cache(maxsize=16)
def head(package: str) -> str:
    """The newest revision that the code knows."""
    newest = ScriptDirectory.from_config(_config(package)).get_current_head()
    if newest is None:
        raise LookupError(f"{package} has no migrations")
    return newest


def _upgrade(connection: Connection, package: str, to: str) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
    revision = _current(connection)
    if revision == to:
        return
    config = _config(package)
    _refuse_newer(config, revision, head(package))
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def _config(package: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(files("shared.db") / "alembic"))
    config.set_main_option("version_locations", str(files(package) / "migrations" / "versions"))
    config.set_main_option("path_separator", "newline")
    return config


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _refuse_newer(config: Config, revision: str | None, newest: str) -> None:
    if revision is not None and revision not in _known(config):
        raise DatabaseNewerThanCode(revision=revision, head=newest)


def _known(config: Config) -> set[str]:
    return {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
