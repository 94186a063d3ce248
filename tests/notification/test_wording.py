"""Notices in words: both languages, soft words for whom one may only ask, and nothing that breaks out of its place."""

from pathlib import Path
from typing import Any

import pytest

import services.notification
from contracts.names import DeadlineKind, Relation, Role, RungKind
from services.notification.models import Notice
from services.notification.queries import Names
from services.notification.rules import tell
from services.notification.wording import Wording
from shared.events import Recorded
from shared.web.language import Language
from tests.notification.events import MEASURES, PLAN, UNITS, Story

TEMPLATES = Path(services.notification.__file__).parent / "templates"
WORDING = Wording("http://duban.example")
NAMES = Names(
    plans={PLAN: ("行动方案", "Action plan")},
    measures={(PLAN, key): (title, f"Measure {key}") for key, title in MEASURES.items()},
    units={key: (name, key.title()) for key, name in UNITS.items()},
    samples=frozenset(),
)
LANGUAGES: tuple[Language, ...] = ("zh-CN", "en")


def notices_of(*events: Recorded[Any]) -> list[Notice]:
    found = [row for event in events for rule in tell.rules[type(event.data)] for row in rule(event)]
    return [Notice(**row) for row in found]


def everything(story: Story) -> list[Notice]:
    """A notice of each template, each deadline's in both relations."""
    rungs = [
        story.rung(rung, Role.LIAISON, deadline=deadline, relation=relation)
        for deadline in DeadlineKind
        for relation in Relation
        for rung in (-1, 0, 3)
    ]
    locked = [story.rung(16, Role.OFFICE, relation=relation, kind=RungKind.LOCKED) for relation in Relation]
    assigned = [story.issued(relation=relation) for relation in Relation]
    assigned += [story.amended(relation=relation, added=["2025-Q1"], excused=["2024-Q4"]) for relation in Relation]
    assigned += [story.superseded(relation) for relation in Relation]
    return notices_of(*assigned, story.submitted(), story.returned(), story.accepted(comment="好"), *rungs, *locked)


def mail(*notices: Notice, language: Language = "zh-CN", names: Names = NAMES, reader: str = "张三") -> Any:
    return WORDING.mail(notices, names, reader, language, "领导小组办公室")


def test_every_template_is_used_and_exists_in_both_languages(story: Story) -> None:
    used = {f"{notice.template}.txt" for notice in everything(story)} | {"mail.txt", "mail.html"}
    for language in LANGUAGES:
        assert {file.name for file in (TEMPLATES / language).iterdir()} == used


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_notice_says_which_measure_and_where_to_click(story: Story, language: Language) -> None:
    title = {"zh-CN": MEASURES["17"], "en": "Measure 17"}[language]
    for notice in everything(story):
        worded = WORDING.notice(notice, NAMES, language)
        assert title in worded.body
        assert worded.title
        assert worded.link.startswith(f"http://duban.example/plans/{PLAN}")


def test_a_notice_of_a_report_leads_to_that_report(story: Story) -> None:
    [notice] = notices_of(story.returned())
    assert WORDING.link(notice) == f"http://duban.example/plans/{PLAN}/measures/17/units/futian/reports/2024-Q1"


def test_a_notice_of_an_assignment_leads_to_the_plan(story: Story) -> None:
    [notice] = notices_of(story.issued())
    assert WORDING.link(notice) == f"http://duban.example/plans/{PLAN}"


def test_a_unit_that_may_only_be_asked_reads_no_word_of_supervision(story: Story) -> None:
    asked = [notice for notice in everything(story) if notice.facts.get("relation") == Relation.REQUESTED]
    zh, en = mail(*asked), mail(*asked, language="en")
    for word in ("督办", "逾期", "交办", "催"):
        assert word not in zh.subject + zh.text + zh.html
    for word in ("late", "overdue", "assigned", "acknowledge"):
        assert word not in (en.subject + en.text).lower()
    assert "待反馈" in zh.text


def test_a_return_says_why_and_by_when(story: Story) -> None:
    [notice] = notices_of(story.returned("请补充企业数量。"))
    worded = WORDING.notice(notice, NAMES, "zh-CN")
    assert worded.title == "退回重报：措施17的2024年第一季度进展报告，请不迟于2024-04-11重报"
    assert "退回原因：请补充企业数量。" in worded.body
    assert "请重报：不迟于2024-04-11（周四）" in worded.body


