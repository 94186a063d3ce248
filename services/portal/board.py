"""What the board page shows, in the order in which it is read. Pure."""

from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from services.portal.schemas import Area, Board, Figures, Light, Measure, Unit
from services.portal.visits import address_of

LIGHTS: tuple[Light, ...] = ("red", "yellow", "green", "grey")
COLUMNS = ("expected", "submitted", "on_time", "accepted", "returned", "awaiting_review", "late", "requested_pending")
SHARES = {
    "acknowledged": "assignments",
    "submitted": "expected",
    "on_time": "expected",
    "accepted": "submitted",
    "returned": "submitted",
    "awaiting_review": "submitted",
    "late": "expected",
    "requested_pending": "expected",
}
"""Each figure and what it is a share of."""
ALARMING = ("late", "returned")


@dataclass(frozen=True, slots=True)
class Figure:
    name: str
    value: int
    whole: str | None
    of: int | None
    href: str | None

    @property
    def percent(self) -> str | None:
        """With one decimal; none of nothing has no share."""
        return f"{100 * self.value / self.of:.1f}%" if self.of else None

    @property
    def alarming(self) -> bool:
        return self.value > 0 and self.name in ALARMING


@dataclass(frozen=True, slots=True)
class AreaGroup:
    area: Area
    measures: list[Measure]


@dataclass(frozen=True, slots=True)
class KindGroup:
    kind: str
    units: list[Unit]


def shown_board(board: Board, as_of: str) -> dict[str, Any]:
    """The template's variables."""
    links = Links(board, as_of)
    lights = Counter(measure.light for measure in board.measures)
    return {
        "board": board,
        "links": links,
        "figures": [_figure(name, board.totals, links) for name in ("expected", *SHARES)],
        "lights": [(light, lights[light]) for light in LIGHTS],
        "groups": [
            AreaGroup(area, [measure for measure in board.measures if measure.area == area.area])
            for area in board.areas
        ],
        "kinds": [KindGroup(kind, list(units)) for kind, units in groupby(board.units, lambda unit: unit.kind)],
        "periods": [
            period.period for period in board.periods if period.opens <= board.as_of or period.period == board.period
        ],
        "columns": COLUMNS,
        "alarming": ALARMING,
    }


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses of the lists behind a board's figures, on the same period and day."""

    board: Board
    as_of: str

    def reports(self, **filters: str) -> str:
        path = f"/plans/{self.board.plan}/reports"
        return address_of(path, {"period": self.board.period, "as_of": self.as_of, **filters})

    def indicator(self, key: str) -> str:
        path = f"/plans/{self.board.plan}/indicators/{key}"
        return address_of(path, {"period": self.board.period, "as_of": self.as_of})


def _figure(name: str, totals: Figures, links: Links) -> Figure:
    whole = SHARES.get(name)
    href = links.reports(state=name) if totals[name] else None
    return Figure(name, totals[name], whole, totals[whole] if whole else None, href)
