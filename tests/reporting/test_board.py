"""The board: figures, lights and rows, now and as of a past day, for each kind of reader."""

from datetime import date

import pytest

from contracts.names import AssignmentRole, ReturnKind
from services.reporting.errors import DayNotKnown, PeriodNotFound, PlanNotFound
from services.reporting.lights import Light
from services.reporting.queries.assignments import list_rows
from services.reporting.queries.standings import Wanted
from services.reporting.standing import FIGURES
from shared.db import Database
from tests.reporting.conftest import AskedOf, BoardOf, Tell, person
from tests.reporting.story import PLAN, Q1, Q4, Story, at, eventful


async def test_the_figures_follow_their_definitions(tell: Tell, board_of: BoardOf) -> None:
    await tell(eventful())
    totals = (await board_of(now="2024-04-10")).totals
    assert totals.model_dump() == {
        "assignments": 4,
        "acknowledged": 2,
        "expected": 4,
        "submitted": 2,
        "on_time": 1,
        "accepted": 1,
        "returned": 1,
        "awaiting_review": 0,
        "excused": 0,
        "late": 1,
        "requested_pending": 1,
    }


async def test_nothing_is_late_on_the_due_day(tell: Tell, board_of: BoardOf) -> None:
    await tell(eventful())
    board = await board_of(as_of="2024-04-08", now="2024-04-10")
    assert (board.totals.late, board.totals.requested_pending) == (0, 0)
    assert board.measures[0].cause == "市商务局逾期未签收"


@pytest.mark.parametrize("figure", FIGURES)
async def test_every_figure_leads_to_as_many_reports_as_it_counts(
    figure: str, tell: Tell, board_of: BoardOf, asked: AskedOf, database: Database
) -> None:
    await tell(eventful())
    counted = getattr((await board_of(now="2024-04-10")).totals, figure)
    question = await asked(now="2024-04-10")
    async with database.read() as connection:
        assert len(await list_rows(connection, question, Wanted(figure))) == counted


async def test_each_line_has_the_worst_light_of_its_reports(tell: Tell, board_of: BoardOf) -> None:
    await tell(eventful())
    board = await board_of(now="2024-04-10")
    assert [(row.measure, row.light, row.cause) for row in board.measures] == [
        ("3", Light.RED, "市商务局逾期未报"),
        ("17", Light.YELLOW, "福田区已退回，待重报；深圳海关待反馈"),
    ]
    assert [(row.unit, row.light) for row in board.units] == [
        ("commerce", Light.RED),
        ("futian", Light.YELLOW),
        ("luohu", Light.GREEN),
        ("customs", Light.GREY),
    ]
    assert [(row.area, row.light) for row in board.areas] == [("三", Light.RED), ("七", Light.YELLOW)]


async def test_a_report_made_good_shows_as_cured(tell: Tell, board_of: BoardOf) -> None:
    await tell(eventful())
    luohu = next(row for row in (await board_of(now="2024-04-10")).units if row.unit == "luohu")
    assert luohu.cause == "第 17 项措施逾期后已补报"


async def test_lines_add_up_to_the_totals(tell: Tell, board_of: BoardOf) -> None:
    await tell(eventful())
    board = await board_of(now="2024-04-10")
    for figure in FIGURES:
        total = getattr(board.totals, figure)
        assert sum(getattr(row.totals, figure) for row in board.measures) == total
        assert sum(getattr(row.totals, figure) for row in board.units) == total
        assert sum(getattr(row.totals, figure) for row in board.areas) == total


async def test_a_past_day_shows_what_was_known_then(tell: Tell, board_of: BoardOf) -> None:
    await tell(eventful())
    board = await board_of(as_of="2024-04-09", now="2024-04-10")
    assert board.as_of == date(2024, 4, 9)
    assert (board.totals.accepted, board.totals.awaiting_review, board.totals.late) == (0, 1, 1)
    assert board.indicators[0].value is None


async def test_the_last_minute_of_a_day_belongs_to_it(tell: Tell, board_of: BoardOf) -> None:
    story = eventful()
    story.submit("3", "commerce", Q1, at("2024-04-09", 23))
    await tell(story)
    assert (await board_of(as_of="2024-04-09", now="2024-04-10")).totals.late == 0
    assert (await board_of(as_of="2024-04-08", now="2024-04-10")).totals.submitted == 1


