"""Who gets through to which route: the table of DESIGN.md section 9 as the services are expected to keep it.

Everybody is in one of three groups for each route: let through, told that they may not (403), or told that there is no
such thing (404). Whoever is not named is told the latter; without a token everybody is refused (401).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.task.city import CONTENT
from tests.task.facts import PEOPLE, PLAN, Q1, Q4, instant

People = frozenset[str]
EVERYBODY: People = frozenset(PEOPLE) - {"host", "customs", "commerce"}
"""One person for each role and ownership."""
ADMIN: People = frozenset({"admin"})
HEAD: People = frozenset({"office-head"})
OFFICE: People = HEAD | {"office"}
READERS: People = OFFICE | {"leader", "auditor"}
FUTIAN: People = frozenset({"futian", "futian-head", "futian-robot"})
OF_FUTIAN: People = FUTIAN | {"coordinator"}
PARTAKERS: People = OF_FUTIAN | {"luohu", "nanshan"}
OF_NANSHAN: People = frozenset({"nanshan"})
NOBODY: People = frozenset()
OFFICE_ANYWHERE: People = OFFICE | {"elsewhere"}
"""elsewhere has the office's role for another plan."""

ID = "0192aaaa-aaaa-7aaa-8aaa-aaaaaaaaaaaa"
USUAL = {
    "plan": PLAN,
    "measure": "4",
    "unit": "futian",
    "period": Q1,
    "group": "districts",
    "indicator": "exports",
    "name": "luohu",
    "account": "futian",
    "id": ID,
    "draft": ID,
    "consumer": "nobody.listens",
    "subject": "unit/0192",
}
"""What stands in an address where a row says nothing else. Measure 4 is Futian's alone and nothing was sent for it."""


@dataclass(frozen=True)
class Right:
    """`status` is the answer to those who are let through, with `body`."""

    through: People
    refused: People = NOBODY
    status: int = 200
    body: Any = None
    where: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)

    def expected(self, who: str) -> int:
        if who in self.through:
            return self.status
        return 403 if who in self.refused else 404

    def address(self, route: str) -> str:
        return route.format(**USUAL | self.where)


def only(people: People, **more: Any) -> Right:
    """Everybody else knows of it and is refused."""
    return Right(people, EVERYBODY - people, **more)


RETURN = {"reason": "请补充数据"}
UNIT_BODY = {"name": "福田区", "kind": "district", "relation": "subordinate"}
WHICH = {"consumer": "nobody.listens", "subject": "unit/0192"}
A = "/plans/{plan}/measures/{measure}/units/{unit}"
R = A + "/reports/{period}"

