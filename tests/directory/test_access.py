"""Who may call what: the first test of every route."""

from collections.abc import AsyncIterator

import pytest

from tests.directory.conftest import PLAIN_ROLES, Directory

UNIT = {"name": "南山区", "kind": "district", "relation": "subordinate"}
FOR_ADMINS = [
    ("PUT", "/units", None),
    ("PUT", "/units/nanshan", UNIT),
    ("PUT", "/unit-groups/some", {"name": "某些区", "members": ["futian"]}),
    ("GET", "/accounts", None),
    ("POST", "/accounts", {"username": "x", "roles": ["leader"]}),
    ("GET", "/accounts/admin", None),
    ("PUT", "/accounts/admin/duties", {"roles": ["leader"]}),
    ("POST", "/accounts/admin/disable", None),
    ("POST", "/accounts/admin/enable", None),
    ("POST", "/accounts/admin/reset-password", {}),
    ("GET", "/clients", None),
    ("POST", "/clients", {"client_id": "x"}),
    ("POST", "/clients/x/renew-secret", None),
    ("POST", "/clients/x/disable", None),
    ("POST", "/clients/x/enable", None),
]
FOR_EVERY_ACCOUNT = ["/me", "/units", "/units/futian", "/unit-groups", "/unit-groups/districts"]
PUBLIC = ["/jwks.json", "/.well-known/openid-configuration", "/livez", "/readyz", "/metrics", "/docs", "/openapi.json"]
VALID_UNITS_FILE = b"units: [{key: x, name: X, kind: body, relation: requested}]"


@pytest.mark.parametrize(("method", "path", "body"), FOR_ADMINS)
async def test_only_an_admin_manages_the_directory(admin: Directory, method: str, path: str, body: object) -> None:
    sent = {"content": VALID_UNITS_FILE} if (method, path) == ("PUT", "/units") else {"json": body}
    for role in PLAIN_ROLES:
        await admin.become(role.replace("_", "-"))
        answer = await admin.client.request(method, path, **sent)
        assert answer.status_code == 403, (role, answer.text)


async def test_a_units_file_of_somebody_else_is_neither_awaited_nor_read(admin: Directory) -> None:
    async def never() -> AsyncIterator[bytes]:
        raise AssertionError("the body was received")
        yield b""

    await admin.become("auditor")
    assert (await admin.client.put("/units", content=b"units: [")).status_code == 403
    assert (await admin.client.put("/units", content=never())).status_code == 403


@pytest.mark.parametrize(("method", "path", "body"), FOR_ADMINS)
async def test_without_a_token_nothing_is_managed(directory: Directory, method: str, path: str, body: object) -> None:
    assert (await directory.client.request(method, path, json=body)).status_code == 401


@pytest.mark.parametrize("path", FOR_EVERY_ACCOUNT)
async def test_every_account_reads_units_and_itself(admin: Directory, path: str) -> None:
    await admin.become("liaison")
    assert (await admin.client.get(path)).status_code == 200
    del admin.client.headers["Authorization"]
    assert (await admin.client.get(path)).status_code == 401


@pytest.mark.parametrize("path", PUBLIC)
async def test_keys_health_and_documentation_need_no_token(directory: Directory, path: str) -> None:
    assert (await directory.client.get(path)).status_code == 200


async def test_every_route_is_in_one_of_these_tests(directory: Directory) -> None:
    document = (await directory.client.get("/openapi.json")).json()
    named = {"unit": "futian", "group": "districts", "name": "admin"}
    tested = {(method, path) for method, path, _ in FOR_ADMINS} | {("GET", path) for path in FOR_EVERY_ACCOUNT + PUBLIC}
    of_every_service = {"/parked", "/relay", "/lag", "/audit/verify", "/clock"}
    for path, methods in document["paths"].items():
        short = path.removeprefix("/api/directory/v1")
        if short in ("/token", "/token/revoke") or any(short.startswith(start) for start in of_every_service):
            continue
        for method in methods:
            spellings = {short.format(**named), short.format(unit="nanshan", group="some", name="x")}
            assert any((method.upper(), spelling) in tested for spelling in spellings), (method, path)
