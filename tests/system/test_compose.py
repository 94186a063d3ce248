"""The compose file as it stands, brought up under a name and a port of its own."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.directory.commands.attempts import PER_ADDRESS
from shared.testing.process import free_port
from tests.system.walkthrough import PLAN, Office, walk_through

pytestmark = [pytest.mark.docker, pytest.mark.timeout(900)]  # the first build installs everything
ROOT = Path(__file__).parents[2]
FILE = ROOT / "deploy" / "docker-compose.yml"
Accounts = list[Mapping[str, Any]]
SERVICES = ("directory", "task", "notification", "reporting", "portal")


class Compose:
    """The project of this run."""

    def __init__(self, env_file: Path, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._command = [
            "docker",
            "compose",
            "-f",
            str(FILE),
            "--env-file",
            str(env_file),
            "-p",
            f"duban-test-{uuid4().hex[:8]}",
        ]
        own = {"PORT": str(port), "DUBAN_DEMO": "1", "DUBAN_VERSION": "test", "DUBAN_TRUSTED_PROXIES": "0.0.0.0/0"}
        self._environment = {**os.environ, **own}

    def run(self, *arguments: str) -> str:
        done = self.attempt(*arguments)
        assert done.returncode == 0, f"compose {' '.join(arguments)}:\n{done.stdout[-2000:]}{done.stderr[-4000:]}"
        return done.stdout

    def attempt(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self._command, *arguments],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def duban(self, *arguments: str) -> str:
        """Run a command of `duban` inside, as `make compose` loads the demo."""
        return self.run("run", "--rm", "--no-deps", "-T", "demo", *arguments)


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    env_file = tmp_path_factory.mktemp("compose") / ".env"
    subprocess.run([ROOT / "deploy" / "make-env", env_file], check=True, stdout=subprocess.DEVNULL)
    return env_file


@pytest.fixture(scope="module")
def compose(docker_compose: None, secrets: Path) -> Iterator[Compose]:
    project = Compose(secrets, free_port())
    try:
        up = project.attempt("up", "--build", "--wait", "--detach")
        assert up.returncode == 0, f"{up.stderr[-3000:]}\n{project.attempt('logs', '--tail', '15').stdout}"
        project.duban("demo", "load")
        yield project
    finally:
        (ROOT / "build").mkdir(exist_ok=True)
        (ROOT / "build" / "compose.log").write_text(project.attempt("logs", "--no-color").stdout, encoding="utf-8")
        project.run("--profile", "demo", "down", "--volumes", "--remove-orphans", "--timeout", "20")


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=30, trust_env=False) as client:
        yield client


@pytest.fixture(scope="module")
def accounts(compose: Compose) -> Accounts:
    found: Accounts = json.loads(compose.duban("demo", "accounts", "--json"))
    return found


def test_a_report_goes_in_and_the_board_shows_it(compose: Compose, http: httpx.Client, accounts: Accounts) -> None:
    walk_through(compose.url, http, accounts, lambda: compose.duban("clock", "advance", "1d"))


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_runs_without_root_on_a_file_system_that_it_cannot_write(compose: Compose, service: str) -> None:
    assert compose.run("exec", "-T", service, "id", "-u").strip() == "10001"
    assert "Read-only file system" in compose.attempt("exec", "-T", service, "touch", "/opt/duban/x").stderr


@pytest.mark.parametrize("service", SERVICES[:-1])
def test_a_service_keeps_its_files_in_a_volume(compose: Compose, service: str) -> None:
    compose.run("exec", "-T", service, "touch", "/data/kept")


@pytest.mark.parametrize("path", ["/metrics", *(f"/api/{name}/v1/metrics" for name in SERVICES[:-1])])
def test_metrics_are_not_public(compose: Compose, http: httpx.Client, path: str) -> None:
    assert http.get(compose.url + path).status_code == 404


@pytest.mark.parametrize("service", SERVICES[:-1])
def test_an_operator_can_read_metrics_inside(compose: Compose, service: str) -> None:
    code = f"import urllib.request as r; print(r.urlopen('http://127.0.0.1:8080/api/{service}/v1/metrics').read().decode())"
    assert "# TYPE " in compose.run("exec", "-T", service, "python", "-c", code)


def test_behind_a_trusted_proxy_each_visitor_has_a_sign_in_limit_of_his_own(
    compose: Compose, http: httpx.Client
) -> None:
    def attempt(visitor: str, name: str) -> int:
        form = {"grant_type": "password", "username": name, "password": "guessed"}
        headers = {"X-Forwarded-For": visitor}
        return http.post(f"{compose.url}/api/directory/v1/token", data=form, headers=headers).status_code

    assert {attempt("203.0.113.7", f"name{n}") for n in range(PER_ADDRESS)} == {401}
    assert attempt("203.0.113.7", "one-more") == 429
    assert attempt("203.0.113.8", "one-more") == 401


def test_a_login_opens_only_the_database_of_its_service(compose: Compose, secrets: Path) -> None:
    passwords = dict(line.split("=", 1) for line in secrets.read_text().splitlines())

    def connect(database: str, password: str) -> subprocess.CompletedProcess[str]:
        dsn = f"postgresql://duban_task:{password}@127.0.0.1/{database}"
        return compose.attempt("exec", "-T", "postgres", "psql", dsn, "-tAc", "select current_database()")

    own = passwords["DUBAN_TASK_DB_PASSWORD"]
    assert connect("duban_task", own).stdout.strip() == "duban_task"
    assert "permission denied" in connect("duban_directory", own).stderr
    assert "authentication failed" in connect("duban_task", "guessed").stderr


def test_the_application_refuses_a_large_body_itself_and_the_proxy_a_huge_one(
    compose: Compose, http: httpx.Client, accounts: Accounts
) -> None:
    office = Office(http, compose.url, accounts).sign_in("office")
    large, huge = (" " * int(megabytes * 1024 * 1024) for megabytes in (10.5, 12))
    assert office.send("PUT", f"/api/task/v1/plans/{PLAN}", body=large, status=413).json()["status"] == 413
    office.send("PUT", f"/api/task/v1/plans/{PLAN}", body=huge, status=413)


def test_without_secrets_compose_says_what_to_do(docker_compose: None, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    refused = Compose(tmp_path / "empty", free_port()).attempt("config", "--quiet")
    assert refused.returncode != 0
    assert "run deploy/make-env first" in refused.stderr
