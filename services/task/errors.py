"""Situations in task that a caller can do something about."""

from shared.errors import AppError, NotFound, Text


class PlanNotFound(NotFound):
    code = "plan-not-found"
    detail = Text("没有方案 {plan}，或者您无权查看。", "No plan {plan}, or it is not yours to see.")


class MeasureNotFound(NotFound):
    code = "measure-not-found"
    detail = Text("方案 {plan} 没有措施 {measure}。", "Plan {plan} has no measure {measure}.")


class AssignmentNotFound(NotFound):
    code = "assignment-not-found"
    detail = Text(
        "方案 {plan} 的措施 {measure} 没有交给单位 {unit}，或者您无权查看。",
        "Measure {measure} of plan {plan} is not assigned to {unit}, or it is not yours to see.",
    )


class ReportNotFound(NotFound):
    code = "report-not-found"
    detail = Text(
        "方案 {plan} 措施 {measure} 的单位 {unit} 在 {period} 没有应报事项，或者您无权查看。请用 GET todo 查看应报清单。",
        "{unit} owes no report on measure {measure} of plan {plan} for {period}, or it is not yours to see. GET todo lists what is owed.",
    )


class PlanKeyMismatch(AppError):
    code, status = "plan-key-mismatch", 422
    title = Text("方案编号不一致", "Plan keys differ")
    detail = Text(
        "地址中的方案是 {plan}，文件中的 key 是 {key}。", "The address names plan {plan}, the file has the key {key}."
    )


class PlanAlreadyPublished(AppError):
    code, status = "plan-already-published", 409
    title = Text("方案已发布", "Plan already published")
    detail = Text(
        "方案 {plan} 已发布，不能再次发布；要修改，请放入新的草稿，再作为修订（amend）生效。",
        "Plan {plan} is in force and cannot be published again; to change it, put a new draft and amend the plan.",
    )


class PlanNotInForce(AppError):
    code, status = "plan-not-in-force", 409
    title = Text("方案尚未发布", "The plan is not in force")
    detail = Text(
        "方案 {plan} 尚未发布，没有可以修订的内容；请直接修改草稿后发布。",
        "Plan {plan} is not in force, so there is nothing to amend; change its draft and publish it.",
    )


class NothingToAmend(AppError):
    code, status = "nothing-to-amend", 409
    title = Text("没有不同", "No difference")
    detail = Text(
        "方案 {plan} 的草稿与现行方案相同，无需修订；请先放入修改后的草稿。",
        "The draft of plan {plan} says what is in force; put a changed draft first.",
    )


class DraftOfOtherVersion(AppError):
    code, status = "draft-of-other-version", 409
    title = Text("草稿已过时", "The draft is outdated")
    detail = Text(
        "草稿是对照方案 {plan} 的第 {compared} 版编制的，现行方案已是第 {current} 版；请核对差异后重新放入草稿。",
        "The draft was compared with version {compared} of plan {plan}, which is now at version {current}; "
        "look at the difference and put the draft again.",
    )


class AmendmentOutsidePlan(AppError):
    code, status = "effective-from-outside-plan", 422
    title = Text("生效日不可用", "Effective date not possible")
    detail = Text(
        "修订的生效日 {day} 应在 {first} 至 {last} 之间：不早于今天，不晚于修订后的方案结束日。",
        "The amendment cannot take effect on {day}; choose a day from {first} to {last}, "
        "not before today nor after the end of the plan as amended.",
    )


class AmendmentMayNotChange(AppError):
    """`errors` names the fields."""

    code, status = "amendment-may-not-change", 422
    title = Text("修订不能改动的内容", "Not open to amendment")
    detail = Text(
        "方案的开始日、时区和填报周期在执行中不能修订，见 errors；请在草稿中改回原值。",
        "Start, zone and reporting cycle of a plan in force cannot be amended, see errors; put them back in the draft.",
    )


