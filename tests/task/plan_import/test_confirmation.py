from decimal import Decimal

import pytest

from services.task.plan_import import Draft, Status, UnitDirectory, draft_plan, to_json
from services.task.plan_import.comparison import Change, compare
from services.task.plan_import.confirmation import confirm, confirm_all, edit, is_confirmed, reject, require_resolved
from services.task.plan_import.draft import DraftTarget, DraftUnit
from services.task.plan_import.errors import DraftItemNotFound, EditNotAllowed, NotResolved
from services.task.plan_import.html_view import to_html
from services.task.plan_import.plan_file import to_plan_file
from services.task.schemas.plan_file import PlanFile

TEXT = """云溪市促进消费行动方案（2024—2026年）
一、任务
（一）培育主体。到2026年新增企业5家以上。（市商务局牵头，市科技创新委、财正局，各区配合）
（二）办好活动。举办活动3场。（市商务局、文旅局负责）
"""
DIRECTORY = UnitDirectory.from_mapping(
    {
        "units": [
            {"key": "commerce", "name": "云溪市商务局", "short_name": "市商务局"},
            {"key": "finance", "name": "市财政局"},
            {"key": "sti", "name": "市科技创新局"},
            {"key": "sti-old", "name": "市科技创新委", "successors": ["sti"]},
            {"key": "culture", "name": "市文化和旅游局", "aliases": ["市文旅局"]},
            {"key": "east", "name": "东区"},
        ],
        "groups": [{"key": "districts", "name": "各区", "members": ["east"]}],
    }
)


@pytest.fixture
def draft() -> Draft:
    return draft_plan(TEXT.encode(), "方案.txt", DIRECTORY)


@pytest.fixture
def resolved(draft: Draft) -> Draft:
    return edit(draft, "unit:1:市财正局", {"name": "市财政局", "key": "finance"})


def unit(draft: Draft, item: str) -> DraftUnit:
    return next(each for each in draft.of(DraftUnit) if each.id == item)


def test_names_aliases_and_groups_are_matched_and_a_close_name_is_only_proposed(draft: Draft) -> None:
    assert unit(draft, "unit:1:市商务局").key == "commerce"
    assert unit(draft, "unit:2:市文旅局").key == "culture"
    assert unit(draft, "unit:1:各区").is_group
    misspelt = unit(draft, "unit:1:市财正局")
    assert (misspelt.key, misspelt.status, misspelt.proposals[0]) == (None, Status.UNRESOLVED, "finance")


def test_an_abolished_unit_leads_to_its_successor_by_inference(draft: Draft) -> None:
    abolished = unit(draft, "unit:1:市科技创新委")
    assert (abolished.key, abolished.status) == ("sti", Status.INFERRED)
    assert "directory.succession" in abolished.rules


def test_a_draft_with_an_open_item_makes_no_plan(draft: Draft) -> None:
    with pytest.raises(NotResolved, match="市财正局"):
        to_plan_file(confirm_all(draft), DIRECTORY, key="consumption", office="commerce")


def test_units_of_a_group_beside_those_of_its_items_wait_for_a_decision() -> None:
    text = (
        "云溪市提振消费行动方案（2024—2026年）\n一、重点任务\n（一）扩大消费。（市文旅局牵头）\n"
        "1.办好节会。办好年度节会。（市商务局负责）\n2.完善网点。完善社区网点。（市商务局负责）\n"
    )
    draft = draft_plan(text.encode(), "方案.txt", DIRECTORY)
    (clause,) = draft.unresolved
    assert (clause.says, clause.rules) == ("（市文旅局牵头）", ("clause.beside-items",))
    with pytest.raises(NotResolved):
        to_plan_file(draft, DIRECTORY, key="consumption", office="commerce")
    measures = to_plan_file(reject(draft, clause.id), DIRECTORY, key="consumption", office="commerce")["areas"][0][
        "measures"
    ]
    assert [[unit["unit"] for unit in measure["units"]] for measure in measures] == [["commerce"], ["commerce"]]


def test_an_unresolved_item_cannot_be_confirmed_as_it_stands(draft: Draft) -> None:
    with pytest.raises(NotResolved):
        confirm(draft, "unit:1:市财正局")


def test_confirming_all_leaves_what_is_unresolved_open(draft: Draft, resolved: Draft) -> None:
    assert not is_confirmed(confirm_all(draft))
    assert is_confirmed(confirm_all(resolved))


def test_an_edit_confirms_the_item_and_leaves_the_rest(draft: Draft, resolved: Draft) -> None:
    assert unit(resolved, "unit:1:市财正局").status is Status.CONFIRMED
    assert sum(before != after for before, after in zip(draft.items, resolved.items, strict=True)) == 1


def test_an_edited_amount_stays_exact(draft: Draft) -> None:
    changed = edit(draft, "target:1:1", {"value": "5.10"})
    assert next(changed.of(DraftTarget)).value == Decimal("5.10")


