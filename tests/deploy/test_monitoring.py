import re
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

import shared.telemetry.metrics  # noqa: F401  # registers what the services export

DEPLOY = Path(__file__).parents[2] / "deploy"
SUFFIXES = re.compile(r"_(total|count|bucket|sum)$")


@pytest.mark.parametrize("file", ["prometheus/alerts.yml", "grafana/duban.json"])
def test_every_metric_that_an_operator_watches_is_exported(file: str) -> None:
    watched = {
        SUFFIXES.sub("", name) for name in re.findall(r"\bduban_\w+", (DEPLOY / file).read_text(encoding="utf-8"))
    }
    exported = {SUFFIXES.sub("", family.name) for family in REGISTRY.collect()}
    assert watched
    assert watched <= exported
