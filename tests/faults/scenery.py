"""What a system needs before people can work on it: units, accounts, a small plan in force, and an open period."""

from datetime import datetime
from typing import Any

import httpx
import yaml

from services.duban.client import Client, Refused
from services.duban.demo.clockwork import advance, now, settle
from services.duban.demo.load import EXAMPLE
from shared.testing.process import wait_until
from tests.faults.load import MEASURES, PERIOD, PLAN, UNITS, People
from tests.faults.systems import ADMIN_PASSWORD, System

PERIOD_IS_OPEN = datetime.fromisoformat("2024-01-02T09:00:00+08:00")
OTHERS = (("office", "office", "lg-office"), ("office-head", "office_head", "lg-office"))


def prepare(system: System, http: httpx.Client) -> People:
    """Everything up to the first working day after the period, through the API that everybody uses."""
    admin = admin_of(system, http)
    wait_until(lambda: _knows(admin), "some service has not heard of the admin")
    admin.call("PUT", "/api/directory/v1/units", json=yaml.safe_load((EXAMPLE / "units.yaml").read_text()))
    people = People(system.url, http, {"admin": ADMIN_PASSWORD})
    for username, role, unit in (*OTHERS, *((unit, "liaison", unit) for unit in UNITS)):
        wanted = {"username": username, "roles": [role], "unit": unit}
        people.add(username, admin.call("POST", "/api/directory/v1/accounts", json=wanted)["password"])
    settle(admin)
    put_plan(people, PLAN)
    publish(people, PLAN)
    advance(admin, PERIOD_IS_OPEN)
    return people


def admin_of(system: System, http: httpx.Client) -> Client:
    client = Client(system.url, http=http)
    client.sign_in("admin", ADMIN_PASSWORD)
    return client


def put_plan(people: People, key: str) -> None:
    people.call("office", "PUT", f"/api/task/v1/plans/{key}", json=plan_file(key))


def publish(people: People, key: str) -> Any:
    body = {"first_period": PERIOD, "sample": True}
    return people.call("office-head", "POST", f"/api/task/v1/plans/{key}/publish", json=body)


def put_shortened_plan(people: People, key: str) -> None:
    """The draft of an amendment that ends the last measure and gives the first to one unit less."""
    file = plan_file(key)
    measures = file["areas"][0]["measures"][:-1]
    measures[0] = {**measures[0], "units": measures[0]["units"][1:]}
    file["areas"][0]["measures"] = measures
    people.call("office", "PUT", f"/api/task/v1/plans/{key}", json=file)


def amend(people: People, key: str) -> Any:
    """From a day on which it counts, wherever the clock stands."""
    body = {"effective_from": "2024-12-31", "reason": "任务调整"}
    return people.call("office-head", "POST", f"/api/task/v1/plans/{key}/amend", json=body)


def states_of_assignments(people: People, key: str) -> set[str]:
    found = people.call("office", "GET", f"/api/task/v1/plans/{key}/assignments")["items"]
    return {assignment["state"] for assignment in found}


def plan_file(key: str) -> dict[str, Any]:
    units = [{"unit": unit, "role": "lead"} for unit in UNITS]
    measures = [{"key": n, "title": f"措施{n}", "strength": "binding", "units": units} for n in MEASURES]
    return {
        "key": key,
        "title": "故障演练方案",
        "issuer": "深圳市商务局",
        "starts": "2023-01-01",
        "ends": "2024-12-31",
        "zone": "Asia/Shanghai",
        "office": "lg-office",
        "group": "lg",
        "reporting": {"cycle": "quarterly", "due": {"working_days_after_period_end": 5}},
        "areas": [{"number": "一", "title": "演练", "measures": measures}],
    }


def _knows(account: Client) -> bool:
    """Whether every service has heard of the account; each learns of accounts from events."""
    try:
        now(account)
    except Refused as refused:
        if refused.status == httpx.codes.UNAUTHORIZED:
            return False
        raise
    return True
