"""What an actor sees and may do."""

from uuid import uuid4

import pytest

from shared.auth import Actor, Permission
from shared.errors import MayNot, NotFound

SUBMIT = Permission(
    "submit",
    "提交报告",
    "submit a report",
    own_unit=frozenset({"liaison"}),
    own_districts=frozenset({"district_coordinator"}),
)
REVIEW = Permission("review", "审核报告", "review a report", anywhere=frozenset({"office"}))


def actor(*roles: str, unit: str | None = None, districts: tuple[str, ...] = (), plans: tuple[str, ...] = ()) -> Actor:
    return Actor(uuid4(), "somebody", frozenset(roles), unit, frozenset(districts), frozenset(plans))


def test_a_liaison_acts_for_the_own_unit_only() -> None:
    futian = actor("liaison", unit="futian")
    assert futian.may(SUBMIT, "futian")
    assert not futian.may(SUBMIT, "luohu")


def test_another_units_thing_does_not_exist_for_a_liaison() -> None:
    with pytest.raises(NotFound):
        actor("liaison", unit="futian").must(SUBMIT, "luohu")


def test_what_is_seen_but_not_permitted_is_refused_in_words() -> None:
    with pytest.raises(MayNot) as refused:
        actor("liaison", unit="futian").must(REVIEW, "futian")
    assert refused.value.sentence("zh") == "您的角色不能审核报告。"


def test_the_office_sees_everything_and_acts_anywhere() -> None:
    office = actor("office", unit="commerce")
    assert office.scope.includes("luohu")
    assert office.may(REVIEW, "luohu")
    assert office.may(REVIEW)


def test_the_office_may_not_submit_for_a_unit() -> None:
    with pytest.raises(MayNot):
        actor("office").must(SUBMIT, "luohu")


def test_a_coordinator_acts_for_the_own_districts() -> None:
    coordinator = actor("district_coordinator", unit="city", districts=("futian", "luohu"))
    assert coordinator.may(SUBMIT, "luohu")
    with pytest.raises(NotFound):
        coordinator.must(SUBMIT, "yantian")


def test_the_role_of_a_unit_gives_nothing_without_the_unit() -> None:
    assert not actor("liaison").may(SUBMIT, "futian")
    assert not actor("liaison", unit="futian").may(SUBMIT)


def test_an_admin_sees_no_unit() -> None:
    admin = actor("admin")
    assert not admin.scope.everything
    with pytest.raises(NotFound):
        admin.must(SUBMIT, "futian")


def test_plans_limit_only_where_they_are_named() -> None:
    assert actor("liaison").sees_plan("any")
    assert not actor("machine", plans=("one",)).sees_plan("two")