class MeasureKeyUsed(AppError):
    """`errors` names the places."""

    code, status = "measure-key-used", 422
    title = Text("措施编号已用过", "Measure key used before")
    detail = Text(
        "有 {count} 项措施的编号属于已停止的措施，见 errors；编号不再启用，请改用新的编号。",
        "{count} measure(s) have the key of one that has ended, see errors; keys are not used again, give new ones.",
    )


class PlanClosed(AppError):
    code, status = "plan-closed", 409
    title = Text("方案已结束", "Plan closed")
    detail = Text("方案 {plan} 已结束，不再接受变更。", "Plan {plan} is closed and takes no further changes.")


class JoinOfNobody(AppError):
    code, status = "join-of-nobody", 422
    title = Text("没有这项交办", "No such assignment")
    detail = Text(
        "措施 {measure} 没有交给单位 {unit}，不能设定其起始期。",
        "Measure {measure} does not go to {unit}; it cannot join later.",
    )


class FirstPeriodOutsidePlan(AppError):
    code, status = "period-outside-plan", 422
    title = Text("期次不在方案期内", "Period outside the plan")
    detail = Text(
        "{period} 不在方案期 {starts} 至 {ends} 之内，或不是{cycle}周期。",
        "{period} is not a {cycle} period between {starts} and {ends}.",
    )


class AlreadyAcknowledged(AppError):
    code, status = "already-acknowledged", 409
    title = Text("已签收", "Already acknowledged")
    detail = Text("{by} 已于 {at} 签收，无需重复。", "{by} acknowledged it at {at}; nothing more is needed.")


class AssignmentEnded(AppError):
    code, status = "assignment-superseded", 409
    title = Text("交办事项已被修订取代", "Superseded by an amendment")
    detail = Text(
        "方案已修订，措施 {measure} 自 {day} 起不再由单位 {unit} 承担，无需签收；此前的应报事项照旧。",
        "The plan was amended: from {day} on measure {measure} is no longer {unit}'s, and needs no acknowledgement; "
        "reports that it owes from before stay.",
    )


class PeriodNotOpen(AppError):
    code, status = "period-not-open", 409
    title = Text("尚未开放填报", "Period not open")
    detail = Text("{period} 于 {opens} 开放填报。", "{period} opens for reports on {opens}.")


class PeriodLocked(AppError):
    code, status = "period-locked", 409
    title = Text("已锁定", "Period locked")
    detail = Text(
        "{period} 已于 {locks} 后锁定，不再接受提交；请直接向领导小组办公室说明情况。",
        "{period} was locked after {locks} and takes no more reports; explain to the office directly.",
    )


class ReportAlreadyAccepted(AppError):
    code, status = "report-already-accepted", 409
    title = Text("报告已通过", "Report already accepted")
    detail = Text(
        "第 {version} 版已审核通过，不能再改；如需更正，请写入下一期报告。",
        "Version {version} was accepted and stays as it is; put a correction into the next period's report.",
    )


class ReportIsExcused(AppError):
    code, status = "report-excused", 409
    title = Text("免报", "Excused")
    detail = Text("{period} 已免报，无需提交。", "{period} is excused; nothing is to be submitted.")


class NothingToReview(AppError):
    code, status = "nothing-to-review", 409
    title = Text("没有待审核的版本", "Nothing to review")
    detail = Text("报告目前状态为 {state}，没有待审核的版本。", "The report is {state}; no version waits for review.")


class ReviewerIsAuthor(AppError):
    code, status = "reviewer-is-author", 403
    title = Text("不能审核自己的报告", "Own report")
    detail = Text(
        "提交人不能审核自己提交的版本，请由他人审核。", "Whoever submitted a version cannot review it; ask a colleague."
    )


class ReviewerOfSameUnit(AppError):
    code, status = "reviewer-of-same-unit", 403
    title = Text("不能审核本单位报告", "Own unit's report")
    detail = Text(
        "报告来自您所在单位，请由 {other} 等外单位审核人处理。",
        "The report is your own unit's; leave it to a reviewer of another unit, such as {other}.",
    )
