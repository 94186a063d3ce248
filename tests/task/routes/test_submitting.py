"""PUT R: who may, the retry rules of API.md one by one, and what a body may not say."""

import asyncio
from typing import Any

import pytest

from services.task.commands.assignments import acknowledge_assignment
from services.task.queries.assignments import AssignmentKey
from shared.testing.locks import until_another_waits
from tests.task.city import CONTENT, OTHER, City, pointers, problem, report
from tests.task.facts import PLAN, Q1, Q2, actor


@pytest.mark.parametrize(
    ("who", "status"),
    [
        (None, 401),
        ("admin", 404),
        ("luohu", 404),
        ("education", 404),
        ("feed-robot", 404),
        ("elsewhere", 404),
        ("office", 403),
        ("office-head", 403),
        ("leader", 403),
        ("auditor", 403),
        ("coordinator", 403),
    ],
)
async def test_nobody_but_the_unit_submits_its_report(city: City, who: str | None, status: int) -> None:
    answer = await city.ask(who, "PUT", report("futian"), json=CONTENT)
    assert answer.status_code == status
    assert problem(answer)
    assert await city.facts("report.submitted") == []


@pytest.mark.parametrize("who", ["futian", "futian-head", "futian-robot"])
async def test_liaison_head_and_machine_of_the_unit_submit(city: City, who: str) -> None:
    answer = await city.put_report(who, unit="futian")
    assert answer.status_code == 201
    assert answer.json()["submitted_by"] == who


async def test_what_a_unit_submits_is_answered_with_its_dates(either: City) -> None:
    await either.move_to("2024-04-08T17:30")
    answer = await either.put_report("futian")
    assert (answer.status_code, answer.headers["ETag"]) == (201, '"1"')
    body = answer.json()
    assert body["state"] == "submitted"
    assert (body["plan"], body["measure"], body["unit"], body["unit_name"]) == (PLAN, "1", "futian", "福田区")
    assert (body["opens"], body["due"], body["locks"]) == ("2024-03-27", "2024-04-08", "2024-04-28")
    assert (body["submitted_at"], body["on_time"]) == ("2024-04-08T17:30:00+08:00", True)
    assert body["content"]["done"] == CONTENT["done"]


async def test_before_the_first_submission_the_report_is_version_0(city: City) -> None:
    answer = await city.ask("futian", "GET", report("futian"))
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"0"')
    assert (answer.json()["version"], answer.json()["state"], answer.json()["content"]) == (0, "open", None)


async def test_if_match_0_is_the_version_before_the_first(city: City) -> None:
    assert (await city.put_report("futian", if_match='"0"')).status_code == 201


async def test_the_same_body_again_is_the_answer_that_was_lost(either: City) -> None:
    await either.move_to("2024-04-08")
    first = await either.put_report("futian")
    again = await either.put_report("futian")
    assert (again.status_code, again.headers["ETag"]) == (200, '"1"')
    assert again.json() == first.json()
    assert len(await either.facts("report.submitted")) == 1


async def test_the_same_body_again_needs_no_and_heeds_no_if_match(city: City) -> None:
    await city.submit("futian")
    assert (await city.put_report("futian", if_match='"7"')).status_code == 200


async def test_the_same_body_after_acceptance_is_still_answered(city: City) -> None:
    await city.submit("futian")
    await city.accept("futian")
    again = await city.put_report("futian")
    assert (again.status_code, again.json()["state"], again.headers["ETag"]) == (200, "accepted", '"1"')


@pytest.mark.parametrize(
    ("if_match", "status", "code"),
    [(None, 428, "if-match-required"), ('"0"', 412, "stale-version"), ('"2"', 412, "stale-version")],
)
async def test_another_body_without_the_present_version_is_refused(
    either: City, if_match: str | None, status: int, code: str
) -> None:
    await either.move_to("2024-04-08")
    await either.submit("futian")
    answer = await either.put_report("futian", OTHER, if_match=if_match)
    assert (answer.status_code, problem(answer)) == (status, code)
    assert '"1"' in answer.json()["detail"]
    assert len(await either.facts("report.submitted")) == 1


