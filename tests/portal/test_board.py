"""The board page and where its figures lead."""

import re

import pytest

from tests.portal.city import PLAN
from tests.portal.conftest import Browser

BOARD = f"/plans/{PLAN}"


def links(html: str) -> list[str]:
    return [href.replace("&amp;", "&") for href in re.findall(r'href="(/plans/[^"]+)"', html)]


async def test_the_first_page_is_the_board_of_the_newest_plan(office: Browser) -> None:
    assert (await office.open("/")).headers["location"] == BOARD


async def test_the_board_shows_totals_lights_with_cause_and_targets(office: Browser) -> None:
    html = (await office.open(BOARD)).text
    for shown in ("示例行动方案", "2024年第一季度", "已报", "33.3%", "福田区", "≥3 个", "过程灯"):
        assert shown in html
    assert re.search(r'class="lamp lamp-green"[^>]* aria-label="绿灯"', html)


async def test_the_board_speaks_english(office: Browser) -> None:
    html = (await office.open(BOARD, "en")).text
    for shown in ("Example plan", "Q1 2024", "of 3 expected", "Futian", "Green"):
        assert shown in html
    assert "亮灯" not in html


async def test_every_link_on_the_board_leads_to_a_page(office: Browser) -> None:
    found = links((await office.open(BOARD)).text)
    assert len(found) > 10
    for href in found:
        assert (await office.open(href)).status_code == 200, href


async def test_a_figure_leads_to_its_reports_and_from_there_to_what_was_reported(office: Browser) -> None:
    listed = (await office.open(f"{BOARD}/reports?period=2024-Q1&state=accepted")).text
    assert listed.count("<tr") == 2
    report = next(href for href in links(listed) if "/reports/2024-Q1" in href)
    html = (await office.open(report)).text
    assert "已建成一处" in html
    assert "已通过" in html


async def test_what_people_wrote_is_shown_as_text(office: Browser) -> None:
    report = await office.open(f"{BOARD}/measures/1/units/futian/reports/2024-Q1")
    assert "<script>alert" not in report.text
    assert "示例措施&lt;一&gt;" in (await office.open(BOARD)).text


async def test_an_indicator_leads_to_the_readings_that_count(office: Browser) -> None:
    html = (await office.open(f"{BOARD}/indicators/sites?period=2024-Q1")).text
    assert "福田区人民政府" in html
    assert "1 个" in html


async def test_a_past_day_says_that_it_is_past(office: Browser) -> None:
    html = (await office.open(f"{BOARD}?as_of=2024-03-28")).text
    assert "历史看板" in html


@pytest.mark.parametrize("query", ["as_of=2030-01-01", "as_of=yesterday", "period=2031-Q1"])
async def test_a_wrong_question_is_answered_with_a_sentence(query: str, office: Browser) -> None:
    answer = await office.open(f"{BOARD}?{query}")
    assert answer.status_code in (404, 422)
    assert "返回首页" in answer.text


async def test_a_unit_sees_its_own_lines_only(futian: Browser) -> None:
    html = (await futian.open(BOARD)).text
    assert "福田区人民政府" in html
    assert "罗湖区人民政府" not in html
    assert "示例措施二" not in html


async def test_a_unit_cannot_open_anothers_report(futian: Browser) -> None:
    assert (await futian.open(f"{BOARD}/measures/2/units/luohu/reports/2024-Q1")).status_code == 404


async def test_the_admin_sees_no_plan(browser: Browser) -> None:
    await browser.sign_in("admin")
    assert "目前没有您可以查看的方案" in (await browser.open("/")).text
    assert (await browser.open(BOARD)).status_code == 404


async def test_demo_plans_are_marked(office: Browser) -> None:
    assert 'class="demo"' in (await office.open(BOARD)).text


async def test_an_address_that_does_not_exist_has_a_page(office: Browser) -> None:
    answer = await office.open("/nowhere")
    assert answer.status_code == 404
    assert "没有这个页面" in answer.text
