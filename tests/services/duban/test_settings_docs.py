"""`.env.example` and the operator guide name every setting as it is in the code."""

import os
import shlex
import subprocess
from pathlib import Path

import pytest

from services.duban.settings_docs import OWN, ROOT, documents, list_settings


@pytest.mark.parametrize(
    "path", [ROOT / ".env.example", ROOT / "docs" / "guides" / "operator.md"], ids=lambda p: p.name
)
def test_a_document_is_what_the_settings_classes_say(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == documents()[path], "run: python -m services.duban.settings_docs"


def test_every_setting_is_explained() -> None:
    assert [setting.name for setting in list_settings() if not setting.says] == []


def test_a_shell_reads_the_example_and_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    script = f"set -a; . {shlex.quote(str(ROOT / '.env.example'))}; set +a; env -0"
    done = subprocess.run(["sh", "-c", script], env={}, capture_output=True, text=True, check=True)
    given = dict(line.split("=", 1) for line in done.stdout.split("\0") if line.startswith("DUBAN_"))
    for name in [name for name in os.environ if name.startswith("DUBAN_")]:
        monkeypatch.delenv(name)
    defaults = {service: cls() for service, cls in OWN.items()}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert {service: cls() for service, cls in OWN.items()} == defaults
