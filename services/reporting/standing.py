"""How a unit stands with a measure in a period, as five words from which every figure and the light follow.

The words are derived from rows, dates and the day in `queries.standings`; here is what they mean. Pure data.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

When = Mapping[str, frozenset[str]]
"""The words that a rule or figure asks for, by fact; a fact that it does not name may be anything."""


class Standing(NamedTuple):
    relation: str
    """`subordinate` or `requested`."""
    acknowledgement: str
    """`on_time`, `late`, `pending`, or `overdue`: not acknowledged and past its date."""
    progress: str
    """`not_asked`, `excused`, `scheduled`, `open`, `due_today`, `overdue` (never submitted and past due),
    `awaiting_review`, `returned`, `resubmission_overdue` (returned and past its new date), `accepted`."""
    timeliness: str
    """Of the first submission: `on_time`, `late`, or `none`."""
    resubmission: str
    """`late` where a version after a return came after its date, else `none`."""


FACTS = Standing._fields


def among(*words: str) -> frozenset[str]:
    return frozenset(words)


RETURNED = among("returned", "resubmission_overdue")
SUBMITTED = RETURNED | {"awaiting_review", "accepted"}
EXPECTED = SUBMITTED | {"scheduled", "open", "due_today", "overdue"}

FIGURES: Mapping[str, When] = {
    "assignments": {},
    "acknowledged": {"acknowledgement": among("on_time", "late")},
    "expected": {"progress": EXPECTED},
    "submitted": {"progress": SUBMITTED},
    "on_time": {"progress": SUBMITTED, "timeliness": among("on_time")},
    "accepted": {"progress": among("accepted")},
    "returned": {"progress": RETURNED},
    "awaiting_review": {"progress": among("awaiting_review")},
    "excused": {"progress": among("excused")},
    "late": {"progress": among("overdue"), "relation": among("subordinate")},
    "requested_pending": {"progress": among("overdue"), "relation": among("requested")},
}
"""What each figure of the board counts."""


def fits(standing: Standing, when: When) -> bool:
    return all(getattr(standing, fact) in words for fact, words in when.items())


@lru_cache(maxsize=1024)
def figures_of(standing: Standing) -> tuple[str, ...]:
    """The figures in which a standing is counted."""
    return tuple(name for name, when in FIGURES.items() if fits(standing, when))
