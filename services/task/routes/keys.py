"""Natural keys in paths."""

from typing import Annotated

from fastapi import Path

from contracts.names import MeasureKey, PeriodKey, PlanKey, UnitKey
from services.task.queries.assignments import AssignmentKey
from services.task.queries.reports import ReportKey

PlanPath = Annotated[PlanKey, Path(examples=["sz-cbec-2022"])]
MeasurePath = Annotated[MeasureKey, Path(examples=["17"])]
UnitPath = Annotated[UnitKey, Path(examples=["futian"])]
PeriodPath = Annotated[PeriodKey, Path(examples=["2024-Q1"])]


async def assignment_key(plan: PlanPath, measure: MeasurePath, unit: UnitPath) -> AssignmentKey:
    return AssignmentKey(plan, measure, unit)


async def report_key(plan: PlanPath, measure: MeasurePath, unit: UnitPath, period: PeriodPath) -> ReportKey:
    return ReportKey(plan, measure, unit, period)