async def test_another_body_on_the_present_version_makes_the_next(either: City) -> None:
    await either.move_to("2024-04-08")
    await either.submit("futian")
    answer = await either.put_report("futian", OTHER, if_match='"1"')
    assert (answer.status_code, answer.headers["ETag"], answer.json()["version"]) == (200, '"2"', 2)
    assert answer.json()["content"]["done"] == OTHER["done"]


async def test_the_body_before_the_last_is_another_body(city: City) -> None:
    await city.submit("futian")
    await city.submit("futian", OTHER, if_match='"1"')
    assert (await city.put_report("futian")).status_code == 428


@pytest.mark.parametrize("if_match", [None, '"0"', '"1"'])
async def test_another_body_after_acceptance_is_refused_whatever_was_seen(city: City, if_match: str | None) -> None:
    await city.submit("futian")
    await city.accept("futian")
    answer = await city.put_report("futian", OTHER, if_match=if_match)
    assert (answer.status_code, problem(answer)) == (409, "report-already-accepted")


async def test_after_a_return_the_same_body_needs_if_match_and_is_a_new_version(either: City) -> None:
    await either.move_to("2024-04-08")
    await either.submit("futian")
    await either.send_back("futian")
    assert (await either.put_report("futian")).status_code == 428
    assert (await either.put_report("futian", if_match='"0"')).status_code == 412
    answer = await either.put_report("futian", if_match='"1"')
    assert (answer.status_code, answer.headers["ETag"], answer.json()["state"]) == (200, '"2"', "submitted")


async def test_submitting_implies_acknowledgement_once(either: City) -> None:
    await either.move_to("2024-04-08")
    await either.submit("futian")
    await either.submit("futian", OTHER, if_match='"1"')
    [event] = await either.facts("assignment.acknowledged")
    assert (event["by_report"], event["by"], event["measure"], event["on_time"]) == (True, "futian", "1", False)


async def test_a_receipt_that_came_in_meanwhile_does_not_stop_the_report(either: City) -> None:
    await either.move_to("2024-04-08")
    async with either.service.write() as work:
        await acknowledge_assignment(work, actor("futian-head"), AssignmentKey(PLAN, "1", "futian"))
        report = asyncio.create_task(either.put_report("futian"))
        await until_another_waits(work.connection)
    assert (await report).status_code == 201
    assert [event["by"] for event in await either.facts("assignment.acknowledged")] == ["futian-head"]


async def test_an_acknowledged_assignment_stays_as_it_is(city: City) -> None:
    await city.ask("futian", "POST", "plans/harbour/measures/1/units/futian/acknowledge")
    await city.submit("futian")
    assert [event["by_report"] for event in await city.facts("assignment.acknowledged")] == [False]


async def test_a_report_after_the_due_day_is_late(city: City) -> None:
    await city.move_to("2024-04-09T00:00")
    assert (await city.submit("futian"))["on_time"] is False


async def test_a_resubmission_after_its_day_says_so(city: City) -> None:
    await city.submit("futian")
    await city.send_back("futian")
    await city.move_to("2024-04-12")
    await city.submit("futian", OTHER, if_match='"1"')
    assert [event["resubmission_late"] for event in await city.facts("report.submitted")] == [None, True]


async def test_a_report_returned_shortly_before_the_lock_can_be_resubmitted_by_its_day(city: City) -> None:
    await city.move_to("2024-04-26")
    await city.submit("futian")
    resubmit_due = (await city.send_back("futian"))["resubmit_due"]
    assert resubmit_due > "2024-04-28"
    await city.move_to(resubmit_due)
    assert (await city.put_report("futian", OTHER, if_match='"1"')).status_code == 200


