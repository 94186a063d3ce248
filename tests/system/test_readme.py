"""Every line of the README's walk-through, as it is printed there, in one shell."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.system.embedded import ROOT, Embedded

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]
README = (ROOT / "README.md").read_text(encoding="utf-8")
END_OF_BLOCK = "--end-of-block--"


def shell_blocks(section: str) -> list[str]:
    """The shell blocks of the section whose heading ends with these words."""
    (text,) = re.findall(rf"^## [^\n]*{section}\n(.*?)(?=^## |\Z)", README, re.DOTALL | re.MULTILINE)
    return re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


class Shell:
    """One bash for all blocks, as in a terminal. A line that fails ends it."""

    def __init__(self, system: Embedded) -> None:
        environment = {name: value for name, value in system.environment.items() if name != "DUBAN_PORT"}
        self._bash = subprocess.Popen(
            ["bash", "-e", "-o", "pipefail"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, block: str) -> str:
        """What the block printed."""
        assert self._bash.stdin
        assert self._bash.stdout
        self._bash.stdin.write(f"{block}\necho; echo {END_OF_BLOCK}\n")
        self._bash.stdin.flush()
        printed: list[str] = []
        for line in self._bash.stdout:
            if line.strip() == END_OF_BLOCK:
                return "".join(printed).strip()
            printed.append(line)
        pytest.fail(f"bash ended with {self._bash.wait()} in\n{block}\nafter\n{''.join(printed)}")

    def close(self) -> None:
        self._bash.communicate()


@pytest.fixture
def shell(demo: Embedded) -> Iterator[Shell]:
    shell = Shell(demo)
    yield shell
    shell.close()


def documents(printed: str) -> list[Any]:
    """The JSON documents that several `curl` lines printed one after the other."""
    found, decoder, rest = [], json.JSONDecoder(), printed.strip()
    while rest:
        document, end = decoder.raw_decode(rest)
        found.append(document)
        rest = rest[end:].strip()
    return found


def test_the_two_commands_are_those_of_the_makefile() -> None:
    (block,) = shell_blocks("Two commands")
    commands = [line.split("#")[0].strip() for line in block.splitlines()]
    assert commands == ["make run", "make test"]
    for command in commands:
        dry = [*command.split(), "-n", "-o", "setup"]
        environment = {**os.environ, "PORT": "8081"}
        done = subprocess.run(dry, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
        assert ("DUBAN_PORT=8081 " in done.stdout) is (command == "make run")


def test_every_line_of_the_walk_through_works(shell: Shell) -> None:
    sign_in, look, submit, send_back, hear, resubmit, board, next_day = shell_blocks("Walk-through")
    shell.run(sign_in)
    assert "Bearer ey" in shell.run('echo "$futian"')
    assert "Bearer ey" in shell.run('echo "$office"')

    todo, acknowledged = documents(shell.run(look))
    assert ("17", "2024-Q1") in {(item["measure"], item["period"]) for item in todo["items"]}
    assert acknowledged["state"] == "acknowledged"

    (first,) = documents(shell.run(submit))
    assert (first["state"], first["version"], first["on_time"]) == ("submitted", 1, True)
    assert documents(shell.run(submit)) == [first]

    (returned,) = documents(shell.run(send_back))
    assert (returned["state"], returned["resubmit_due"]) == ("returned", "2024-04-11")

    inbox, mail = shell.run(hear).rsplit("}", 1)
    assert "请补充海外仓名称和面积" in inbox
    assert mail.strip().endswith(".eml")

    resubmitted, accepted = documents(shell.run(resubmit))
    assert (resubmitted["state"], resubmitted["version"]) == ("submitted", 2)
    assert accepted["state"] == "accepted"

    totals, rest = shell.run(board).split("\n", 1)
    assert "'submitted': 140" in totals
    assert "'accepted': 97" in totals
    behind, history = documents(rest)
    assert [(item["measure"], item["unit"]) for item in behind["items"]].count(("17", "futian")) == 1
    assert [entry["type"] for entry in history] == [
        "report.submitted",
        "report.returned",
        "report.submitted",
        "report.accepted",
    ]

    printed = shell.run(next_day)
    assert "2024-04-09T09:00:00+08:00" in printed
    assert re.search(r"^[1-9]\d*$", printed, re.MULTILINE), printed
    assert "审计链" in printed
