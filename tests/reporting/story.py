"""A small plan and what happens to it, as the events that directory and task would publish."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5
from zoneinfo import ZoneInfo

from contracts.directory import AccountRegistered, UnitRegistered
from contracts.names import AssignmentRole, Relation, ReturnKind, SelfAssessment, UnitKind
from contracts.task import (
    AreaIssued,
    AssignmentAcknowledged,
    AssignmentAmended,
    AssignmentIssued,
    AssignmentSuperseded,
    IndicatorIssued,
    MeasureAmended,
    MeasureEnded,
    MeasurePublished,
    ObligationIssued,
    PeriodIssued,
    PlanAmended,
    PlanPublished,
    Reading,
    ReportAccepted,
    ReportReturned,
    ReportSubmitted,
    TargetIssued,
)
from shared.events import Event, Recorded

SHANGHAI = ZoneInfo("Asia/Shanghai")
PLAN, Q4, Q1 = "sz-demo", "2023-Q4", "2024-Q1"
PERIODS = (
    PeriodIssued(period="2023-Q3", starts=date(2023, 7, 1), ends=date(2023, 9, 30), opens=date(2023, 9, 27), due=date(2023, 10, 10), locks=date(2023, 10, 31)),
    PeriodIssued(period=Q4, starts=date(2023, 10, 1), ends=date(2023, 12, 31), opens=date(2023, 12, 27), due=date(2024, 1, 8), locks=date(2024, 1, 29)),
    PeriodIssued(period=Q1, starts=date(2024, 1, 1), ends=date(2024, 3, 31), opens=date(2024, 3, 27), due=date(2024, 4, 8), locks=date(2024, 4, 28)),
)  # fmt: skip
UNITS = {"futian": "福田区", "luohu": "罗湖区", "commerce": "市商务局", "customs": "深圳海关"}
UNIT_KINDS = {
    "futian": UnitKind.DISTRICT,
    "luohu": UnitKind.DISTRICT,
    "commerce": UnitKind.MUNICIPAL,
    "customs": UnitKind.VERTICAL,
}
PUBLISHED = datetime(2023, 12, 1, 9, tzinfo=SHANGHAI)


def at(day: str, hour: int = 10) -> datetime:
    """An instant of a day in Shenzhen."""
    return datetime.fromisoformat(day).replace(hour=hour, tzinfo=SHANGHAI)


def relation_of(unit: str) -> Relation:
    return Relation.REQUESTED if unit == "customs" else Relation.SUBORDINATE


class Story:
    """Records events as a service would: one subject per aggregate, versions without a gap."""

    def __init__(self, plan: str = PLAN) -> None:
        self.plan = plan
        self.events: list[Recorded[Any]] = []
        self.versions: Counter[str] = Counter()
        self.revisions: Counter[str] = Counter()

    def record(self, subject: str, time: datetime, data: Event) -> Recorded[Any]:
        self.versions[subject] += 1
        version = self.versions[subject]
        event_id = uuid5(NAMESPACE_URL, f"{subject}/{version}")
        self.events.append(Recorded(event_id, subject, version, time.astimezone(UTC), "test", data))
        return self.events[-1]

    def publish(
        self,
        assignments: Sequence[tuple[str, str]] = (
            ("17", "futian"),
            ("17", "luohu"),
            ("17", "customs"),
            ("3", "commerce"),
        ),
        *,
        indicators: Sequence[IndicatorIssued] = (),
        areas: Sequence[str] = ("三", "七"),
        role: AssignmentRole = AssignmentRole.LEAD,
        first_period: str = Q4,
    ) -> "Story":
        """Publish the plan with these assignments (measure, unit); measures go to the areas in turn."""
        measures = sorted({measure for measure, _ in assignments}, key=int)
        subject = f"plan/{uuid5(NAMESPACE_URL, self.plan)}"
        self.record(subject, PUBLISHED, self._plan(areas, indicators, first_period, len(assignments)))
        for position, measure in enumerate(measures, start=1):
            area = areas[(position - 1) % len(areas)]
            self.record(subject, PUBLISHED, MeasurePublished(plan=self.plan, measure=measure, position=position, area=area, title=f"措施{measure}", title_en=f"Measure {measure}", strength="binding"))  # fmt: skip
        for measure, unit in assignments:
            self.issue(measure, unit, role, first_period)
        return self

    def issue(self, measure: str, unit: str, role: AssignmentRole, first_period: str = Q4) -> None:
        owed = [
            period for period in PERIODS if period.period >= first_period and role is not AssignmentRole.COOPERATING
        ]
        issued = AssignmentIssued(
            plan=self.plan,
            measure=measure,
            unit=unit,
            unit_name=UNITS.get(unit, unit),
            relation=relation_of(unit),
            role=role,
            lead_inferred=True,
            measure_title=f"措施{measure}",
            issued_at=PUBLISHED,
            acknowledge_due=date(2023, 12, 5),
            obligations=_obligations(owed),
        )
        self.record(self.assignment(measure, unit), PUBLISHED, issued)

    def acknowledge(self, measure: str, unit: str, when: datetime) -> None:
        on_time = when.date() <= date(2023, 12, 5)
        fact = AssignmentAcknowledged(
            plan=self.plan, measure=measure, unit=unit, acknowledged_at=when, on_time=on_time, by=unit
        )
        self.record(self.assignment(measure, unit), when, fact)

    def amend(self, when: datetime, effective_from: date, *, periods: Sequence[PeriodIssued] = PERIODS) -> None:
        """The plan's own event; what it does to measures and assignments follows."""
        published = next(event.data for event in self.events if isinstance(event.data, PlanPublished))
        facts = published.model_dump(exclude={"title", "periods"})
        amended = PlanAmended(**facts, title="跨境电商行动方案（修订）", periods=list(periods), number=1, effective_from=effective_from, reason="任务调整", by="office-head", changes=[])  # fmt: skip
        self.record(f"plan/{uuid5(NAMESPACE_URL, self.plan)}", when, amended)

    def retitle(self, measure: str, title: str, when: datetime, effective_from: date) -> None:
        self.record(f"plan/{uuid5(NAMESPACE_URL, self.plan)}", when, MeasureAmended(**self._measure(measure) | {"title": title}, effective_from=effective_from))  # fmt: skip

    def end_measure(self, measure: str, when: datetime, effective_from: date) -> None:
        ended = MeasureEnded(**self._measure(measure), effective_from=effective_from)
        self.record(f"plan/{uuid5(NAMESPACE_URL, self.plan)}", when, ended)

    def supersede(self, measure: str, unit: str, when: datetime, effective_from: date) -> None:
        """What begins on or after the day is excused."""
        excused = [period for period in PERIODS if period.starts >= effective_from]
        self.record(
            self.assignment(measure, unit),
            when,
            AssignmentSuperseded(**self._part(measure, unit, effective_from), excused=_obligations(excused)),
        )

    def give_another_part(
        self,
        measure: str,
        unit: str,
        when: datetime,
        role: AssignmentRole,
        *,
        added: Sequence[PeriodIssued] = (),
        excused: Sequence[PeriodIssued] = (),
    ) -> None:
        facts = self._part(measure, unit, when.date()) | {"role": role, "role_before": AssignmentRole.LEAD}
        periods = {"added": _obligations(added), "excused": _obligations(excused)}
        self.record(self.assignment(measure, unit), when, AssignmentAmended(**facts, lead_inferred=False, **periods))

    def submit(
        self,
        measure: str,
        unit: str,
        period: str,
        when: datetime,
        *,
        readings: Sequence[Reading] = (),
        resubmission_late: bool | None = None,
        first: datetime | None = None,
    ) -> None:
        subject = self.report(measure, unit, period)
        self.revisions[subject] += 1
        due = next(each.due for each in PERIODS if each.period == period)
        first = first or when
        fact = ReportSubmitted(
            **self._key(measure, unit, period),
            submitted_at=when,
            first_submitted_at=first,
            due=due,
            on_time=first.astimezone(SHANGHAI).date() <= due,
            resubmission_late=resubmission_late,
            by=unit,
            self_assessment=SelfAssessment.ON_TRACK,
            done="已办理",
            readings=list(readings),
        )
        self.record(subject, when, fact)

    def return_(
        self,
        measure: str,
        unit: str,
        period: str,
        when: datetime,
        resubmit_due: date,
        kind: ReturnKind = ReturnKind.CORRECT,
    ) -> None:
        key = self._key(measure, unit, period)
        fact = ReportReturned(
            **key, kind=kind, reason="请补充", returned_at=when, resubmit_due=resubmit_due, by="office"
        )
        self.record(self.report(measure, unit, period), when, fact)

    def accept(self, measure: str, unit: str, period: str, when: datetime) -> None:
        fact = ReportAccepted(**self._key(measure, unit, period), accepted_at=when, first_pass=True, by="office")
        self.record(self.report(measure, unit, period), when, fact)

    def register_unit(self, unit: str, name: str, when: datetime = PUBLISHED, name_en: str = "") -> None:
        fact = UnitRegistered(unit=unit, name=name, name_en=name_en, kind=UNIT_KINDS[unit], relation=relation_of(unit))
        self.record(f"unit/{uuid5(NAMESPACE_URL, unit)}", when, fact)

    def assignment(self, measure: str, unit: str) -> str:
        return f"assignment/{uuid5(NAMESPACE_URL, f'{self.plan}/{measure}/{unit}')}"

    def report(self, measure: str, unit: str, period: str) -> str:
        return f"report/{uuid5(NAMESPACE_URL, f'{self.plan}/{measure}/{unit}/{period}')}"

    def _measure(self, measure: str) -> dict[str, Any]:
        events = (event.data for event in self.events if isinstance(event.data, MeasurePublished))
        return next(data.model_dump() for data in events if data.measure == measure)

    def _part(self, measure: str, unit: str, effective_from: date) -> dict[str, Any]:
        return {
            "plan": self.plan,
            "measure": measure,
            "unit": unit,
            "relation": relation_of(unit),
            "role": AssignmentRole.LEAD,
            "measure_title": f"措施{measure}",
            "effective_from": effective_from,
            "reason": "任务调整",
        }

    def _key(self, measure: str, unit: str, period: str) -> dict[str, Any]:
        revision = self.revisions[self.report(measure, unit, period)]
        return {"plan": self.plan, "measure": measure, "unit": unit, "period": period, "revision": revision}

    def _plan(
        self, areas: Sequence[str], indicators: Sequence[IndicatorIssued], first_period: str, assignments: int
    ) -> PlanPublished:
        return PlanPublished(
            plan=self.plan,
            title="跨境电商行动方案（示例）",
            title_en="Cross-border e-commerce (example)",
            zone="Asia/Shanghai",
            starts=date(2022, 1, 1),
            ends=date(2025, 12, 31),
            cycle="quarterly",
            first_period=first_period,
            office="lg-office",
            areas=[AreaIssued(number=number, title=f"领域{number}", title_en=f"Area {number}") for number in areas],
            periods=list(PERIODS),
            indicators=list(indicators),
            assignments=assignments,
            sample=True,
        )