OPERATORS: dict[str, Right] = {
    "GET /parked": only(ADMIN),
    "GET /parked/{consumer}/{subject}": only(ADMIN, status=404),
    "POST /parked/retry": only(ADMIN, status=404, body=WHICH),
    "POST /parked/skip": only(ADMIN, status=404, body={**WHICH, "version": 1, "reason": "坏数据"}),
    "GET /relay": only(ADMIN),
    "GET /lag": only(ADMIN),
    "GET /audit/verify": only(ADMIN | {"auditor"}),
    "GET /clock": only(ADMIN),
    "POST /clock": only(ADMIN, body={"to": instant("2024-04-09").isoformat()}),
}
DIRECTORY: dict[str, Right] = {
    "GET /me": Right(EVERYBODY),
    "GET /units": Right(EVERYBODY),
    "PUT /units": only(ADMIN, body={"units": [{"key": "futian", **UNIT_BODY}]}),
    "GET /units/{unit}": Right(EVERYBODY),
    "PUT /units/{unit}": only(ADMIN, body=UNIT_BODY),
    "GET /unit-groups": Right(EVERYBODY),
    "GET /unit-groups/{group}": Right(EVERYBODY),
    "PUT /unit-groups/{group}": only(ADMIN, body={"name": "各区", "members": ["futian", "luohu", "nanshan"]}),
    "GET /accounts": only(ADMIN),
    "POST /accounts": only(ADMIN, status=201, body={"username": "newcomer", "roles": ["leader"]}),
    "GET /accounts/{name}": only(ADMIN),
    "PUT /accounts/{name}/duties": only(ADMIN, body={"roles": ["liaison"], "unit": "luohu"}),
    "POST /accounts/{name}/disable": only(ADMIN),
    "POST /accounts/{name}/enable": only(ADMIN),
    "POST /accounts/{name}/reset-password": only(ADMIN, body={}),
    "GET /clients": only(ADMIN),
    "POST /clients": only(ADMIN, status=201, body={"client_id": "robot-2"}),
    "POST /clients/{name}/renew-secret": only(ADMIN, status=404),
    "POST /clients/{name}/disable": only(ADMIN, status=404),
    "POST /clients/{name}/enable": only(ADMIN, status=404),
}
TASK: dict[str, Right] = {
    "GET /todo": Right(EVERYBODY),
    "GET /plans": Right(EVERYBODY),
    "GET /events": only(HEAD | {"auditor", "feed-robot"}),
    "PUT /plans/{plan}": Right(OFFICE, EVERYBODY - OFFICE_ANYWHERE),  # its body is the story's plan
    "GET /plans/{plan}": Right(READERS | PARTAKERS),
    "GET /plans/{plan}/file": Right(READERS, EVERYBODY - OFFICE_ANYWHERE),
    "GET /plans/{plan}/preview": Right(OFFICE, EVERYBODY - OFFICE_ANYWHERE),
    "POST /plans/{plan}/publish": only(HEAD, status=409, body={"first_period": Q4}),
    "POST /plans/{plan}/amend": only(HEAD, status=409, body={"effective_from": "2024-12-31", "reason": "任务调整"}),
    "GET /plans/{plan}/amendments": Right(READERS, EVERYBODY - OFFICE_ANYWHERE),
    "GET /plans/{plan}/measures": Right(READERS | PARTAKERS),
    "GET /plans/{plan}/measures/{measure}": Right(READERS | OF_FUTIAN),
    "GET /plans/{plan}/deadlines": Right(READERS | PARTAKERS),
    "GET /plans/{plan}/history": Right(READERS, EVERYBODY - OFFICE_ANYWHERE),
    "GET /plans/{plan}/assignments": Right(READERS | PARTAKERS),
    "GET /plans/{plan}/obligations": Right(READERS | PARTAKERS),
    f"GET {A}": Right(READERS | OF_FUTIAN),
    f"GET {A}/history": Right(READERS | OF_FUTIAN),
    f"POST {A}/acknowledge": Right(FUTIAN, READERS | {"coordinator"}),
    f"PUT {R}": Right(FUTIAN, READERS | {"coordinator"}, status=201, body=CONTENT),
    f"GET {R}": Right(READERS | OF_FUTIAN),
    f"GET {R}/versions": Right(READERS | OF_FUTIAN),
    f"GET {R}/history": Right(READERS | OF_FUTIAN),
    f"POST {R}/return": Right(OFFICE, (READERS | OF_FUTIAN) - OFFICE, status=409, body=RETURN),
    f"POST {R}/accept": Right(OFFICE, (READERS | OF_FUTIAN) - OFFICE, status=409, body={}),
}
IMPORT: dict[str, Right] = {
    "POST /plan-drafts": only(OFFICE_ANYWHERE, status=422),  # without a document
    "GET /plan-drafts": only(OFFICE_ANYWHERE),
    "GET /plan-drafts/{draft}": only(OFFICE_ANYWHERE, status=404),
    "GET /plan-drafts/{draft}/html": only(OFFICE_ANYWHERE, status=404),
    "PATCH /plan-drafts/{draft}": only(
        OFFICE_ANYWHERE, status=404, body={"operations": [{"op": "confirm", "item": "title"}]}
    ),
    "POST /plan-drafts/{draft}/confirm": only(OFFICE_ANYWHERE, status=404, body={"all": True}),
    "GET /plan-drafts/{draft}/difference": only(OFFICE_ANYWHERE, status=404, query={"plan": PLAN}),
    "POST /plan-drafts/{draft}/revert": only(OFFICE_ANYWHERE, status=404),
}
NOTIFICATION: dict[str, Right] = {
    "GET /inbox": Right(EVERYBODY),
    "POST /inbox/{id}/read": Right(NOBODY),
    "GET /notices": only(EVERYBODY - {"coordinator", "futian-robot", "feed-robot"}),
    "GET /notices/{id}/deliveries": Right(NOBODY),
    "POST /deliveries/{id}/retry": only(OFFICE_ANYWHERE | ADMIN, status=404),
    "GET /contact-points": only(ADMIN),
    "GET /contact-points/{account}": Right(ADMIN | {"futian"}),
    "PUT /contact-points/{account}": Right(ADMIN | {"futian"}, body={"email": "futian@example.org"}),
    "GET /preferences": Right(EVERYBODY),
    "PUT /preferences": Right(EVERYBODY, body={"daily_email": False}),
}
REPORTING: dict[str, Right] = {
    "GET /overview": Right(EVERYBODY),
    "GET /plans": Right(EVERYBODY),
    "GET /rules": Right(EVERYBODY),
    "GET /plans/{plan}/board": Right(READERS | PARTAKERS),
    "GET /plans/{plan}/measures/{measure}": Right(READERS | OF_FUTIAN),
    "GET /plans/{plan}/units": Right(READERS | PARTAKERS),
    "GET /plans/{plan}/units/{unit}": Right(READERS | OF_FUTIAN),
    "GET /plans/{plan}/indicators": Right(READERS | PARTAKERS),
    "GET /plans/{plan}/indicators/{indicator}": Right(READERS | PARTAKERS),
    "GET /plans/{plan}/rates": Right(READERS | PARTAKERS),
    "GET /plans/{plan}/reports": Right(READERS | PARTAKERS),
    "GET /plans/{plan}/lights": Right(READERS | PARTAKERS),
    "POST /projections/{name}/rebuild": only(ADMIN, status=202, where={"name": "reporting.board"}),
    "GET /projections/{name}/rebuild": only(ADMIN, status=404, where={"name": "reporting.board"}),
}
RIGHTS: dict[str, dict[str, Right]] = {
    "directory": DIRECTORY | OPERATORS,
    "task": TASK | IMPORT | OPERATORS,
    "notification": NOTIFICATION | OPERATORS,
    "reporting": REPORTING | OPERATORS,
}
STREAMS = {"GET /inbox/stream"}
"""Answers without an end."""

