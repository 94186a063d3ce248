"""Where a figure leads: the list of reports behind it, and from there the report itself in task."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from urllib.parse import urlencode

REPORTING, TASK = "/api/reporting/v1", "/api/task/v1"


@dataclass(frozen=True)
class Links:
    """Addresses that lead from a board to what its figures count, on the same day and period."""

    plan: str
    period: str
    as_of: date | None

    def reports(self, **filters: str) -> str:
        return self._at("reports", filters)

    def of_figures(self, figures: Mapping[str, int], **filters: str) -> dict[str, str]:
        """One for each figure that counts anything."""
        base = self.reports(**filters)
        return {name: f"{base}&state={name}" for name, count in figures.items() if count}

    def board(self) -> str:
        return self._at("board", {})

    def measure(self, measure: str) -> str:
        return self._at(f"measures/{measure}", {})

    def unit(self, unit: str) -> str:
        return self._at(f"units/{unit}", {})

    def indicator(self, indicator: str) -> str:
        return self._at(f"indicators/{indicator}", {})

    def report(self, measure: str, unit: str, period: str | None = None) -> str:
        """The report in task, which shows its versions."""
        return f"{TASK}/plans/{self.plan}/measures/{measure}/units/{unit}/reports/{period or self.period}"

    def assignment(self, measure: str, unit: str) -> str:
        return f"{TASK}/plans/{self.plan}/measures/{measure}/units/{unit}"

    @cached_property
    def _asked(self) -> str:
        """Period and day, once for the thousands of links of a board."""
        return urlencode({"period": self.period, **({"as_of": self.as_of.isoformat()} if self.as_of else {})})

    def _at(self, path: str, filters: Mapping[str, str]) -> str:
        address = f"{REPORTING}/plans/{self.plan}/{path}?{self._asked}"
        return f"{address}&{urlencode(filters)}" if filters else address
