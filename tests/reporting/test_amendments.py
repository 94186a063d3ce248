"""The board of a plan that was amended on 1 February, from 1 January on, and the board as it was before."""

from datetime import date

from contracts.names import AssignmentRole
from contracts.task import MeasureAmended
from services.reporting.queries.assignments import list_rows
from services.reporting.queries.pages import get_measure_page, get_overview
from services.reporting.queries.standings import Wanted
from services.reporting.schemas import BoardOut
from shared.db import Database
from tests.reporting.conftest import AskedOf, BoardOf, Tell, person
from tests.reporting.story import PERIODS, Q1, Q4, Story, amended, at


def measures(board: BoardOut) -> list[str]:
    return [row.measure for row in board.measures]


async def test_what_an_amendment_took_away_no_longer_counts(tell: Tell, board_of: BoardOf) -> None:
    await tell(amended())
    board = await board_of(now="2024-04-08", period=Q1)
    assert (board.totals.assignments, board.totals.expected) == (2, 2)
    assert measures(board) == ["17"]
    assert [unit.unit for unit in board.units] == ["futian", "customs"]
    assert board.measures[0].title == "提升公共海外仓发展水平"
    assert board.title == "跨境电商行动方案（修订）"


async def test_a_period_that_began_before_still_counts_who_left(tell: Tell, board_of: BoardOf) -> None:
    await tell(amended())
    board = await board_of(now="2024-04-08", period=Q4)
    assert (board.totals.assignments, board.totals.expected, board.totals.late) == (4, 4, 3)
    assert measures(board) == ["3", "17"]


async def test_a_period_that_straddles_the_day_still_counts_who_left(tell: Tell, board_of: BoardOf) -> None:
    story = Story().publish()
    story.supersede("17", "luohu", at("2024-02-01"), date(2024, 2, 15))
    await tell(story)
    board = await board_of(now="2024-04-08", period=Q1)
    assert (board.totals.assignments, board.totals.expected) == (4, 4)


async def test_a_day_before_the_amendment_shows_the_plan_as_it_was(tell: Tell, board_of: BoardOf) -> None:
    await tell(amended())
    board = await board_of(now="2024-04-08", as_of="2024-01-31", period=Q1)
    assert (board.totals.assignments, measures(board)) == (4, ["3", "17"])
    assert board.title == "跨境电商行动方案（示例）"
    assert {row.title for row in board.measures} == {"措施3", "措施17"}


async def test_nobody_is_late_in_acknowledging_what_was_taken_away(tell: Tell, board_of: BoardOf) -> None:
    story = Story().publish([("17", "luohu")])
    story.supersede("17", "luohu", at("2023-12-04"), date(2024, 2, 15))
    await tell(story)
    [luohu] = (await board_of(now="2024-02-01", period=Q1)).units
    assert luohu.rule == "scheduled"


async def test_a_period_that_an_amendment_excused_is_excused_on_the_board(tell: Tell, board_of: BoardOf) -> None:
    story = Story().publish([("17", "futian")])
    story.give_another_part("17", "futian", at("2024-02-01"), AssignmentRole.LEAD, excused=PERIODS[2:])
    await tell(story)
    board = await board_of(now="2024-04-09", period=Q1)
    assert (board.totals.excused, board.totals.expected, board.totals.late) == (1, 0, 0)


async def test_a_period_that_is_asked_for_again_is_expected_again(tell: Tell, board_of: BoardOf) -> None:
    story = Story().publish([("17", "futian")])
    story.give_another_part("17", "futian", at("2024-02-01"), AssignmentRole.LEAD, excused=PERIODS[2:])
    story.give_another_part("17", "futian", at("2024-02-02"), AssignmentRole.LEAD, added=PERIODS[2:])
    await tell(story)
    board = await board_of(now="2024-04-09", period=Q1)
    assert (board.totals.excused, board.totals.late) == (0, 1)


async def test_an_assignment_that_is_given_back_counts_again_and_waits_for_its_receipt(
    tell: Tell, board_of: BoardOf
) -> None:
    story = Story().publish([("17", "luohu")])
    story.acknowledge("17", "luohu", at("2023-12-04"))
    story.supersede("17", "luohu", at("2024-01-10"), date(2024, 1, 1))
    story.issue("17", "luohu", AssignmentRole.LEAD, Q1)
    await tell(story)
    board = await board_of(now="2024-04-08", period=Q1)
    assert (board.totals.assignments, board.totals.acknowledged, board.totals.expected) == (1, 0, 1)


async def test_a_unit_that_joins_late_is_excused_for_earlier_periods(tell: Tell, board_of: BoardOf) -> None:
    story = Story().publish([("17", "futian")])
    story.issue("17", "luohu", AssignmentRole.LEAD, Q1)
    await tell(story)
    board = await board_of(now="2024-04-08", period=Q4)
    assert (board.totals.assignments, board.totals.excused) == (2, 1)


async def test_who_left_still_sees_the_plan_and_its_measure(tell: Tell, asked: AskedOf, database: Database) -> None:
    await tell(amended())
    of_luohu = await asked(person("liaison", "luohu"), now="2024-04-08", period=Q4)
    async with database.read() as connection:
        page = await get_measure_page(connection, of_luohu, "17")
    assert "luohu" in {row.unit for row in page.units}


async def test_the_overview_counts_the_lights_of_measures_in_force(tell: Tell, database: Database) -> None:
    await tell(amended())
    async with database.read() as connection:
        [plan] = (await get_overview(connection, person("office"), at("2024-04-08"), "zh-CN")).plans
    assert sum(plan.lights.values()) == 1


async def test_a_list_goes_on_where_two_measures_share_a_place(tell: Tell, asked: AskedOf, database: Database) -> None:
    """Measure 4 came where measure 3 stood, which ended later in the period."""
    story = Story().publish([("3", "commerce"), ("4", "commerce")])
    moved = story._measure("4") | {"position": 1}
    story.record(story.events[0].subject, at("2024-02-01"), MeasureAmended(**moved, effective_from=date(2024, 2, 1)))
    await tell(story)
    question = await asked(now="2024-04-08", period=Q1)
    async with database.read() as connection:
        [first] = await list_rows(connection, question, Wanted(), 1)
        [second] = await list_rows(connection, question, Wanted(), 1, [first.position, first.measure, first.unit])
    assert (first.measure, second.measure) == ("3", "4")
