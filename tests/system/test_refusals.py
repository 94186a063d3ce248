"""Why `duban` does not start: one plain sentence and exit code 1, each time for a real reason."""

import os
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from shared.testing.process import ServerProcess, free_port
from shared.testing.servers import KafkaServer, PostgresServer, start_kafka
from tests.system.embedded import DUBAN, Embedded, Up, is_one_plain_sentence
from tests.system.walkthrough import eventually

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]


@pytest.fixture
def system(tmp_path: Path) -> Embedded:
    return Embedded(tmp_path / "system")


@pytest.fixture
def running(system: Embedded) -> Iterator[Up]:
    with system.running() as up:
        yield up


def refusal(system: Embedded, *arguments: str, **environment: str) -> str:
    """What a start that must be refused says."""
    done = system.duban(*(arguments or ("up",)), **environment)
    assert done.returncode == 1, done.stderr
    assert is_one_plain_sentence(done.stderr), done.stderr
    return done.stderr


@pytest.mark.parametrize("command", [("up",), ("up", "--demo"), ("serve", "task")])
def test_a_port_in_use_is_named_with_another_one_to_take(system: Embedded, command: tuple[str, ...]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", system.port))
        other.listen()
        said = refusal(system, *command)
    assert f"{system.port} is in use" in said
    assert f"PORT={system.port + 1}" in said


def test_a_data_folder_that_cannot_be_made_is_named(system: Embedded) -> None:
    system.data.write_text("a file where a folder should be")
    assert f"{system.data} cannot be written" in refusal(system)


def test_a_data_folder_that_may_not_be_written_is_named(system: Embedded) -> None:
    system.data.mkdir(mode=0o500)
    done = system.duban("up", bound_by_permissions=True)
    assert done.returncode == 1, done.stderr
    assert is_one_plain_sentence(done.stderr)
    assert f"{system.data} cannot be written" in done.stderr
    assert list(system.data.iterdir()) == []


def test_a_second_duban_in_the_same_data_folder_is_refused(system: Embedded, running: Up) -> None:
    said = refusal(system, DUBAN_PORT=str(free_port()))
    assert f"Another duban uses the data folder {system.data}" in said
    assert running.process.poll() is None


def test_a_database_that_is_newer_than_the_code_is_left_alone(system: Embedded, running: Up) -> None:
    running.end()
    with sqlite3.connect(system.data / "task.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    assert "9999" in refusal(system)
    with sqlite3.connect(system.data / "task.db") as database:
        assert database.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]


def test_a_file_that_is_no_database_is_named(system: Embedded) -> None:
    system.data.mkdir()
    (system.data / "task.db").write_text("no database " * 1000)
    assert "task.db" in refusal(system)


# One setting of each service; tests/services/duban/test_wrong_settings.py has the others.
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DUBAN_LOG_LEVEL", "loud"),
        ("DUBAN_BUS_URL", "amqp://broker"),
        ("DUBAN_REPORTING_DATABASE_URL", "mysql://duban@host/duban"),
        ("DUBAN_TOKEN_SECONDS", "long"),
        ("DUBAN_SMTP_URL", "http://mail"),
        ("DUBAN_SESSION_KEY", "short"),
    ],
)
def test_a_wrong_setting_is_named_before_anything_is_made(system: Embedded, name: str, value: str) -> None:
    assert name in refusal(system, "up", **{name: value})
    assert not system.data.exists()


@pytest.mark.parametrize("command", [("db", "upgrade"), ("stack",), ("serve", "portal")], ids=" ".join)
def test_every_command_that_starts_something_looks_at_the_settings_first(
    system: Embedded, command: tuple[str, ...]
) -> None:
    assert "DUBAN_SESSION_KEY" in refusal(system, *command, DUBAN_SESSION_KEY="short")
    assert not system.data.exists()


def test_a_name_that_is_no_host_of_ours_is_refused(system: Embedded) -> None:
    assert "DUBAN_HOST" in refusal(system, DUBAN_HOST="nowhere.invalid")
    assert not system.data.exists()


@pytest.mark.parametrize("command", [("up",), ("db", "upgrade")], ids=" ".join)
def test_a_broker_that_does_not_answer_is_told_before_anything_is_made(
    system: Embedded, command: tuple[str, ...]
) -> None:
    assert "DUBAN_BUS_URL" in refusal(system, *command, DUBAN_BUS_URL=f"kafka://127.0.0.1:{free_port()}")
    assert not system.data.exists()


def test_a_service_whose_database_nobody_has_prepared_says_which_command_does(system: Embedded) -> None:
    assert "duban db upgrade" in refusal(system, "serve", "task")
    assert not system.data.exists()


@pytest.mark.parametrize(
    ("file", "content"),
    [("portal.key", "no key"), ("bus.db", "no database " * 1000), ("demo-accounts.json", '[{"username": "office"}]')],
)
def test_a_damaged_file_of_the_data_folder_is_named_and_left_alone(system: Embedded, file: str, content: str) -> None:
    system.data.mkdir()
    (system.data / file).write_text(content)
    assert str(system.data / file) in refusal(system, "up", "--demo")
    assert (system.data / file).read_text() == content
    assert list(system.data.glob("*.db")) == list(system.data.glob(file) if file.endswith(".db") else [])


