"""What becomes of a draft's dates in the plan file: none is lost, and none is made up unnoticed."""

from datetime import date
from typing import Any

import pytest

from services.task.plan_import import UnitDirectory, draft_plan
from services.task.plan_import.confirmation import edit
from services.task.plan_import.draft import Draft, DraftTarget
from services.task.plan_import.errors import TargetWithoutDate
from services.task.plan_import.plan_file import to_plan_file
from services.task.schemas.plan_file import PlanFile

DIRECTORY = UnitDirectory.from_mapping({"units": [{"key": "commerce", "name": "市商务局"}], "groups": []})


def drafted(sentence: str, title: str = "云溪市提振消费行动方案（2024—2026年）") -> Draft:
    text = f"{title}\n一、重点任务\n1.扩大消费。{sentence}（市商务局负责）\n2.改善服务。完善网点。（市商务局负责）\n"
    return draft_plan(text.encode(), "方案.txt", DIRECTORY)


def plan_of(draft: Draft, **chosen: Any) -> PlanFile:
    plan = to_plan_file(draft, DIRECTORY, key="consumption", office="commerce", **chosen)
    return PlanFile.model_validate({"issuer": "云溪市", "starts": "2024-01-01", "ends": "2026-12-31", **plan})


@pytest.mark.parametrize(
    ("printed", "due", "precision"),
    [
        ("2025年6月底前", date(2025, 6, 30), "month"),
        ("到2025年", date(2025, 12, 31), "year"),
        ("2025年6月15日前", date(2025, 6, 15), "day"),
        ("2025年上半年", date(2025, 6, 30), "half"),
        ("", date(2026, 12, 31), "inferred"),
    ],
)
def test_a_target_is_due_as_exactly_as_the_text_says(printed: str, due: date, precision: str) -> None:
    (indicator,) = plan_of(drafted(f"{printed}，新建示范商圈5个以上。")).indicators
    assert (indicator.target.deadline, indicator.target.deadline_precision) == (due, precision)


def test_a_deadline_that_somebody_edited_counts_by_its_year() -> None:
    draft = drafted("2025年6月底前，新建示范商圈5个以上。")
    (target,) = draft.of(DraftTarget)
    (indicator,) = plan_of(edit(draft, target.id, {"deadline": "2026"})).indicators
    assert (indicator.target.deadline, indicator.target.deadline_precision) == (date(2026, 12, 31), "year")


def test_milestones_go_into_the_plan_file_with_their_measure() -> None:
    plan = plan_of(drafted("2025年6月底前，建成消费服务平台。"))
    first, second = plan.areas[0].measures
    (milestone,) = first.milestones
    assert (milestone.due, milestone.precision) == (date(2025, 6, 30), "month")
    assert "建成消费服务平台" in milestone.text
    assert second.milestones == []


def test_a_target_without_any_date_makes_no_plan_and_says_what_to_do() -> None:
    undated = drafted("新建示范商圈5个以上。", title="云溪市提振消费行动方案")
    (target,) = undated.of(DraftTarget)
    with pytest.raises(TargetWithoutDate) as refusal:
        plan_of(undated)
    assert [error.pointer for error in refusal.value.errors] == [f"/items/{target.id}"]
    (indicator,) = plan_of(undated, ends=date(2027, 6, 30)).indicators
    assert (indicator.target.deadline, indicator.target.deadline_precision) == (date(2027, 6, 30), "inferred")
    (indicator,) = plan_of(edit(undated, target.id, {"deadline": "2025"})).indicators
    assert indicator.target.deadline == date(2025, 12, 31)
