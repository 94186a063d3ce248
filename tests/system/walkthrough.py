"""The README's walk-through, played by HTTP alone against a freshly loaded demo, whatever backend is behind it."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx

Json = dict[str, Any]
PLAN, MEASURE, UNIT, PERIOD = "sz-cbec-2022", "17", "futian", "2024-Q1"
ASSIGNMENT = f"/api/task/v1/plans/{PLAN}/measures/{MEASURE}/units/{UNIT}"
REPORT = f"{ASSIGNMENT}/reports/{PERIOD}"
BOARD = f"/api/reporting/v1/plans/{PLAN}/board"
INBOX = "/api/notification/v1/inbox"
TODO = "/api/task/v1/todo"
# Returned on Monday 8 April 2024, three working days on.
RESUBMIT_DUE = "2024-04-11"
# The demo leaves its report on measure 17 unsent.
LATE_UNIT = "shenshan"
FIRST_ANSWER = {"self_assessment": "on_track", "done": "已完成两批专利质押登记。"}
FULLER_ANSWER = FIRST_ANSWER | {
    "done": "已完成两批专利质押登记，共十二家企业，授信三亿元。",
    "next_steps": "二季度再办两批。",
}


class Person:
    """Somebody signed in with a demo account."""

    def __init__(self, http: httpx.Client, base_url: str, account: Mapping[str, Any]) -> None:
        self._http = http
        self._base = base_url
        form = {"grant_type": "password", "username": account["username"], "password": account["password"]}
        answer = http.post(f"{base_url}/api/directory/v1/token", data=form)
        assert answer.status_code == 200, answer.text
        self._authorization = f"Bearer {answer.json()['access_token']}"

    def send(
        self, method: str, path: str, *, status: int, if_match: str | None = None, body: Json | str | None = None
    ) -> httpx.Response:
        headers = {"Authorization": self._authorization} | ({"If-Match": if_match} if if_match else {})
        answer = self._http.request(method, self._base + path, json=body, headers=headers)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer

    def see(self, path: str) -> Json:
        body: Json = self.send("GET", path, status=200).json()
        return body

    def see_all(self, path: str) -> list[Json]:
        items, page = [], self.see(path)
        items += page["items"]
        while page["next"]:
            page = self.see(f"{path}{'&' if '?' in path else '?'}cursor={page['next']}")
            items += page["items"]
        return items


class Office:
    """The demo's accounts, by name."""

    def __init__(self, http: httpx.Client, base_url: str, accounts: Sequence[Mapping[str, Any]]) -> None:
        self._http = http
        self._base = base_url
        self._accounts = {account["username"]: account for account in accounts}

    def sign_in(self, username: str) -> Person:
        return Person(self._http, self._base, self._accounts[username])


def walk_through(
    base_url: str, http: httpx.Client, accounts: Sequence[Mapping[str, Any]], advance_one_day: Callable[[], object]
) -> None:
    """Play it once; the demo has moved on afterwards. `advance_one_day` is `duban clock advance 1d` against `base_url`."""
    people = Office(http, base_url, accounts)
    liaison, office = people.sign_in(UNIT), people.sign_in("office")
    before = totals(office)
    acknowledge_what_is_owed(liaison)
    submit(liaison)
    return_with_a_reason(office)
    hear_of_the_return(liaison)
    resubmit(liaison)
    accept(office, liaison)
    see_the_board_move(office, before)
    head = people.sign_in(f"{LATE_UNIT}-head")
    known = {notice["id"] for notice in head.see_all(INBOX)}
    advance_one_day()
    see_the_missing_ones_late(office)
    hear_of_the_first_rung(head, known)


def acknowledge_what_is_owed(liaison: Person) -> None:
    owed = [item for item in liaison.see_all(TODO) if item["measure"] == MEASURE]
    assert {item["unit"] for item in owed} == {UNIT}
    assert PERIOD in {item["period"] for item in owed}
    assert liaison.see(ASSIGNMENT)["state"] == "issued"
    liaison.send("POST", f"{ASSIGNMENT}/acknowledge", status=200)
    liaison.send("POST", f"{ASSIGNMENT}/acknowledge", status=409)
    assert liaison.see(ASSIGNMENT)["state"] == "acknowledged"


