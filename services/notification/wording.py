"""Notices in words, in the reader's language: a title and a body each, and the e-mail that puts several together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined, Template, select_autoescape

from contracts.names import Relation
from services.notification.channels.email import one_line
from services.notification.days import ZONE
from services.notification.models import Notice
from services.notification.queries import Names
from shared.dates import period, weekday
from shared.errors import Text
from shared.web.language import Language

SECTIONS = {
    "late": Text("逾期", "Late"),
    "awaited": Text("待反馈", "Reply awaited"),
    "locked": Text("未报已锁定", "Locked without a report"),
    "returned": Text("退回重报", "Returned"),
    "due": Text("即将到期", "Due soon"),
    "assigned": Text("新交办", "Assigned"),
    "requested": Text("商请协助", "Request for help"),
    "amended": Text("方案修订", "Plan amended"),
    "review": Text("待审核", "To review"),
    "news": Text("进展", "News"),
}
"""In the order in which an e-mail lists them."""
MOST_IN_FULL = 5
"""An e-mail with more items than this is read as a list."""
SECTION_OF = {
    "assignment_issued": "assigned",
    "assignment_amended": "amended",
    "assignment_superseded": "amended",
    "report_submitted": "review",
    "report_returned": "returned",
    "report_accepted": "news",
}
SECTION_OF_KIND = {"reminder": "due", "overdue": "late", "awaited": "awaited", "locked": "locked"}


@dataclass(frozen=True, slots=True)
class Worded:
    """A notice as a person reads it."""

    title: str
    body: str
    section: str
    link: str

    @property
    def brief(self) -> str:
        """Beside its title: every body begins with the measure. What was returned says why in any case."""
        return self.body if self.section == "returned" else self.body.partition("\n")[0]


@dataclass(frozen=True, slots=True)
class WordedMail:
    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Wording:
    """Words for what this installation at `url` has to say."""

    url: str

    def notice(self, notice: Notice, names: Names, language: Language) -> Worded:
        template = _template(language, f"{notice.template}.txt")
        facts = _facts(notice, names, language)
        return Worded(
            title=one_line(_block(template, "title", facts)),
            body=_block(template, "body", facts).strip(),
            section=section_of(notice),
            link=self.link(notice),
        )

    def mail(self, of: Sequence[Notice], names: Names, reader: str, language: Language, sender: str) -> WordedMail:
        """One e-mail for some notices of one plan: its subject says what it is about without being opened."""
        worded = [self.notice(notice, names, language) for notice in sorted(of, key=_by_urgency)]
        plan = of[0].plan or ""
        facts = {
            "name": reader,
            "office": sender,
            "plan": _in(language, names.plans.get(plan, (plan, plan))),
            "sample": plan in names.samples,
            "sections": _sections(worded, language),
            "whole": len(worded) <= MOST_IN_FULL,
            "count": len(worded),
            "url": self.url,
        }
        subject = worded[0].title if len(worded) == 1 else _block(_template(language, "mail.txt"), "subject", facts)
        return WordedMail(
            subject=one_line(subject),
            text=_block(_template(language, "mail.txt"), "text", facts).strip() + "\n",
            html=_template(language, "mail.html").render(facts),
        )

    def link(self, notice: Notice) -> str:
        """Where to do something about it: the portal's page of the report, or of the plan."""
        if notice.plan is None:
            return f"{self.url}/"
        plan = f"{self.url}/plans/{quote(notice.plan)}"
        report = [str(notice.facts.get(name) or "") for name in ("measure", "unit", "period")]
        return plan if "" in report else "{}/measures/{}/units/{}/reports/{}".format(plan, *map(quote, report))


def section_of(notice: Notice) -> str:
    if notice.template == "assignment_issued" and notice.facts.get("relation") == Relation.REQUESTED:
        return "requested"
    return SECTION_OF.get(notice.template) or SECTION_OF_KIND[notice.template.rsplit("_", 1)[1]]


def _by_urgency(notice: Notice) -> tuple[str, list[int], str]:
    """Within a section: the nearest date first, then in the order of the plan."""
    measure = str(notice.facts.get("measure", "")).split(".")
    return notice.facts.get("due") or "", [int(part) for part in measure if part], notice.facts.get("unit") or ""


def _sections(worded: Sequence[Worded], language: Language) -> list[dict[str, Any]]:
    """The items under their headings, the most pressing first."""
    grouped = {key: [item for item in worded if item.section == key] for key in SECTIONS}
    return [{"title": SECTIONS[key].in_language(language), "notices": items} for key, items in grouped.items() if items]


def _facts(notice: Notice, names: Names, language: Language) -> dict[str, Any]:
    """The notice's facts with the names as they are now, or the key of what has no name here yet."""
    measure, unit = notice.facts.get("measure", ""), notice.facts.get("unit", "")
    return {
        **notice.facts,
        "measure_title": _in(language, names.measures.get((notice.plan or "", measure), ("", ""))),
        "unit_name": _in(language, names.units.get(unit, (unit, unit))),
        "requested": notice.facts.get("relation") == Relation.REQUESTED,
        "occurred_at": notice.occurred_at,
    }


def _in(language: str, pair: tuple[str, str]) -> str:
    zh, en = pair
    return en or zh if language == "en" else zh


def _block(template: Template, name: str, facts: Mapping[str, Any]) -> str:
    return "".join(template.blocks[name](template.new_context(dict(facts))))


@lru_cache(maxsize=128)
def _template(language: str, name: str) -> Template:
    return _environment().get_template(f"{language}/{name}")


@lru_cache(maxsize=1)
def _environment() -> Environment:
    """Only `.html` is markup; what goes into it is escaped."""
    environment = Environment(
        loader=PackageLoader("services.notification"),
        autoescape=select_autoescape(["html"], default=False, default_for_string=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "day_zh": day_zh,
        "day_en": day_en,
        "time": minute,
        "period_zh": lambda key: period(key).zh,
        "period_en": lambda key: period(key).en,
    }
    return environment


def day_zh(day: str) -> str:
    return f"{day}（{weekday(date.fromisoformat(day)).zh}）"


def day_en(day: str) -> str:
    return f"{weekday(date.fromisoformat(day)).en} {day}"


def minute(instant: datetime) -> str:
    return f"{instant.astimezone(ZONE):%Y-%m-%d %H:%M}"