async def test_without_a_period_the_one_opened_last_is_shown(tell: Tell, board_of: BoardOf) -> None:
    await tell(eventful())
    assert (await board_of(as_of="2024-03-26")).period == Q4
    assert (await board_of(as_of="2024-03-27")).period == Q1


async def test_before_any_period_opened_the_first_is_shown_as_not_open(tell: Tell, board_of: BoardOf) -> None:
    await tell(eventful())
    board = await board_of(as_of="2023-12-02")
    assert (board.period, board.totals.expected, board.totals.submitted) == (Q4, 4, 0)
    assert board.measures[0].cause == "市商务局尚未到填报期"


async def test_periods_before_the_first_are_not_offered(tell: Tell, board_of: BoardOf) -> None:
    await tell(eventful())
    assert [period.period for period in (await board_of()).periods] == [Q4, Q1]
    with pytest.raises(PeriodNotFound):
        await board_of(period="2023-Q3")


async def test_a_report_returned_as_empty_no_longer_counts_as_on_time(tell: Tell, board_of: BoardOf) -> None:
    story = eventful()
    story.submit("3", "commerce", Q1, at("2024-04-02"))
    story.return_("3", "commerce", Q1, at("2024-04-03"), date(2024, 4, 8), ReturnKind.EMPTY)
    await tell(story)
    board = await board_of(as_of="2024-04-05")
    assert (board.totals.returned, board.totals.on_time) == (1, 1)


async def test_cooperating_units_are_not_expected_to_report(tell: Tell, board_of: BoardOf) -> None:
    await tell(Story().publish(role=AssignmentRole.COOPERATING))
    totals = (await board_of()).totals
    assert (totals.assignments, totals.expected, totals.excused) == (4, 0, 0)


async def test_accepted_readings_count_towards_the_indicator(tell: Tell, board_of: BoardOf) -> None:
    await tell(eventful())
    row = (await board_of(now="2024-04-10")).indicators[0]
    assert (row.value, row.target_text, row.state, row.light) == ("6", "≥10 个", "not_due", Light.GREY)


async def test_a_unit_sees_the_plans_totals_its_measures_and_itself(tell: Tell, board_of: BoardOf) -> None:
    await tell(eventful())
    board = await board_of(person("liaison", "futian"), now="2024-04-10")
    assert board.totals.assignments == 4
    assert [row.measure for row in board.measures] == ["17"]
    assert [row.unit for row in board.units] == ["futian"]


@pytest.mark.parametrize("reader", [person("admin"), person("liaison", "education"), person("liaison")])
async def test_who_has_no_part_in_the_plan_does_not_find_it(reader: object, tell: Tell, board_of: BoardOf) -> None:
    await tell(eventful())
    with pytest.raises(PlanNotFound):
        await board_of(reader)


async def test_a_district_coordinator_sees_the_districts(tell: Tell, board_of: BoardOf) -> None:
    await tell(eventful())
    coordinator = person("district_coordinator", districts=frozenset({"futian", "luohu"}))
    assert [row.unit for row in (await board_of(coordinator)).units] == ["futian", "luohu"]


@pytest.mark.parametrize("day", ["2023-11-30", "2024-04-11"])
async def test_a_day_before_publication_or_after_today_is_refused(day: str, tell: Tell, board_of: BoardOf) -> None:
    await tell(eventful())
    with pytest.raises(DayNotKnown):
        await board_of(as_of=day, now="2024-04-10")


async def test_a_unit_is_called_what_it_was_called_that_day(tell: Tell, board_of: BoardOf) -> None:
    story = eventful()
    story.register_unit("commerce", "市商务和投资促进局", at("2024-04-09"))
    await tell(story)
    assert (await board_of(as_of="2024-04-08", now="2024-04-10")).units[0].unit_name == "市商务局"
    assert (await board_of(now="2024-04-10")).units[0].unit_name == "市商务和投资促进局"


async def test_the_board_names_its_plan_and_marks_demo_data(tell: Tell, board_of: BoardOf) -> None:
    await tell(eventful())
    board = await board_of()
    assert (board.plan, board.sample, board.rules) == (PLAN, True, "procedure-1")
