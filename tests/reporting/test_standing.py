"""The lights' rules and the figures: pure, so no database."""

import pytest

from services.reporting.lights import ASSIGNMENTS, UNITS, Light, Tally, explain, explain_one
from services.reporting.standing import FIGURES, Standing, figures_of
from shared.errors import Text

FINE = Standing("subordinate", "on_time", "accepted", "on_time", "none")


def tally(standing: Standing, size: int = 1, name: str = "福田区") -> Tally:
    return Tally(standing, size, Text(name, "Futian"))


@pytest.mark.parametrize(
    ("changes", "light", "cause"),
    [
        ({"progress": "overdue", "timeliness": "none"}, Light.RED, "逾期未报"),
        ({"progress": "resubmission_overdue"}, Light.RED, "退回后逾期未重报"),
        ({"progress": "open", "acknowledgement": "overdue", "timeliness": "none"}, Light.YELLOW, "逾期未签收"),
        ({"progress": "returned"}, Light.YELLOW, "已退回，待重报"),
        ({"progress": "due_today", "timeliness": "none"}, Light.YELLOW, "今日截止，尚未报送"),
        ({"progress": "open", "timeliness": "none"}, Light.GREEN, "在填报期内，尚未到期"),
        ({"progress": "awaiting_review"}, Light.GREEN, "已报送，待审核"),
        ({"timeliness": "late"}, Light.GREEN, "逾期后已补报"),
        ({"resubmission": "late"}, Light.GREEN, "退回后逾期重报，已补"),
        ({"acknowledgement": "late"}, Light.GREEN, "逾期后已补签收"),
        ({}, Light.GREEN, "已通过"),
        ({"progress": "scheduled", "timeliness": "none"}, Light.GREY, "尚未到填报期"),
        ({"progress": "excused", "timeliness": "none"}, Light.GREY, "本期免报"),
        ({"progress": "not_asked", "timeliness": "none"}, Light.GREY, "按需配合，无定期报告"),
    ],
)
def test_each_standing_has_its_light_and_cause(changes: dict[str, str], light: Light, cause: str) -> None:
    explained = explain_one(FINE._replace(**changes))
    assert (explained.light, explained.cause.zh) == (light, cause)


@pytest.mark.parametrize("acknowledgement", ["on_time", "late", "pending", "overdue"])
@pytest.mark.parametrize(
    "progress", ["open", "due_today", "overdue", "returned", "resubmission_overdue", "awaiting_review", "accepted"]
)
def test_a_requested_unit_is_never_red_or_yellow(progress: str, acknowledgement: str) -> None:
    standing = Standing("requested", acknowledgement, progress, "none", "none")
    assert explain_one(standing).light in (Light.GREEN, Light.GREY)


def test_a_requested_unit_past_due_is_awaited_and_not_late() -> None:
    pending = FINE._replace(relation="requested", progress="overdue", timeliness="none")
    assert explain_one(pending).cause.zh == "待反馈"
    assert figures_of(pending) == ("assignments", "acknowledged", "expected", "requested_pending")


def test_the_worst_light_of_a_measure_counts_and_says_whom_it_concerns() -> None:
    late = FINE._replace(progress="overdue", timeliness="none")
    explained = explain([tally(FINE, 12), tally(late, 2, "深汕特别合作区")], UNITS)
    assert explained.light is Light.RED
    assert explained.cause.zh == "深汕特别合作区等 2 个单位逾期未报"
    assert explained.cause.en == "Futian and 1 more: overdue, no report"


def test_pending_replies_are_said_beside_another_cause() -> None:
    pending = FINE._replace(relation="requested", progress="overdue", timeliness="none")
    explained = explain([tally(FINE, 3), tally(pending, 1, "深圳海关")], UNITS)
    assert explained.light is Light.GREEN
    assert explained.cause.zh == "福田区等 3 个单位已通过；深圳海关待反馈"


def test_one_cause_for_all_says_so() -> None:
    assert explain([tally(FINE, 4)], ASSIGNMENTS).cause.zh == "全部 4 项交办事项已通过"


def test_nothing_assigned_is_grey() -> None:
    assert explain([], UNITS).light is Light.GREY


def test_no_rule_asks_for_a_fact_that_does_not_exist() -> None:
    from services.reporting.lights import RULES

    asked = {fact for rule in RULES for fact in rule.when} | {fact for when in FIGURES.values() for fact in when}
    assert asked <= set(Standing._fields)