@pytest.mark.parametrize(
    ("period", "status", "code"),
    [
        (Q2, 409, "period-not-open"),
        ("2023-Q3", 404, "report-not-found"),
        ("2025-Q1", 404, "report-not-found"),
        ("2024-04", 404, "report-not-found"),
        ("2024-W53", 404, "report-not-found"),
        ("2024-Q5", 422, "invalid-input"),
        ("2024-13", 422, "invalid-input"),
        ("24-Q1", 422, "invalid-input"),
        ("2024-q1", 422, "invalid-input"),
        ("2024-Q1 ", 422, "invalid-input"),
    ],
)
async def test_a_period_that_takes_no_report_says_why(city: City, period: str, status: int, code: str) -> None:
    answer = await city.put_report("futian", period=period)
    assert (answer.status_code, problem(answer)) == (status, code)


async def test_a_locked_period_is_closed(city: City) -> None:
    await city.move_to("2024-04-29")
    answer = await city.put_report("futian")
    assert (answer.status_code, problem(answer)) == (409, "period-locked")


@pytest.mark.parametrize(
    ("measure", "status"), [("2", 404), ("99", 404), ("x", 422), ("1.", 422), ("1111", 422), ("１", 422)]
)
async def test_a_measure_that_is_not_the_units_is_not_there(city: City, measure: str, status: int) -> None:
    assert (await city.put_report("futian", measure=measure)).status_code == status


async def test_another_plan_is_not_there(city: City) -> None:
    answer = await city.ask("futian", "PUT", report("futian", plan="another"), json=CONTENT)
    assert (answer.status_code, problem(answer)) == (404, "report-not-found")


def with_(**changed: Any) -> dict[str, Any]:
    return {**CONTENT, **changed}


def reading(**said: Any) -> dict[str, Any]:
    return with_(readings=[{"indicator": "exports", **said}])


def evidence(**said: Any) -> dict[str, Any]:
    return with_(evidence=[said])


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"done": "a"}, "/self_assessment"),
        ({"self_assessment": "on_track"}, "/done"),
        (with_(self_assessment="fine"), "/self_assessment"),
        (with_(done=" \n"), "/done"),
        (with_(done=1), "/done"),
        (with_(done="x" * 20_001), "/done"),
        (with_(problems=None), "/problems"),
        (with_(problem="a"), "/problem"),
        (with_(done="a\0b"), "/done"),
        (with_(next_steps="a\0b"), "/next_steps"),
        (reading(value="1", note="a\0b"), "/readings/0/note"),
        (reading(value="1", unit="亿\0元"), "/readings/0/unit"),
        (evidence(kind="entity", name="a\0b"), "/evidence/0/name"),
        (reading(value="12,5"), "/readings/0/value"),
        (reading(value="NaN"), "/readings/0/value"),
        (reading(value="Infinity"), "/readings/0/value"),
        (reading(value="1e999999999"), "/readings/0/value"),
        (reading(value="1e-999999999"), "/readings/0/value"),
        (reading(value="9" * 60), "/readings/0/value"),
        (reading(value=[1]), "/readings/0/value"),
        (reading(value="1", is_final=True), "/readings/0/is_final"),
        (with_(readings={}), "/readings"),
        (with_(readings=[{"indicator": "exports", "value": 1}] * 101), "/readings"),
        (evidence(kind="photo"), "/evidence/0/kind"),
        (evidence(kind="link", url="javascript:alert(1)"), "/evidence/0/url"),
        (evidence(kind="link"), "/evidence/0/url"),
        (evidence(kind="file"), "/evidence/0/file"),
        (evidence(kind="entity", credit_code="91440300MA5DA1234A"), "/evidence/0/name"),
        (evidence(kind="entity", name="示例企业A", credit_code="1"), "/evidence/0/credit_code"),
    ],
)
async def test_a_wrong_field_is_pointed_at(city: City, body: dict[str, Any], pointer: str) -> None:
    answer = await city.put_report("futian", body)
    assert (answer.status_code, problem(answer)) == (422, "invalid-input")
    assert pointers(answer) == [pointer]


