"""The first start, and a database that is not what the code expects."""

import stat
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from services.directory.app import create_app, prepare
from services.directory.models import DirectoryTable
from services.directory.passwords import Passwords
from services.directory.queries import find_account
from services.directory.settings import DirectorySettings
from services.directory.signing import KeyLocked, SigningKeys
from shared.bus.embedded import EmbeddedBus
from shared.db import Database
from shared.db.migrations import DatabaseNewerThanCode, current, head, upgrade
from shared.files import keep_secret
from tests.directory.conftest import Directory

PACKAGE = "services.directory"


async def started(folder: Path, **settings: str) -> DirectorySettings:
    """Start and stop a directory in a folder."""
    configured = DirectorySettings(data=folder, **settings)  # type: ignore[arg-type]
    app = create_app(configured, EmbeddedBus(folder / "bus.db"))
    await upgrade(app.state.service.database, PACKAGE)
    await prepare(app)
    await app.state.service.database.close()
    return configured


async def test_a_generated_admin_password_is_for_its_owner_only_and_made_once(tmp_path: Path) -> None:
    await started(tmp_path)
    kept = tmp_path / "admin-password"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    first = kept.read_text()
    await started(tmp_path)
    assert kept.read_text() == first


async def test_a_start_that_was_killed_after_keeping_the_password_is_completed_by_the_next(tmp_path: Path) -> None:
    keep_secret(tmp_path / "admin-password", "kept before the kill")
    settings = await started(tmp_path)
    database = Database(settings.database_for("directory"))
    async with database.read() as view:
        admin = await find_account(view, "admin")
    assert admin is not None
    assert await Passwords().verify("kept before the kill", admin.password_hash)
    await database.close()


async def test_a_given_admin_password_is_written_nowhere(tmp_path: Path) -> None:
    await started(tmp_path, admin_password="given by the operator")
    assert not (tmp_path / "admin-password").exists()


async def test_the_same_keys_sign_after_a_restart(tmp_path: Path) -> None:
    settings = await started(tmp_path)
    database = Database(settings.database_for("directory"))
    first = (await SigningKeys(database).newest()).kid
    assert (await SigningKeys(database).newest()).kid == first
    await database.close()


async def test_a_passphrase_encrypts_the_keys_and_without_it_they_stay_shut(tmp_path: Path) -> None:
    settings = await started(tmp_path, key_passphrase="a long passphrase")
    database = Database(settings.database_for("directory"))
    assert (await SigningKeys(database, "a long passphrase").newest()).is_private
    for wrong in ("", "another passphrase"):
        with pytest.raises(KeyLocked):
            await SigningKeys(database, wrong).newest()
    await database.close()


async def test_the_migrations_make_what_the_models_say(either: Directory) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        return list(compare_metadata(context, DirectoryTable.metadata))

    async with either.service.database.write() as connection:
        assert await connection.run_sync(differences) == []


async def test_migrating_again_changes_nothing(either: Directory) -> None:
    await upgrade(either.service.database, PACKAGE)
    assert await current(either.service.database) == head(PACKAGE)


async def test_a_database_newer_than_the_code_is_refused_in_words(either: Directory) -> None:
    async with either.service.database.write() as connection:
        await connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(DatabaseNewerThanCode, match=r"9999.*newer build"):
        await upgrade(either.service.database, PACKAGE)


async def test_the_event_log_is_append_only(either: Directory) -> None:
    for change in ("UPDATE event_log SET type = 'x'", "DELETE FROM event_log"):
        with pytest.raises(DBAPIError, match="append-only"):
            async with either.service.database.write() as connection:
                await connection.exec_driver_sql(change)


async def test_a_directory_that_stands_is_ready(directory: Directory) -> None:
    answer = await directory.client.get("/readyz?verbose")
    assert answer.status_code == 200
    assert [(check["name"], check["ok"]) for check in answer.json()["checks"]] == [
        ("database", True),
        ("migrations", True),
        ("bus", True),
        ("work", True),
    ]


async def test_a_database_of_another_build_is_not_ready(directory: Directory) -> None:
    async with directory.service.database.write() as connection:
        await connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    answer = await directory.client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"] == [
        {"name": "migrations", "ok": False, "says": f"at 0000, the code expects {head(PACKAGE)}"}
    ]


async def test_without_the_bus_the_directory_says_so_and_accepts_work(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unreachable() -> bool:
        return False

    monkeypatch.setattr(directory.service.bus, "reachable", unreachable)
    assert (await directory.client.get("/readyz")).json()["checks"][0]["name"] == "bus"
    await directory.become("admin")
    assert (await directory.put_units()).status_code == 200
