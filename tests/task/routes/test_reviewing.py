"""POST R/return and R/accept: who may, what an office may say, and what follows."""

import asyncio
from typing import Any

import pytest

from contracts.names import Role
from tests.task.city import CONTENT, OTHER, City, pointers, problem, report
from tests.task.facts import Q1, plan_file

REASON = {"reason": "请补充数据"}
REVIEWS = [("return", REASON), ("accept", {"comment": "同意"})]


@pytest.mark.parametrize(("verb", "body"), [*REVIEWS, ("return", {**REASON, "kind": "empty"})])
@pytest.mark.parametrize(
    ("who", "status"),
    [
        (None, 401),
        ("admin", 404),
        ("luohu", 404),
        ("feed-robot", 404),
        ("elsewhere", 404),
        ("futian", 403),
        ("futian-head", 403),
        ("futian-robot", 403),
        ("leader", 403),
        ("auditor", 403),
        ("coordinator", 403),
    ],
)
async def test_nobody_but_the_office_reviews(
    city: City, who: str | None, status: int, verb: str, body: dict[str, Any]
) -> None:
    answer = await city.ask(who, "POST", f"{report('futian')}/{verb}", json=body)
    assert answer.status_code == status
    assert problem(answer)


async def test_a_clerk_does_not_return_as_empty(city: City) -> None:
    await city.submit("futian")
    answer = await city.ask("office", "POST", f"{report('futian')}/return", json={**REASON, "kind": "empty"})
    assert (answer.status_code, problem(answer)) == (403, "not-permitted")
    assert await city.facts("report.returned") == []


async def test_the_office_head_returns_as_empty_and_the_submission_no_longer_counts(city: City) -> None:
    await city.submit("futian")
    returned = await city.send_back("futian", who="office-head", kind="empty")
    assert (returned["state"], returned["first_submitted_at"], returned["on_time"]) == ("returned", None, None)
    await city.move_to("2024-04-10")
    again = await city.submit("futian", OTHER, if_match='"1"')
    assert (again["on_time"], again["first_submitted_at"]) == (False, "2024-04-10T09:00:00+08:00")


async def test_a_return_says_by_when_to_resubmit(either: City) -> None:
    await either.move_to("2024-04-08")
    await either.submit("futian")
    answer = await either.ask("office", "POST", f"{report('futian')}/return", json=REASON)
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"1"')
    body = answer.json()
    assert (body["state"], body["returns"], body["return_reason"]) == ("returned", 1, "请补充数据")
    assert (body["resubmit_due"], body["reviewed_by"]) == ("2024-04-11", "office")
    [event] = await either.facts("report.returned")
    assert (event["kind"], event["resubmit_due"], event["by"]) == ("correct", "2024-04-11", "office")


@pytest.mark.parametrize(
    ("returned_on", "resubmit_due"),
    [
        ("2024-03-28", "2024-04-08"),  # three working days would end on 2 April: the due day stands
        ("2024-04-03", "2024-04-09"),  # the Qingming holiday lies between, and a working Sunday
        ("2024-04-26", "2024-04-30"),  # another working Sunday, before the May holiday
    ],
)
async def test_resubmission_is_due_three_working_days_later_but_never_before_the_report(
    started: City, returned_on: str, resubmit_due: str
) -> None:
    await started.move_to(returned_on)
    await started.submit("futian")
    assert (await started.send_back("futian"))["resubmit_due"] == resubmit_due


async def test_a_plan_may_give_more_days_to_resubmit(town: City) -> None:
    await town.draft(plan_file(clocks={"resubmit": 5}))
    await town.publish()
    await town.move_to("2024-04-08")
    await town.submit("futian")
    assert (await town.send_back("futian"))["resubmit_due"] == "2024-04-15"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/reason"),
        ({"reason": ""}, "/reason"),
        ({"reason": " \t\n　"}, "/reason"),
        ({"reason": None}, "/reason"),
        ({"reason": "a\0b"}, "/reason"),
        ({"reason": "x" * 20_001}, "/reason"),
        ({**REASON, "kind": "bad"}, "/kind"),
        ({**REASON, "reasons": "a"}, "/reasons"),
    ],
)
async def test_a_return_needs_a_reason(city: City, body: dict[str, Any], pointer: str) -> None:
    await city.submit("futian")
    answer = await city.ask("office", "POST", f"{report('futian')}/return", json=body)
    assert (answer.status_code, problem(answer), pointers(answer)) == (422, "invalid-input", [pointer])
    assert (await city.get("futian", report("futian")))["state"] == "submitted"


@pytest.mark.parametrize("body", [None, {}, {"comment": "同意"}])
async def test_acceptance_needs_no_words(either: City, body: dict[str, Any] | None) -> None:
    await either.move_to("2024-04-08")
    await either.submit("futian")
    answer = await either.ask("office", "POST", f"{report('futian')}/accept", json=body)
    assert (answer.status_code, answer.headers["ETag"], answer.json()["state"]) == (200, '"1"', "accepted")
    [event] = await either.facts("report.accepted")
    assert (event["comment"], event["first_pass"]) == ((body or {}).get("comment", ""), True)


@pytest.mark.parametrize("body", [{"comment": "a\0b"}, {"note": "a"}, {"comment": 1}, []])
async def test_acceptance_with_a_wrong_body_is_refused(city: City, body: object) -> None:
    await city.submit("futian")
    answer = await city.ask("office", "POST", f"{report('futian')}/accept", json=body)
    assert (answer.status_code, problem(answer)) == (422, "invalid-input")