NANSHAN = {"measure": "1", "unit": "nanshan"}
NANSHANS = {"self_assessment": "done", "done": "南山区全部完成"}
FOREIGN: dict[str, dict[str, Right]] = {
    "task": {
        f"GET {A}": Right(READERS | OF_NANSHAN, where=NANSHAN),
        f"GET {A}/history": Right(READERS | OF_NANSHAN, where=NANSHAN),
        f"POST {A}/acknowledge": Right(OF_NANSHAN, READERS, status=409, where=NANSHAN),
        f"PUT {R}": Right(OF_NANSHAN, READERS, status=201, body=NANSHANS, where=NANSHAN),
        f"GET {R}": Right(READERS | OF_NANSHAN, where=NANSHAN),
        f"GET {R}/versions": Right(READERS | OF_NANSHAN, where=NANSHAN),
        f"GET {R}/history": Right(READERS | OF_NANSHAN, where=NANSHAN),
        f"POST {R}/return": Right(OFFICE, (READERS | OF_NANSHAN) - OFFICE, status=409, body=RETURN, where=NANSHAN),
        f"POST {R}/accept": Right(OFFICE, (READERS | OF_NANSHAN) - OFFICE, status=409, body={}, where=NANSHAN),
    },
    "reporting": {"GET /plans/{plan}/units/{unit}": Right(READERS | OF_NANSHAN, where=NANSHAN)},
}
"""The same routes for Nanshan's things, which are foreign to everybody of Futian."""

STATES: dict[str, dict[str, int]] = {
    f"PUT {R}": {
        "scheduled": 409,
        "open": 201,
        "submitted": 409,  # Q4 was locked meanwhile
        "returned": 428,
        "accepted": 409,
        "locked": 409,
    },
    f"POST {R}/return": {
        "scheduled": 409,
        "open": 409,
        "submitted": 200,
        "returned": 409,
        "accepted": 409,
        "locked": 409,
    },
    f"POST {R}/accept": {
        "scheduled": 409,
        "open": 409,
        "submitted": 200,
        "returned": 409,
        "accepted": 409,
        "locked": 409,
    },
}
"""The answer to those who are let through to a report in each state, with a body that differs from what was sent."""


def rows(table: Mapping[str, Mapping[str, Right]]) -> list[tuple[str, str]]:
    """Service and route of every row."""
    return [(service, route) for service, rights in table.items() for route in rights]