def test_no_database_is_touched_when_one_of_them_is_newer(system: Embedded) -> None:
    system.duban("db", "upgrade").check_returncode()
    for service, revision in (("directory", "0000"), ("reporting", "9999")):
        with sqlite3.connect(system.data / f"{service}.db") as database:
            database.execute("UPDATE alembic_version SET version_num = ?", [revision])
    refusal(system)
    with sqlite3.connect(system.data / "directory.db") as database:
        assert database.execute("SELECT version_num FROM alembic_version").fetchall() == [("0000",)]


def test_the_demo_where_it_is_forbidden_is_refused(system: Embedded) -> None:
    assert "DUBAN_DEMO" in refusal(system, "up", "--demo", DUBAN_DEMO="0")


def test_databases_that_do_not_answer_are_told(system: Embedded) -> None:
    nowhere = f"postgresql://duban@127.0.0.1:{free_port()}/duban"
    assert nowhere in refusal(system, "db", "upgrade", DUBAN_DATABASE_URL=nowhere)


class OnKafka:
    """Directory and task in processes of their own, on PostgreSQL and a broker that may be away."""

    def __init__(self, folder: Path, kafka: KafkaServer, postgres: PostgresServer) -> None:
        self.folder = folder
        names = ("directory", "task", "notification", "reporting")
        databases = {f"DUBAN_{name.upper()}_DATABASE_URL": postgres.create_database() for name in names}
        self.ports = {name: free_port() for name in ("directory", "task")}
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("DUBAN_")},
            **databases,
            "DUBAN_DATA": str(folder),
            "DUBAN_BUS_URL": f"kafka://{kafka.bootstrap}",
            "DUBAN_URL": self.url("directory"),
            "DUBAN_ADMIN_PASSWORD": "a password for this test",
        }

    def url(self, service: str) -> str:
        return f"http://127.0.0.1:{self.ports[service]}"

    def upgrade(self) -> None:
        subprocess.run([*DUBAN, "db", "upgrade"], env=self.environment, check=True, capture_output=True)

    def server(self, service: str) -> ServerProcess:
        port = self.ports[service]
        settings = {**self.environment, "DUBAN_PORT": str(port)}
        command = ["/usr/bin/env", "-i", *(f"{name}={value}" for name, value in settings.items())]
        return ServerProcess([*command, *DUBAN, "serve", service], port, self.folder / f"{service}.log")


@pytest.fixture
def on_kafka(tmp_path: Path, broker: KafkaServer, postgres_server: PostgresServer) -> Iterator[OnKafka]:
    """Both services running; the broker went away before they started."""
    system = OnKafka(tmp_path, broker, postgres_server)
    system.upgrade()
    broker.stop()
    servers = [system.server(name) for name in system.ports]
    for server in servers:
        server.start()
    yield system
    for server in servers:
        server.stop()


@pytest.fixture
def broker(kafka_server: KafkaServer, tmp_path: Path) -> Iterator[KafkaServer]:
    """One of the test's own, to stop and start; the session's says that one can be had here."""
    if not kafka_server.restartable:
        pytest.skip("the broker at DUBAN_TEST_KAFKA is not ours to stop")
    broker = start_kafka(tmp_path / "kafka")
    yield broker
    broker.close()


@pytest.mark.kafka
@pytest.mark.postgres
def test_services_start_without_their_broker_accept_work_and_pass_it_on_when_it_returns(
    on_kafka: OnKafka, broker: KafkaServer
) -> None:
    directory = httpx.Client(base_url=f"{on_kafka.url('directory')}/api/directory/v1", timeout=30, trust_env=False)
    task = httpx.Client(base_url=f"{on_kafka.url('task')}/api/task/v1", timeout=30, trust_env=False)
    with directory, task:
        unready = directory.get("/readyz")
        assert unready.status_code == 503
        assert [check["name"] for check in unready.json()["checks"]] == ["bus"]
        form = {"grant_type": "password", "username": "admin", "password": "a password for this test"}
        token = {"Authorization": f"Bearer {directory.post('/token', data=form).json()['access_token']}"}
        unit = {"key": "futian", "name": "深圳市福田区人民政府", "kind": "district", "relation": "subordinate"}
        accepted = directory.put("/units", headers=token, json={"units": [unit], "groups": []})
        assert accepted.status_code == 200, accepted.text
        assert task.get("/todo", headers=token).status_code == 401  # task has not heard of the account
        broker.start()
        eventually(lambda: task.get("/todo", headers=token).status_code == 200, "the account in task", 60)
        eventually(lambda: directory.get("/readyz").status_code == 200, "directory to be ready", 60)
        assert directory.get("/relay", headers=token).json()["pending"] == 0