@pytest.mark.parametrize(("verb", "body"), REVIEWS)
async def test_a_review_of_a_version_that_was_replaced_is_refused(city: City, verb: str, body: dict[str, Any]) -> None:
    await city.submit("futian")
    await city.submit("futian", OTHER, if_match='"1"')
    address = f"{report('futian')}/{verb}"
    stale = await city.ask("office", "POST", address, json=body, headers={"If-Match": '"1"'})
    assert (stale.status_code, problem(stale)) == (412, "stale-version")
    fresh = await city.ask("office", "POST", address, json=body, headers={"If-Match": '"2"'})
    assert (fresh.status_code, fresh.headers["ETag"]) == (200, '"2"')


@pytest.mark.parametrize(("verb", "body"), REVIEWS)
async def test_there_is_nothing_to_review_before_a_submission_and_after_a_review(
    city: City, verb: str, body: dict[str, Any]
) -> None:
    address = f"{report('futian')}/{verb}"
    assert problem(await city.ask("office", "POST", address, json=body)) == "nothing-to-review"
    await city.submit("futian")
    assert (await city.ask("office", "POST", address, json=body)).status_code == 200
    again = await city.ask("office", "POST", address, json=body)
    assert (again.status_code, problem(again)) == (409, "nothing-to-review")


@pytest.mark.parametrize(("verb", "body"), REVIEWS)
async def test_the_same_idempotency_key_has_one_effect(city: City, verb: str, body: dict[str, Any]) -> None:
    await city.submit("futian")
    address, key = f"{report('futian')}/{verb}", {"Idempotency-Key": "k1"}
    first = await city.ask("office", "POST", address, json=body, headers=key)
    again = await city.ask("office", "POST", address, json=body, headers=key)
    assert (again.status_code, again.content, again.headers["ETag"]) == (200, first.content, '"1"')
    other = await city.ask("office", "POST", address, json={**body, "comment": "x"}, headers=key)
    assert other.status_code == 422


async def test_the_office_does_not_review_its_own_units_report_while_another_unit_can(city: City) -> None:
    await city.submit("commerce")
    answer = await city.ask("host", "POST", f"{report('commerce')}/accept")
    assert (answer.status_code, problem(answer)) == (403, "reviewer-of-same-unit")
    assert "office" in answer.json()["detail"]


async def without(city: City, *usernames: str) -> None:
    await city.hear(city.people.account(username, active=False) for username in usernames)


async def test_where_only_its_own_unit_can_review_a_second_person_may_and_it_shows(city: City) -> None:
    await without(city, "office", "office-head")
    await city.submit("commerce")
    await city.accept("commerce", who="host")
    [event] = await city.facts("report.accepted")
    assert event["same_unit_review"] is True


async def test_a_reviewer_of_another_plan_is_no_reviewer_of_this_one(city: City) -> None:
    """elsewhere is of the office, but for another plan."""
    await without(city, "office", "office-head")
    await city.submit("commerce")
    assert (await city.ask("host", "POST", f"{report('commerce')}/accept")).status_code == 200


async def test_the_author_never_reviews_even_where_nobody_else_exists(city: City) -> None:
    await without(city, "office", "office-head")
    await city.submit("host", unit="commerce")
    for verb, body in REVIEWS:
        answer = await city.ask("host", "POST", f"{report('commerce')}/{verb}", json=body)
        assert (answer.status_code, problem(answer)) == (403, "reviewer-is-author")


async def test_a_reviewer_whose_roles_were_taken_away_reviews_no_more(city: City) -> None:
    await city.submit("futian")
    await city.hear([city.people.account("office", roles=[Role.LEADER])])
    assert (await city.ask("office", "POST", f"{report('futian')}/accept")).status_code == 403


async def test_a_report_returned_twice_has_one_deadline_to_resubmit(city: City) -> None:
    await city.submit("futian")
    await city.send_back("futian")
    await city.submit("futian", OTHER, if_match='"1"')
    assert (await city.send_back("futian"))["resubmit_due"] == "2024-04-11"
    armed = [row for row in await city.deadlines(kind="resubmit") if row["next_at"]]
    assert [row["next_rung"] for row in armed] == [-1]
    fired = await city.fire("2024-04-12")
    assert [rung["rung"] for rung in fired if rung["deadline"] == "resubmit"] == [-1, 0, 1]


async def test_two_reviews_at_once_have_one_effect(either: City) -> None:
    await either.move_to("2024-04-08")
    await either.submit("futian")
    address = report("futian")
    answers = await asyncio.gather(
        either.ask("office", "POST", f"{address}/accept"),
        either.ask("office-head", "POST", f"{address}/return", json=REASON),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    facts = await either.facts("report.accepted") + await either.facts("report.returned")
    assert len(facts) == 1


async def test_a_rehearsed_return_changes_nothing(city: City) -> None:
    await city.submit("futian")
    answer = await city.ask("office", "POST", f"{report('futian')}/return?dry_run=true", json=REASON)
    assert (answer.status_code, answer.json()["state"]) == (200, "returned")
    assert (await city.get("office", report("futian", period=Q1)))["state"] == "submitted"
    assert CONTENT["done"] in (await city.get("futian", report("futian")))["content"]["done"]