@pytest.mark.parametrize(
    ("said", "field", "sentence"),
    [
        ({"indicator": "imports", "value": "1"}, "indicator", "没有指标 imports"),
        ({"value": "1", "unit": "万元"}, "unit", "亿元"),
        ({"value": None}, "note", "说明原因"),
        ({"value": None, "note": "  "}, "note", "说明原因"),
        ({}, "note", "说明原因"),
    ],
)
async def test_a_reading_that_cannot_be_taken_says_what_to_do(
    city: City, said: dict[str, Any], field: str, sentence: str
) -> None:
    answer = await city.put_report("futian", reading(**said))
    assert (answer.status_code, pointers(answer)) == (422, [f"/readings/0/{field}"])
    assert sentence in answer.json()["errors"][0]["detail"]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (with_(done="a\0b"), "含有不可存储的字符"),
        (evidence(kind="link"), "url"),
        (reading(value="1e999999999"), "位"),
    ],
)
async def test_rules_of_ours_are_told_in_chinese_and_english(city: City, body: dict[str, Any], sentence: str) -> None:
    zh = (await city.put_report("futian", body)).json()["errors"][0]["detail"]
    headers = {"Accept-Language": "en"}
    answer = await city.ask("futian", "PUT", report("futian"), json=body, headers=headers)
    en = answer.json()["errors"][0]["detail"]
    assert sentence in zh
    assert en.isascii()
    assert not zh.isascii()


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("12.50", "12.50"),
        (12.5, "12.5"),
        (12, "12"),
        ("-0.000001", "-0.000001"),
        (0.1 + 0.2, "0.30000000000000004"),
        ("1e3", "1000"),
        ("123456789012345678.123456", "123456789012345678.123456"),
    ],
)
async def test_a_value_is_kept_with_every_digit_and_never_rounded(city: City, value: object, stored: str) -> None:
    await city.submit("futian", reading(value=value, unit="亿元"))
    kept = (await city.get("futian", report("futian")))["content"]["readings"]
    assert kept == [{"indicator": "exports", "value": stored, "unit": "亿元", "note": ""}]
    [event] = await city.facts("report.submitted")
    assert event["readings"] == kept


async def test_a_missing_value_with_a_note_is_taken(city: City) -> None:
    submitted = await city.submit("futian", reading(value=None, note="统计局月底公布"))
    assert submitted["content"]["readings"][0]["value"] is None


async def test_every_form_of_evidence_is_kept(city: City) -> None:
    proofs = [
        {"kind": "link", "url": "https://example.org/news"},
        {"kind": "file", "file": "0192"},
        {"kind": "entity", "name": "示例企业A", "credit_code": "91440300MA5DA1234A"},
    ]
    submitted = await city.submit("futian", with_(evidence=proofs))
    assert [item["kind"] for item in submitted["content"]["evidence"]] == ["link", "file", "entity"]


async def test_a_rehearsal_answers_and_stores_nothing(city: City) -> None:
    answer = await city.ask("futian", "PUT", f"{report('futian')}?dry_run=true", json=CONTENT)
    assert (answer.status_code, answer.json()["version"]) == (201, 1)
    assert (await city.get("futian", report("futian")))["version"] == 0


async def test_every_version_is_kept(city: City) -> None:
    await city.submit("futian")
    await city.submit("futian", OTHER, if_match='"1"')
    versions = await city.get("futian", f"{report('futian')}/versions")
    assert [(version["version"], version["content"]["done"]) for version in versions] == [
        (1, CONTENT["done"]),
        (2, OTHER["done"]),
    ]


async def test_the_event_says_what_was_submitted_and_by_whom(city: City) -> None:
    await city.submit("futian")
    [event] = await city.facts("report.submitted")
    expected = {"plan": PLAN, "measure": "1", "unit": "futian", "period": Q1, "revision": 1, "by": "futian"}
    assert expected.items() <= event.items()
    assert (event["on_time"], event["done"], event["due"]) == (True, CONTENT["done"], "2024-04-08")