def test_a_mail_with_one_notice_has_its_title_as_subject(story: Story) -> None:
    [notice] = notices_of(story.returned())
    assert mail(notice).subject == WORDING.notice(notice, NAMES, "zh-CN").title


def test_a_mail_with_several_counts_them_and_puts_the_most_pressing_first(story: Story) -> None:
    worded = mail(*notices_of(story.issued("15"), story.issued("16"), story.rung(1, Role.LIAISON)))
    assert worded.subject == "3件事项：逾期1、新交办2（行动方案）"
    assert worded.text.index("【逾期】") < worded.text.index("【新交办】")
    assert worded.text.index("措施：15") < worded.text.index("措施：16")


def test_a_long_mail_is_a_list_that_still_says_why_something_was_returned(story: Story) -> None:
    worded = mail(*notices_of(*(story.submitted() for _ in range(6)), story.returned("请补充企业数量。")))
    assert worded.text.count("措施：17") == 7
    assert "自评" not in worded.text + worded.html
    assert "退回原因：请补充企业数量。" in worded.text


def test_names_and_reasons_are_escaped_in_the_html_part_and_left_alone_in_the_text(story: Story) -> None:
    evil = "<script>alert(1)</script>&\"'"
    names = Names(NAMES.plans, NAMES.measures, {"futian": (evil, evil)}, frozenset())
    worded = mail(*notices_of(story.returned(evil)), names=names, reader=evil)
    assert "<script>" not in worded.html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&amp;" in worded.html
    assert evil in worded.text


def test_a_title_stays_on_one_line_whatever_the_unit_is_called(story: Story) -> None:
    names = Names(NAMES.plans, NAMES.measures, {"futian": ("福田\r\nBcc: all@example.org", "")}, frozenset())
    [notice] = notices_of(story.submitted())
    assert WORDING.notice(notice, names, "zh-CN").title.splitlines() == [
        "待审核：福田 Bcc: all@example.org措施17的2024年第一季度进展报告"
    ]


def test_what_has_no_name_yet_goes_by_its_key(story: Story) -> None:
    [notice] = notices_of(story.submitted())
    worded = WORDING.notice(notice, Names({}, {}, {}, frozenset()), "zh-CN")
    assert "futian" in worded.title


def test_who_left_a_measure_reads_what_is_still_owed(story: Story) -> None:
    worded = WORDING.notice(*notices_of(story.superseded()), NAMES, "zh-CN")
    assert "不再由福田区承担" in worded.title
    assert worded.body.splitlines() == [
        "措施：17 提升金融服务能力",
        "单位：福田区",
        "不再填报：2024年第二季度",
        "此前期次仍须报送：2024年第一季度",
        "修订：自2024-04-01（周一）起，示例〔2024〕6号",
        "原因：任务调整",
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_was_asked_for_help_is_told_softly_that_it_is_needed_no_longer(story: Story, language: Language) -> None:
    worded = WORDING.notice(*notices_of(story.superseded(Relation.REQUESTED)), NAMES, language)
    hard, soft = {"zh-CN": ("须报送", "商请"), "en": ("Still to report", "requested")}[language]
    assert soft in worded.title
    assert hard not in worded.body
    assert worded.section == "amended"


@pytest.mark.parametrize("language", LANGUAGES)
def test_another_part_in_a_measure_is_told_with_its_periods(story: Story, language: Language) -> None:
    event = story.amended(added=["2025-Q1", "2025-Q2"], excused=["2024-Q4"])
    lines = WORDING.notice(*notices_of(event), NAMES, language).body.splitlines()
    assert (
        lines[1:4]
        == {
            "zh-CN": [
                "单位：福田区（配合，原为牵头）",
                "增加填报：2025年第一季度、2025年第二季度",
                "不再填报：2024年第四季度",
            ],
            "en": [
                "Unit: Futian (cooperating, before: lead)",
                "Further reports: Q1 2025, Q2 2025",
                "No longer to report on: Q4 2024",
            ],
        }[language]
    )


def test_mail_of_invented_data_says_so(story: Story) -> None:
    sample = Names(NAMES.plans, NAMES.measures, NAMES.units, frozenset({PLAN}))
    notices = notices_of(story.issued())
    assert "演示数据" in mail(*notices, names=sample).text
    assert "演示数据" in mail(*notices, names=sample).html
    assert "演示数据" not in mail(*notices).text
