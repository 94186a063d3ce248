"""What the demo's units report: invented sentences and readings, marked as samples."""

from services.duban.demo.history import SECOND, Act

Body = dict[str, object]
WAREHOUSES = {("17", "nanshan"): 2, ("17", "longgang"): 2, ("17", "baoan"): 1, ("17", "yantian"): 1}
"""New provincial public overseas warehouses: 6 of at least 10 (DOMAIN.md section 10, item 5)."""
SHARED_FIRM = {("2", "nanshan"), ("2", "baoan")}
"""Two districts claim the same firm."""


def report_body(act: Act) -> Body:
    """The body that a unit sends in this act; a resubmission says more than the version before it."""
    duty = act.duty
    done = f"【演示数据】围绕“{duty.title}”，本期完成年度任务分解并按计划推进，召开专题调度会一次。"
    body: Body = {
        "self_assessment": "on_track",
        "done": done + ("已按退回意见补充数据与佐证。" if act.verb == "resubmit" else ""),
        "next_steps": "【演示数据】下期继续落实重点项目，跟踪企业诉求。",
    }
    body["readings"] = _readings(act)
    body["evidence"] = _evidence(act)
    return body


def _readings(act: Act) -> list[dict[str, object]]:
    if act.period != SECOND or act.duty.key not in WAREHOUSES:
        return []
    return [{"indicator": "overseas-warehouses", "value": str(WAREHOUSES[act.duty.key]), "note": "演示数据"}]


def _evidence(act: Act) -> list[dict[str, object]]:
    if act.period != SECOND:
        return []
    if act.duty.key in SHARED_FIRM:
        return [_entity("示例企业A", "新增国家级电子商务示范企业（演示数据）")]
    return [_entity(f"示例海外仓{n:02}", "省级公共海外仓（演示数据）") for n in _warehouse_numbers(act.duty.key)]


def _warehouse_numbers(key: tuple[str, str]) -> range:
    """Each unit counts on where the one before it stopped, so that no warehouse is named twice."""
    first = 1
    for other, count in WAREHOUSES.items():
        if other == key:
            return range(first, first + count)
        first += count
    return range(0)


def _entity(name: str, title: str) -> dict[str, object]:
    return {"kind": "entity", "name": name, "title": title}
