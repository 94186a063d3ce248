"""What directory and task say, as notification hears it: a plan, its people, and what happens to Futian's measure 17."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from contracts.directory import AccountRegistered, UnitRegistered
from contracts.names import AssignmentRole, DeadlineKind, Relation, ReturnKind, Role, RungKind, SelfAssessment, UnitKind
from contracts.task import (
    AssignmentAcknowledged,
    AssignmentAmended,
    AssignmentIssued,
    AssignmentSuperseded,
    DeadlineRungFired,
    MeasurePublished,
    ObligationIssued,
    PlanPublished,
    ReportAccepted,
    ReportExcused,
    ReportReinstated,
    ReportReturned,
    ReportSubmitted,
)
from services.notification.days import ZONE
from shared.events import Event, Recorded

PLAN, Q1 = "sz-cbec-2022", "2024-Q1"
DUE = date(2024, 4, 8)
MEASURES = {"15": "推动跨境电商进口试点", "16": "拓展国际运输通道", "17": "提升金融服务能力"}
UNITS = {"futian": "福田区", "guangming": "光明区", "customs": "深圳海关"}


def at(day: str, hour: int = 9, minute: int = 0) -> datetime:
    return datetime.fromisoformat(day).replace(hour=hour, minute=minute, tzinfo=ZONE)


MONDAY = at("2024-04-08")


def account_id(username: str) -> UUID:
    return uuid5(NAMESPACE_URL, username)


class Story:
    """Records facts as their services do: one subject per aggregate, versions without a gap."""

    def __init__(self) -> None:
        self.now = MONDAY
        self._versions: Counter[str] = Counter()
        self._revisions: Counter[str] = Counter()

    def record(self, subject: str, data: Event) -> Recorded[Any]:
        self._versions[subject] += 1
        version = self._versions[subject]
        return Recorded(uuid5(NAMESPACE_URL, f"{subject}/{version}"), subject, version, self.now, "somebody", data)

    def account(
        self,
        username: str,
        role: Role = Role.LIAISON,
        unit: str | None = None,
        *,
        districts: Sequence[str] = (),
        plans: Sequence[str] = (),
        active: bool = True,
    ) -> Recorded[Any]:
        data = AccountRegistered(
            account=account_id(username),
            username=username,
            roles=[role],
            unit=unit,
            districts=list(districts),
            plans=list(plans),
            auth_epoch=1,
            active=active,
        )
        return self.record(f"account/{data.account}", data)

    def unit(self, key: str) -> Recorded[Any]:
        data = UnitRegistered(unit=key, name=UNITS[key], kind=UnitKind.DISTRICT, relation=Relation.SUBORDINATE)
        return self.record(f"unit/{key}", data)

    def plan(self, *, sample: bool = False) -> list[Recorded[Any]]:
        published = PlanPublished(
            plan=PLAN,
            title="深圳市推动跨境电子商务高质量发展行动方案",
            zone="Asia/Shanghai",
            starts=date(2022, 7, 1),
            ends=date(2025, 12, 31),
            cycle="quarterly",
            first_period="2023-Q4",
            office="lg-office",
            areas=[],
            periods=[],
            assignments=3,
            sample=sample,
        )
        measures = [
            MeasurePublished(plan=PLAN, measure=key, position=n, area="1", title=title, strength="binding")
            for n, (key, title) in enumerate(MEASURES.items(), start=1)
        ]
        return [self.record(f"plan/{PLAN}", data) for data in (published, *measures)]

    def issued(
        self, measure: str = "17", unit: str = "futian", relation: Relation = Relation.SUBORDINATE
    ) -> Recorded[Any]:
        data = AssignmentIssued(
            plan=PLAN,
            measure=measure,
            unit=unit,
            unit_name=UNITS[unit],
            relation=relation,
            role=AssignmentRole.LEAD,
            lead_inferred=True,
            measure_title=MEASURES[measure],
            issued_at=self.now,
            acknowledge_due=self.now.date() + timedelta(days=2),
            obligations=[ObligationIssued(period=Q1, opens=date(2024, 3, 27), due=DUE, locks=date(2024, 4, 28))],
        )
        return self.record(f"assignment/{measure}/{unit}", data)

    def amended(
        self,
        role: AssignmentRole = AssignmentRole.COOPERATING,
        relation: Relation = Relation.SUBORDINATE,
        *,
        added: Sequence[str] = (),
        excused: Sequence[str] = (),
        reason: str = "任务调整",
    ) -> Recorded[Any]:
        periods = {"added": _obligations(added), "excused": _obligations(excused)}
        part = self._amendment("17", "futian", relation) | {"role": role, "role_before": AssignmentRole.LEAD}
        data = AssignmentAmended(**part | {"reason": reason}, lead_inferred=False, **periods)
        return self.record("assignment/17/futian", data)

    def superseded(
        self,
        relation: Relation = Relation.SUBORDINATE,
        *,
        excused: Sequence[str] = ("2024-Q2",),
        owed: Sequence[str] = (Q1,),
        measure: str = "17",
        unit: str = "futian",
    ) -> Recorded[Any]:
        part = self._amendment(measure, unit, relation)
        data = AssignmentSuperseded(**part, excused=_obligations(excused), owed=_obligations(owed))
        return self.record(f"assignment/{measure}/{unit}", data)

    def excused(self, measure: str = "17", unit: str = "futian") -> Recorded[Any]:
        key = self._report(measure, unit) | {"revision": 0}
        data = ReportExcused(**key, reason="任务调整", excused_at=self.now, by="office-head")
        return self.record(f"report/{measure}/{unit}", data)

    def reinstated(self, measure: str = "17", unit: str = "futian") -> Recorded[Any]:
        [owed] = _obligations([Q1])
        facts = self._report(measure, unit) | {"revision": 0} | owed.model_dump()
        data = ReportReinstated(**facts, reason="恢复分工", reinstated_at=self.now, by="office-head")
        return self.record(f"report/{measure}/{unit}", data)

    def _amendment(self, measure: str, unit: str, relation: Relation) -> dict[str, Any]:
        return {
            "plan": PLAN,
            "measure": measure,
            "unit": unit,
            "relation": relation,
            "role": AssignmentRole.LEAD,
            "measure_title": MEASURES[measure],
            "effective_from": date(2024, 4, 1),
            "reason": "任务调整",
            "document_number": "示例〔2024〕6号",
        }

    def acknowledged(self, measure: str = "17", unit: str = "futian") -> Recorded[Any]:
        data = AssignmentAcknowledged(
            plan=PLAN, measure=measure, unit=unit, acknowledged_at=self.now, on_time=True, by=unit
        )
        return self.record(f"assignment/{measure}/{unit}", data)

    def submitted(self, measure: str = "17", unit: str = "futian") -> Recorded[Any]:
        self._revisions[f"{measure}/{unit}"] += 1
        data = ReportSubmitted(
            **self._report(measure, unit),
            submitted_at=self.now,
            first_submitted_at=self.now,
            due=DUE,
            on_time=True,
            by=unit,
            self_assessment=SelfAssessment.ON_TRACK,
            done="已完成两批专利质押登记。",
        )
        return self.record(f"report/{measure}/{unit}", data)

    def returned(
        self,
        reason: str = "请补充企业数量和授信金额。",
        measure: str = "17",
        unit: str = "futian",
        resubmit_due: date = date(2024, 4, 11),
    ) -> Recorded[Any]:
        data = ReportReturned(
            **self._report(measure, unit),
            kind=ReturnKind.CORRECT,
            reason=reason,
            returned_at=self.now,
            resubmit_due=resubmit_due,
            by="office",
        )
        return self.record(f"report/{measure}/{unit}", data)

    def accepted(self, measure: str = "17", unit: str = "futian", comment: str = "") -> Recorded[Any]:
        data = ReportAccepted(
            **self._report(measure, unit), accepted_at=self.now, first_pass=True, by="office", comment=comment
        )
        return self.record(f"report/{measure}/{unit}", data)

    def rung(
        self,
        rung: int,
        *audience: Role,
        deadline: DeadlineKind = DeadlineKind.REPORT,
        relation: Relation = Relation.SUBORDINATE,
        measure: str = "17",
        unit: str = "futian",
        due: date = DUE,
        superseded: bool = False,
        kind: RungKind | None = None,
    ) -> Recorded[Any]:
        data = DeadlineRungFired(
            plan=PLAN,
            measure=measure,
            unit=unit,
            period=None if deadline is DeadlineKind.ACKNOWLEDGE else Q1,
            deadline=deadline,
            due=due,
            rung=rung,
            kind=kind or (RungKind.OVERDUE if rung > 0 else RungKind.REMINDER),
            audience=list(audience),
            relation=relation,
            scheduled_for=self.now,
            fired_at=self.now,
            superseded=superseded,
        )
        return self.record(f"deadline/{deadline}/{measure}/{unit}", data)

    def _report(self, measure: str, unit: str) -> dict[str, Any]:
        revision = max(1, self._revisions[f"{measure}/{unit}"])
        return {"plan": PLAN, "measure": measure, "unit": unit, "period": Q1, "revision": revision}


def _obligations(periods: Sequence[str]) -> list[ObligationIssued]:
    return [ObligationIssued(period=each, opens=DUE, due=DUE, locks=DUE) for each in periods]
