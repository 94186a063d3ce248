"""The page of one report: what it says, its versions, and who decided what and why."""

import re
from datetime import datetime

import pytest

from services.portal.report import steps_of
from services.portal.schemas import HistoryEntry
from tests.portal.city import PLAN
from tests.portal.conftest import Browser

REPORT = f"/plans/{PLAN}/measures/1/units/futian/reports/2024-Q1"
UNREPORTED = f"/plans/{PLAN}/measures/2/units/luohu/reports/2024-Q1"


def record(html: str) -> list[str]:
    """The steps of the record, without tags."""
    found = re.search(r'<ol class="record">(.*?)</ol>', html, re.DOTALL)
    assert found, html
    steps = found[1].split("<li class=")[1:]
    return [" ".join(re.sub(r"<[^>]+>", " ", f"<li class={step}").split()) for step in steps]


@pytest.mark.parametrize("username", ["luohu", "admin"])
async def test_who_may_not_read_the_report_sees_nothing_of_its_record(username: str, browser: Browser) -> None:
    await browser.sign_in(username)
    answer = await browser.open(REPORT)
    assert answer.status_code in (403, 404)
    assert "正在选址" not in answer.text


@pytest.mark.parametrize("username", ["leader", "office", "futian"])
async def test_every_version_and_review_is_shown_with_who_when_and_why(username: str, browser: Browser) -> None:
    await browser.sign_in(username)
    first, returned, second, accepted = record((await browser.open(REPORT)).text)
    assert first.startswith("第 1 版报送 2024年3月28日 09:00 futian 按时")
    assert "正在选址。" in first
    assert returned.startswith("第 1 版被退回 2024年3月28日 09:00 office 请写明&lt;站点&gt;名称。 重报截止 2024年")
    assert second.startswith("第 2 版报送 2024年3月28日 09:00 futian 按时")
    assert accepted == "第 2 版通过 2024年3月28日 09:00 office-head 材料齐全。"


async def test_the_record_speaks_english(leader: Browser) -> None:
    html = (await leader.open(REPORT, "en")).text
    steps = record(html)
    assert [step.split(" 28 March")[0] for step in steps] == [
        "Version 1 submitted",
        "Version 1 returned",
        "Version 2 submitted",
        "Version 2 accepted",
    ]
    assert "Evidence" in html
    assert "Link: <a" in html


async def test_an_earlier_version_opens_without_a_script(leader: Browser) -> None:
    html = (await leader.open(REPORT)).text
    assert re.search(r"<details><summary>第 1 版全文</summary>.*?存在风险.*?正在选址。.*?</details>", html, re.DOTALL)
    assert "<script" not in html


async def test_evidence_is_named_and_a_link_tells_the_other_site_nothing(leader: Browser) -> None:
    html = (await leader.open(REPORT)).text
    link = '<a href="https://example.org/news?a=1&amp;b=2" rel="noopener noreferrer nofollow">开通&lt;新闻&gt;</a>'
    assert link in html
    assert "示例企业A" in html
    assert "统一社会信用代码 91440300MA5EXAMP1X" in html


async def test_a_report_that_nobody_sent_has_no_record(leader: Browser) -> None:
    html = (await leader.open(UNREPORTED)).text
    assert "尚未报送" in html
    assert 'class="record"' not in html


def submitted(revision: int, **facts: object) -> HistoryEntry:
    data = {"revision": revision, "submitted_at": "2024-04-09T10:00:00+08:00", "by": "futian", "on_time": True, **facts}
    return HistoryEntry(type="report.submitted", data=data)


def test_a_resubmission_is_late_by_its_own_date() -> None:
    steps = steps_of([submitted(1), submitted(2, resubmission_late=True), submitted(3, resubmission_late=False)])
    assert [step.late for step in steps] == [False, True, False]


def test_a_return_without_substance_is_told_apart() -> None:
    facts = {"revision": 1, "returned_at": "2024-04-09T10:00:00+08:00", "by": "office-head", "reason": "空"}
    [step] = steps_of([HistoryEntry(type="report.returned", data={**facts, "kind": "empty"})])
    assert (step.kind, step.words, step.at) == ("emptied", "空", datetime.fromisoformat("2024-04-09T10:00:00+08:00"))


def test_a_step_that_this_portal_does_not_know_is_left_out() -> None:
    assert steps_of([HistoryEntry(type="report.unlocked", data={}), submitted(1)])[0].kind == "submitted"