def _obligations(periods: Sequence[PeriodIssued]) -> list[ObligationIssued]:
    return [ObligationIssued(**period.model_dump(include={"period", "opens", "due", "locks"})) for period in periods]


def account(username: str, *roles: str, unit: str | None = None, districts: Sequence[str] = ()) -> AccountRegistered:
    return AccountRegistered(
        account=account_id(username),
        username=username,
        roles=list(roles),
        unit=unit,
        districts=list(districts),
        auth_epoch=1,
    )


def account_id(username: str) -> UUID:
    return uuid5(NAMESPACE_URL, f"account/{username}")


def indicator(key: str = "warehouses", **changes: Any) -> IndicatorIssued:
    target = {
        "comparator": ">=",
        "value": "10",
        "strength": "binding",
        "deadline": date(2025, 12, 31),
        "deadline_precision": "year",
    }
    facts = {
        "indicator": key,
        "title": "海外仓",
        "measure": "17",
        "unit": "个",
        "kind": "cumulative",
        "trajectory": "linear",
    }
    return IndicatorIssued(**{**facts, "target": TargetIssued(**{**target, **changes.pop("target", {})}), **changes})


def eventful() -> Story:
    """Futian was returned, Luohu accepted late, customs and commerce have not reported."""
    story = Story().publish(indicators=[indicator()])
    for unit, name in (("futian", "福田区"), ("luohu", "罗湖区"), ("customs", "深圳海关"), ("commerce", "市商务局")):
        story.register_unit(unit, name, name_en=unit.title())
    story.acknowledge("17", "futian", at("2023-12-04"))
    story.acknowledge("17", "luohu", at("2023-12-11"))
    story.submit("17", "futian", Q1, at("2024-04-03"))
    story.return_("17", "futian", Q1, at("2024-04-07"), date(2024, 4, 10))
    story.submit("17", "luohu", Q1, at("2024-04-09"), readings=[Reading(indicator="warehouses", value="6")])
    story.accept("17", "luohu", Q1, at("2024-04-10", 9))
    return story


