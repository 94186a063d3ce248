import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
COMPOSE = (ROOT / "deploy" / "docker-compose.yml").read_text(encoding="utf-8")


def make_env(env: Path) -> dict[str, str]:
    subprocess.run([ROOT / "deploy" / "make-env", env], check=True, stdout=subprocess.DEVNULL)
    return dict(line.split("=", 1) for line in env.read_text().splitlines())


def test_every_variable_that_compose_requires_is_written(tmp_path: Path) -> None:
    required = set(re.findall(r"\$\{(\w+):\?", COMPOSE))
    assert required
    assert required <= make_env(tmp_path / ".env").keys()


def test_secrets_differ_from_one_another_and_from_installation_to_installation(tmp_path: Path) -> None:
    one, other = make_env(tmp_path / "one"), make_env(tmp_path / "other")
    assert len({*one.values(), *other.values()}) == len(one) + len(other)


def test_only_the_owner_can_read_them(tmp_path: Path) -> None:
    make_env(tmp_path / ".env")
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600


def test_what_is_there_stays_and_what_is_missing_is_added(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    env.write_text("DUBAN_ADMIN_PASSWORD=chosen\nPORT=80\n")
    written = make_env(env)
    assert (written["DUBAN_ADMIN_PASSWORD"], written["PORT"]) == ("chosen", "80")
    assert written["POSTGRES_PASSWORD"]
    assert make_env(env) == written