def test_a_rejected_measure_goes_with_its_units_and_targets(draft: Draft) -> None:
    without = reject(draft, "measure:1")
    assert [measure.key for measure in without.measures] == ["2"]
    assert {unit.measure for unit in without.of(DraftUnit)} == {"measure:2"}
    assert {target.measure for target in without.targets} == {"measure:2"}
    require_resolved(without)


def test_a_rejected_area_goes_with_everything_in_it(draft: Draft) -> None:
    without = reject(draft, "area:一")
    assert not [*without.measures, *without.of(DraftUnit), *without.targets]


def test_a_unit_that_somebody_chose_stays_whatever_the_directory_calls_it(draft: Draft) -> None:
    chosen = edit(draft, "unit:1:市财正局", {"key": "culture"})
    plan = to_plan_file(chosen, DIRECTORY, key="consumption", office="commerce")
    assert {"unit": "culture", "role": "cooperating"} in plan["areas"][0]["measures"][0]["units"]


def test_a_rejected_unit_no_longer_waits(draft: Draft) -> None:
    plan = to_plan_file(reject(draft, "unit:1:市财正局"), DIRECTORY, key="consumption", office="commerce")
    assert len(plan["areas"][0]["measures"][0]["units"]) == 3


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "1e999999999", "5家", ""])
def test_an_amount_is_a_plain_number(draft: Draft, amount: str) -> None:
    with pytest.raises(EditNotAllowed):
        edit(draft, "target:1:1", {"value": amount})


@pytest.mark.parametrize("period", ["2024", "2026-2024", "24-26", "明年"])
def test_a_period_is_its_first_and_last_year(draft: Draft, period: str) -> None:
    with pytest.raises(EditNotAllowed):
        edit(draft, "period", {"value": period})


@pytest.mark.parametrize("changes", [{"span": [0, 1]}, {"role": "boss"}, {"status": "confirmed"}])
def test_only_what_a_person_may_decide_can_be_edited(draft: Draft, changes: dict[str, object]) -> None:
    with pytest.raises(EditNotAllowed):
        edit(draft, "unit:1:市商务局", changes)


def test_an_unknown_item_is_refused(draft: Draft) -> None:
    with pytest.raises(DraftItemNotFound):
        confirm(draft, "unit:9:无")


def test_a_resolved_draft_is_a_valid_plan_file(resolved: Draft) -> None:
    plan = to_plan_file(resolved, DIRECTORY, key="consumption", office="commerce") | {"issuer": "云溪市人民政府"}
    valid = PlanFile.model_validate(plan)
    assert [(unit.named, unit.role, unit.lead_inferred) for unit in next(valid.measures).units] == [
        ("commerce", "lead", False),
        ("sti", "cooperating", False),
        ("finance", "cooperating", False),
        ("districts", "cooperating", False),
    ]
    assert [indicator.title for indicator in valid.indicators] == ["新增企业", "举办活动"]


def test_a_changed_document_shows_what_an_amendment_would_change(resolved: Draft) -> None:
    current = to_plan_file(resolved, DIRECTORY, key="consumption", office="commerce")
    revised = (
        TEXT.replace("财正局", "财政局").replace("5家", "8家").replace("办好活动", "丰富活动").replace("、文旅局", "")
        + "（三）加强宣传。（市商务局负责）"
    )
    imported = to_plan_file(draft_plan(revised.encode(), "方案.txt"), DIRECTORY, key="consumption", office="commerce")
    assert compare(imported, current).changes == (
        Change("title", "2", "办好活动", "丰富活动"),
        Change("unit", "2/culture", "lead", None),
        Change("measure", "3", None, "加强宣传"),
        Change("target", "1/家", (">= 5 2026-12-31",), (">= 8 2026-12-31",)),
    )
    assert not compare(current, current)


def test_the_same_document_gives_the_same_draft(draft: Draft) -> None:
    assert draft_plan(TEXT.encode(), "方案.txt", DIRECTORY) == draft


def test_item_ids_are_unique(draft: Draft) -> None:
    assert len({item.id for item in draft.items}) == len(draft.items)


def test_the_page_shows_the_whole_text_with_marked_sources_and_loads_nothing(draft: Draft) -> None:
    page = to_html(draft)
    assert '<mark class="unit unresolved" id="i-unit:1:市财正局" title="unit:1:市财正局">财正局</mark>' in page
    assert "http" not in page
    assert "<script" not in page


def test_markup_in_a_document_is_shown_and_not_run() -> None:
    page = to_html(draft_plan("一、任务\n（一）甲&lt;img src=x&gt;。（市商务局负责）".encode(), "<b>.txt"))
    assert "<img" not in page
    assert "<b>.txt" not in page


def test_the_json_lists_every_item_once_by_status(draft: Draft) -> None:
    listed = to_json(draft)["items"]
    assert sum(map(len, listed.values())) == len(draft.items)
    assert [item["id"] for item in listed["unresolved"]] == ["unit:1:市财正局"]
