"""Every sentence of the pages, in both languages, and how dates and periods are written in each."""

from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from shared import dates
from shared.errors import Text

Language = Literal["zh-CN", "en"]
ZONE = ZoneInfo("Asia/Shanghai")

TEXTS: dict[str, Text] = {
    "product": Text("督办", "Duban"),
    "tagline": Text("行动方案督办平台", "Supervision of action plans"),
    "skip": Text("跳到正文", "Skip to content"),
    "sign_in": Text("登录", "Sign in"),
    "sign_in_lead": Text("请使用单位发放的账号登录。", "Use the account that your unit gave you."),
    "sign_out": Text("退出", "Sign out"),
    "username": Text("用户名", "User name"),
    "password": Text("密码", "Password"),
    "other_language": Text("English", "中文"),
    "demo": Text("演示数据", "Demo data"),
    "demo_note": Text("本页数据均为虚构，仅供演示。", "All data on this page are invented, for demonstration."),
    "board": Text("督办看板", "Board"),
    "plan": Text("行动方案", "Plan"),
    "period": Text("填报期", "Period"),
    "as_of": Text("截至日期", "As of"),
    "as_of_hint": Text("留空为现在", "Empty: now"),
    "show": Text("查看", "Show"),
    "back_to_now": Text("回到现在", "Back to now"),
    "past": Text("历史看板：按 {day} 当日终了时所知显示。", "Past board: as it was known at the end of {day}."),
    "headline": Text("截至 {day}", "As of {day}"),
    "window": Text("{opens}开放填报，{due}截止", "Opened {opens}, due {due}"),
    "totals": Text("本期总览", "This period"),
    "lights_title": Text("措施亮灯", "Measures by light"),
    "by_measure": Text("按措施", "By measure"),
    "by_unit": Text("按单位", "By unit"),
    "indicators": Text("指标与目标", "Indicators and targets"),
    "measure": Text("措施", "Measure"),
    "unit": Text("单位", "Unit"),
    "area": Text("领域", "Area"),
    "number": Text("序号", "No."),
    "light": Text("过程灯", "Light"),
    "cause": Text("原因", "Cause"),
    "indicator": Text("指标", "Indicator"),
    "target": Text("目标", "Target"),
    "by_date": Text("时限", "By"),
    "value": Text("现值", "Value"),
    "judgement": Text("对照目标", "Against target"),
    "aspire": Text("力争", "aspired"),
    "no_value": Text("暂无", "none"),
    "of_expected": Text("应报 {n}", "of {n} expected"),
    "of_submitted": Text("已报 {n}", "of {n} reported"),
    "of_assignments": Text("交办 {n}", "of {n} assigned"),
    "reports": Text("报告清单", "Reports"),
    "reports_of": Text("{figure}：{n} 项", "{figure}: {n}"),
    "more": Text("下一页", "Next page"),
    "first_page": Text("第一页", "First page"),
    "none_here": Text("没有符合条件的事项。", "Nothing here."),
    "no_plans": Text("目前没有您可以查看的方案。", "There is no plan that you may see at present."),
    "back_to_board": Text("返回看板", "Back to the board"),
    "state": Text("状态", "State"),
    "version": Text("版本", "Version"),
    "version_n": Text("第 {n} 版", "version {n}"),
    "due": Text("截止", "Due"),
    "resubmit_due": Text("重报截止", "Resubmit by"),
    "submitted_at": Text("报送时间", "Submitted"),
    "on_time": Text("按时", "on time"),
    "late": Text("逾期", "late"),
    "open_report": Text("查看报告", "Open report"),
    "not_shown": Text("仅显示状态", "state only"),
    "same_unit": Text("同单位审核", "reviewed by own unit"),
    "report": Text("进展报告", "Report"),
    "self_assessment": Text("自评", "Self-assessment"),
    "done": Text("进展情况", "Done"),
    "problems": Text("存在问题", "Problems"),
    "next_steps": Text("下一步安排", "Next steps"),
    "support_needed": Text("需协调支持", "Support needed"),
    "readings": Text("指标读数", "Readings"),
    "nothing_submitted": Text("尚未报送。", "Nothing submitted yet."),
    "return_reason": Text("退回理由", "Reason of return"),
    "evidence": Text("佐证材料", "Evidence"),
    "evidence_link": Text("链接", "Link"),
    "evidence_file": Text("文件", "File"),
    "evidence_entity": Text("主体", "Entity"),
    "credit_code": Text("统一社会信用代码 {code}", "credit code {code}"),
    "record": Text("办理记录", "Record"),
    "step_submitted": Text("第 {n} 版报送", "Version {n} submitted"),
    "step_returned": Text("第 {n} 版被退回", "Version {n} returned"),
    "step_emptied": Text("第 {n} 版被退回（无实质内容）", "Version {n} returned as without substance"),
    "step_accepted": Text("第 {n} 版通过", "Version {n} accepted"),
    "read_version": Text("第 {n} 版全文", "Version {n} in full"),
    "current_version": Text("即上文", "shown above"),
    "contributions": Text("计入的读数（均已审核通过）", "Readings that count (all accepted)"),
    "error_title": Text("出了点问题", "Something went wrong"),
    "request_id": Text("请求编号", "Request"),
    "home": Text("返回首页", "Back to the first page"),
    "definitions": Text("口径说明", "Definitions"),
    "def_submitted": Text("已报 = 通过 + 退回 + 待审核；应报不含免报。", "Reported = accepted + returned + awaiting review; expected leaves out excused."),
    "def_on_time": Text("按时以首次报送为准，退回后重报不影响。", "On time is judged by the first submission; a return does not change it."),
    "def_late": Text("逾期：督办单位过截止日仍未报送。商请单位（中央驻深单位、企业等）过期未报列为待反馈，不亮红灯。", "Late: a supervised unit past due without a report. Requested units (central agencies, enterprises) past due are shown as reply pending and never red."),
    "def_rules": Text("过程灯规则版本：{rules}", "Rules of the light: {rules}"),
    "figure_assignments": Text("交办", "Assigned"),
    "figure_acknowledged": Text("签收", "Acknowledged"),
    "figure_expected": Text("应报", "Expected"),
    "figure_submitted": Text("已报", "Reported"),
    "figure_on_time": Text("按时", "On time"),
    "figure_accepted": Text("通过", "Accepted"),
    "figure_returned": Text("退回", "Returned"),
    "figure_awaiting_review": Text("待审核", "To review"),
    "figure_excused": Text("免报", "Excused"),
    "figure_late": Text("逾期", "Late"),
    "figure_requested_pending": Text("待反馈", "Pending"),
    "kind_municipal": Text("市直部门", "Municipal departments"),
    "kind_district": Text("各区", "Districts"),
    "kind_vertical": Text("中央驻地单位（商请）", "Central agencies (requested)"),
    "kind_body": Text("法定机构、人民团体", "Statutory bodies, people's organisations"),
    "kind_enterprise": Text("企业（商请）", "Enterprises (requested)"),
    "kind_office": Text("领导小组办公室", "Leading group office"),
    "kind_group": Text("领导小组", "Leading group"),
    "kind_": Text("其他单位", "Other units"),
    "light_red": Text("红灯", "Red"),
    "light_yellow": Text("黄灯", "Yellow"),
    "light_green": Text("绿灯", "Green"),
    "light_grey": Text("灰灯", "Grey"),
    "progress_scheduled": Text("未到填报期", "Not open"),
    "progress_open": Text("填报中", "Open"),
    "progress_due_today": Text("今日截止", "Due today"),
    "progress_overdue": Text("过期未报", "Past due"),
    "progress_awaiting_review": Text("待审核", "Awaiting review"),
    "progress_returned": Text("已退回", "Returned"),
    "progress_resubmission_overdue": Text("重报逾期", "Resubmission overdue"),
    "progress_accepted": Text("已通过", "Accepted"),
    "progress_excused": Text("免报", "Excused"),
    "progress_not_asked": Text("按需配合", "When asked"),
    "state_scheduled": Text("未到填报期", "Not open"),
    "state_open": Text("填报中", "Open"),
    "state_submitted": Text("待审核", "Awaiting review"),
    "state_returned": Text("已退回", "Returned"),
    "state_accepted": Text("已通过", "Accepted"),
    "state_excused": Text("免报", "Excused"),
    "state_locked": Text("已锁定", "Locked"),
    "assessment_on_track": Text("正常推进", "On track"),
    "assessment_at_risk": Text("存在风险", "At risk"),
    "assessment_off_track": Text("滞后", "Off track"),
    "assessment_done": Text("已完成", "Done"),
}  # fmt: skip


class Words:
    """The texts of one language, for a template."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def __call__(self, key: str, **facts: object) -> str:
        return TEXTS[key].in_language(self.language).format(**facts)

    def either(self, zh: str, en: str) -> str:
        """A name in this language, where it has one."""
        return en if self.language == "en" and en else zh

    def day(self, day: date) -> str:
        return dates.in_full(day).in_language(self.language)

    def instant(self, instant: datetime) -> str:
        local = instant.astimezone(ZONE)
        return f"{self.day(local.date())} {local:%H:%M}"

    def period(self, key: str) -> str:
        """`2024-Q1` as it is said."""
        return dates.period(key).in_language(self.language)

    def deadline(self, target: dict[str, str]) -> str:
        """A target's date as exactly as the plan gives it."""
        day = date.fromisoformat(target["deadline"])
        match target.get("deadline_precision"):
            case "year" | "inferred":
                return self.period(f"{day:%Y}")
            case "month":
                return self.period(f"{day:%Y-%m}")
            case _:
                return self.day(day)