def amended() -> Story:
    """On 1 February, from 1 January on: Luohu leaves measure 17, measure 3 ends, customs only cooperates."""
    story, when, since = eventful(), at("2024-02-01"), date(2024, 1, 1)
    story.events = [event for event in story.events if event.time < when]
    story.amend(when, since)
    story.retitle("17", "提升公共海外仓发展水平", when, since)
    story.end_measure("3", when, since)
    story.supersede("3", "commerce", when, since)
    story.supersede("17", "luohu", when, since)
    story.give_another_part("17", "customs", when, AssignmentRole.COOPERATING)
    return story


def large_plan(plan: str, measures: int, units: int) -> Iterator[Recorded[Any]]:
    """A plan of measures × units, most of it reported for two periods, as a deadline day leaves it."""
    story = Story(plan)
    pairs = [(str(measure), f"unit-{unit:03}") for measure in range(1, measures + 1) for unit in range(units)]
    story.publish(pairs, areas=tuple("一二三四五六七八"), indicators=[indicator()])
    for number, (measure, unit) in enumerate(pairs):
        story.acknowledge(measure, unit, PUBLISHED + timedelta(hours=1))
        story.submit(measure, unit, Q4, at("2024-01-05"))
        story.accept(measure, unit, Q4, at("2024-01-09"))
        if number % 5:
            story.submit(measure, unit, Q1, at("2024-04-03"))
        if number % 5 > 1:
            story.accept(measure, unit, Q1, at("2024-04-07"))
        elif number % 10 == 1:
            story.return_(measure, unit, Q1, at("2024-04-07"), date(2024, 4, 10))
    yield from story.events