def submit(liaison: Person) -> None:
    assert liaison.see(REPORT)["version"] == 0
    first = liaison.send("PUT", REPORT, status=201, body=FIRST_ANSWER)
    report = first.json()
    assert (report["state"], report["version"], report["due"], report["on_time"]) == (
        "submitted",
        1,
        "2024-04-08",
        True,
    )
    again = liaison.send("PUT", REPORT, status=200, body=FIRST_ANSWER)
    assert (again.json()["version"], again.headers["ETag"], first.headers["ETag"]) == (1, '"1"', '"1"')


def return_with_a_reason(office: Person) -> None:
    office.send("POST", f"{REPORT}/return", status=422, body={"reason": "  "})
    returned = office.send("POST", f"{REPORT}/return", status=200, body={"reason": "请补充企业数量和授信金额。"}).json()
    assert (returned["state"], returned["resubmit_due"]) == ("returned", RESUBMIT_DUE)


def hear_of_the_return(liaison: Person) -> None:
    owed = [item for item in liaison.see_all(TODO) if item["measure"] == MEASURE and item["period"] == PERIOD]
    assert [item["due"] for item in owed] == [RESUBMIT_DUE]
    eventually(
        lambda: any(RESUBMIT_DUE in str(notice) for notice in liaison.see_all(INBOX)), "the notice of the return"
    )


def resubmit(liaison: Person) -> None:
    liaison.send("PUT", REPORT, status=428, body=FULLER_ANSWER)
    liaison.send("PUT", REPORT, status=412, if_match='"7"', body=FULLER_ANSWER)
    report = liaison.send("PUT", REPORT, status=200, if_match='"1"', body=FULLER_ANSWER).json()
    assert (report["state"], report["version"], report["on_time"]) == ("submitted", 2, True)


def accept(office: Person, liaison: Person) -> None:
    assert office.send("POST", f"{REPORT}/accept", status=200, body={}).json()["state"] == "accepted"
    liaison.send("PUT", REPORT, status=409, if_match='"2"', body=FIRST_ANSWER)


def see_the_board_move(office: Person, before: Json) -> None:
    eventually(lambda: totals(office)["accepted"] == before["accepted"] + 1, "the accepted report on the board")
    after = totals(office)
    assert after["submitted"] == before["submitted"] + 1
    assert after["on_time"] == before["on_time"] + 1
    assert after["acknowledged"] == before["acknowledged"] + 1
    assert after["late"] == 0
    assert_figures_add_up(after)


def see_the_missing_ones_late(office: Person) -> None:
    eventually(lambda: totals(office)["late"] > 0, "the missing reports to be late")
    missing = office.see_all(f"/api/task/v1/plans/{PLAN}/obligations?period={PERIOD}&state=open")
    assert LATE_UNIT in {obligation["unit"] for obligation in missing}
    after = totals(office)
    assert_figures_add_up(after)
    assert after["late"] + after["requested_pending"] == len(missing)
    assert after["expected"] == after["submitted"] + after["late"] + after["requested_pending"]


def hear_of_the_first_rung(head: Person, known: set[str]) -> None:
    """One working day after the due date the head of a late unit hears of it."""

    def heard() -> bool:
        new = [notice for notice in head.see_all(INBOX) if notice["id"] not in known]
        return any(PERIOD in str(notice) for notice in new)

    eventually(heard, "the first rung's notice")


def assert_figures_add_up(figures: Json) -> None:
    assert figures["submitted"] == figures["accepted"] + figures["returned"] + figures["awaiting_review"]


def totals(person: Person) -> Json:
    figures: Json = person.see(f"{BOARD}?period={PERIOD}")["totals"]
    return figures


def eventually(holds: Callable[[], bool], what: str, within: float = 30.0) -> None:
    """Events travel; a condition on what a reader sees holds within seconds or not at all."""
    end = time.monotonic() + within
    while not holds():
        assert time.monotonic() < end, f"waited {within:.0f} s in vain for {what}"
        time.sleep(0.2)
