"""Situations in reporting that a caller can do something about."""

from shared.errors import AppError, NotFound, Text


class PlanNotFound(NotFound):
    code = "plan-not-found"
    detail = Text("没有方案 {plan}，或者您无权查看。", "No plan {plan}, or it is not yours to see.")


class MeasureNotFound(NotFound):
    code = "measure-not-found"
    detail = Text(
        "方案 {plan} 没有措施 {measure}，或者您无权查看。",
        "Plan {plan} has no measure {measure}, or it is not yours to see.",
    )


class UnitNotFound(NotFound):
    code = "unit-not-found"
    detail = Text(
        "单位 {unit} 不承担方案 {plan} 的措施，或者您无权查看。",
        "Unit {unit} has no part in plan {plan}, or it is not yours to see.",
    )


class IndicatorNotFound(NotFound):
    code = "indicator-not-found"
    detail = Text(
        "方案 {plan} 没有指标 {indicator}，或者您无权查看。",
        "Plan {plan} has no indicator {indicator}, or it is not yours to see.",
    )


class PeriodNotFound(NotFound):
    code = "period-not-found"
    detail = Text(
        "方案 {plan} 没有填报期 {period}，可用的有：{periods}。",
        "Plan {plan} has no period {period}; it has {periods}.",
    )


class DayNotKnown(AppError):
    code, status = "day-not-known", 422
    title = Text("该日没有看板", "No board for that day")
    detail = Text(
        "截至日期（as_of）应在方案发布之日 {first} 与今天 {last} 之间。",
        "The day (as_of) lies between {first}, when the plan was published, and today, {last}.",
    )


class ProjectionNotFound(NotFound):
    code = "projection-not-found"
    detail = Text(
        "没有可重建的投影 {name}，可重建的有：{known}。", "No projection {name} can be rebuilt; these can: {known}."
    )


class RebuildOvertaken(AppError):
    code, status = "rebuild-overtaken", 409
    title = Text("另一次重建已完成", "Overtaken by another rebuild")
    detail = Text("投影 {name} 的另一次重建已先完成切换。", "Another rebuild of {name} was put in place first.")


class RebuildNotFound(NotFound):
    code = "rebuild-not-found"
    detail = Text("投影 {name} 还没有请求过重建。", "No rebuild of {name} was ever asked for.")


class RebuildFailed(AppError):
    code, status = "rebuild-failed", 500
    title = Text("重建失败", "The rebuild failed")
    detail = Text(
        "投影 {name} 的重建意外中断，现用的一代不变。原因在服务日志（rebuild failed）里，处理后请再次请求。",
        "The rebuild of {name} ended unexpectedly; the live generation is untouched. The service's log says why (rebuild failed); ask again when that is settled.",
    )


class RebuildCannotSwap(AppError):
    code, status = "rebuild-cannot-swap", 409
    title = Text("重建完成但不能切换", "Rebuilt, not swapped")
    detail = Text(
        "新一代已读到 {read} 条事件，但{reason}，未切换。处理后请再次请求。",
        "The new generation has read {read} events but was not put in place: {reason_en}. Ask again when that is settled.",
    )
