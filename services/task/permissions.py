"""Who may do what in task: the table of DESIGN.md section 9 as data."""

from shared.auth import Actor, Permission
from shared.errors import MayNot

OFFICE = frozenset({"office", "office_head"})
READERS = OFFICE | {"leader", "auditor"}
UNIT = frozenset({"liaison", "unit_head", "machine"})

PUT_PLAN = Permission("put-plan", "编制方案草稿", "draft a plan", anywhere=OFFICE)
IMPORT_PLAN = Permission("import-plan", "导入方案", "import a plan", anywhere=OFFICE)
PUBLISH_PLAN = Permission("publish-plan", "发布方案", "publish a plan", anywhere=frozenset({"office_head"}))
AMEND_PLAN = Permission("amend-plan", "修订方案", "amend a plan", anywhere=frozenset({"office_head"}))
READ_PLAN = Permission("read-plan", "查看整个方案", "read a whole plan", anywhere=READERS)
SEE_PLAN = Permission("see-plan", "查看方案", "see a plan", anywhere=READERS | UNIT | {"district_coordinator"})
READ_UNIT_ITEMS = Permission(
    "read-unit-items",
    "查看该单位的事项",
    "read this unit's items",
    anywhere=READERS,
    own_unit=UNIT,
    own_districts=frozenset({"district_coordinator"}),
)
ACKNOWLEDGE = Permission("acknowledge", "签收", "acknowledge an assignment", own_unit=UNIT)
SUBMIT_REPORT = Permission("submit-report", "提交报告", "submit a report", own_unit=UNIT)
REVIEW_REPORT = Permission("review-report", "审核报告", "review a report", anywhere=OFFICE)
RETURN_AS_EMPTY = Permission(
    "return-as-empty", "以无实质内容退回", "return a report as empty", anywhere=frozenset({"office_head"})
)
READ_FEED = Permission(
    "read-events", "读取事件流", "read the event feed", anywhere=frozenset({"auditor", "machine", "office_head"})
)


def must_read_feed(caller: Actor) -> None:
    """The feed holds every unit's reports on every plan: it is for nobody who is bound to some. Raises MayNot."""
    caller.must(READ_FEED)
    is_bound = bool(caller.plans) or (caller.unit is not None and not caller.may(READ_PLAN))
    if is_bound:
        raise MayNot(what=READ_FEED.zh, what_en=READ_FEED.en)
