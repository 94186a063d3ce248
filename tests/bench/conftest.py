"""Where measurements go: printed at once, and written to build/bench.json at the end."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shared.ids import new_id
from shared.testing.servers import PostgresServer

RESULTS = Path("build/bench.json")
Measured = Callable[..., float | None]
NewDatabase = Callable[[], str]


@pytest.fixture(scope="session")
def results() -> Iterator[list[dict[str, object]]]:
    found: list[dict[str, object]] = []
    yield found
    RESULTS.parent.mkdir(exist_ok=True)
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    fresh = {(row["name"], row["backend"]) for row in found}
    kept = [row for row in known if (row["name"], row["backend"]) not in fresh]
    RESULTS.write_text(json.dumps(kept + found, ensure_ascii=False, indent=1) + "\n")


@pytest.fixture
def measured(results: list[dict[str, object]]) -> Measured:
    """`measured(name, backend, value, unit, floor=None)`; answers the ratio to the floor of the same run."""

    def record(name: str, backend: str, value: float, unit: str, floor: float | None = None) -> float | None:
        ratio = value / floor if floor else None
        row = {"name": name, "backend": backend, "value": round(value, 3), "unit": unit}
        results.append(row | {"floor": floor and round(floor, 3), "ratio": ratio and round(ratio, 3)})
        shown = f" ({ratio:.2f} of the floor {floor:,.0f})" if ratio else ""
        print(f"\n{name} [{backend}]: {value:,.1f} {unit}{shown}")
        return ratio

    return record


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[NewDatabase]:
    """Gives the address of an empty database on either backend, another one each time."""
    if request.param == "sqlite":
        yield lambda: f"sqlite:///{tmp_path / new_id().hex}.db"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    made: list[str] = []

    def create() -> str:
        made.append(server.create_database())
        return made[-1]

    yield create
    for url in made:
        server.drop_database(url)
