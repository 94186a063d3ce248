"""What a document says of itself: title, issuer and period, wherever the lines happen to break."""

import pytest

from services.task.plan_import import draft_plan

ITEM = "一、任务（一）推进建设。（市商务局负责）"


@pytest.mark.parametrize(
    "opening",
    [
        "云溪市工作方案\n",
        "云溪市\n工作方案\n",
        "目 录\n云溪市工作方案\n",
        "云溪市人民政府关于印发《云溪市工作方案》的通知\n各区人民政府：\n现印发给你们。\n",
        "云溪市工作方案",
        "中共云溪市委办公室 云溪市人民政府办公室印发《云溪市工作方案》\n",
        "云溪市人民政府办公室\n2031120\n（此件主动公开）\n云溪市工作方案\n",
        "云溪市工作方案为深入贯彻落实部署，制定本方案。",
    ],
)
def test_a_title_is_found_on_its_lines_or_where_the_text_runs_on(opening: str) -> None:
    assert draft_plan(f"{opening}{ITEM}".encode(), "x.txt").title == "云溪市工作方案"


def test_the_headings_of_a_table_are_not_part_of_the_title() -> None:
    text = "云溪市重点任务分解表\n序号\n重点任务\n牵头单位\n配合单位\n1\n新建学校8所\n市教育局\n各区\n2\n新建公园3处\n市城管局\n各区"
    assert draft_plan(text.encode(), "x.txt").title == "云溪市重点任务分解表"


def test_the_purpose_of_a_plan_is_not_its_issuer() -> None:
    text = "云溪市工作方案\n为落实国务院和省委、省政府关于改革的部署，制定本方案。\n一、任务（一）推进建设。（市商务局负责）"
    assert draft_plan(text.encode(), "x.txt").issuer is None
