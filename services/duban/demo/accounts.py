"""The demo's accounts: a liaison and a head per unit, the office, a leader and an auditor."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from services.duban.client import Client, NotSignedIn, Refused, read_demo_accounts
from shared.files import write_secret
from shared.settings import ServiceSettings

OFFICE_UNIT, GROUP_UNIT = "lg-office", "lg"
ALREADY_THERE = 409


def admin_password(settings: ServiceSettings) -> str:
    """The first admin's password: from the settings, else from the file that directory wrote on first start.

    Raises NotSignedIn where it is in neither.
    """
    configured = getattr(settings, "admin_password", None)
    if configured and configured.get_secret_value():
        return str(configured.get_secret_value())
    kept = settings.data / "admin-password"
    if not kept.exists():
        raise NotSignedIn(
            f"没有 {kept}，请用 DUBAN_DATA 指定数据目录，或设置 DUBAN_ADMIN_PASSWORD。 "
            f"{kept} is missing; name the data folder with DUBAN_DATA or set DUBAN_ADMIN_PASSWORD."
        )
    return kept.read_text().strip()


def accounts_file(data: Path) -> Path:
    return data / "demo-accounts.json"


def create_accounts(admin: Client, units: Mapping[str, Any], settings: ServiceSettings) -> None:
    """Create what is missing, with generated passwords that are kept for the owner of the data folder only."""
    path = accounts_file(settings.data)
    kept = read_demo_accounts(path) if path.exists() else []
    known: dict[str, Mapping[str, Any]] = {account["username"]: account for account in kept}
    known["admin"] = {"username": "admin", "roles": ["admin"], "unit": None, "password": admin_password(settings)}
    for wanted in wanted_accounts(units):
        if wanted["username"] not in known:
            known[wanted["username"]] = {**wanted, "password": _create(admin, wanted)}
            write_secret(path, json.dumps(list(known.values()), ensure_ascii=False, indent=1))


def enter_addresses(admin: Client, units: Mapping[str, Any]) -> None:
    """Where each account's mail goes; notification must have heard of the accounts before."""
    for wanted in wanted_accounts(units):
        _enter_address(admin, wanted, units)


def wanted_accounts(units: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """`{username, roles, unit}` in the order in which they are shown."""
    yield {"username": "office", "roles": ["office"], "unit": OFFICE_UNIT}
    yield {"username": "office-head", "roles": ["office_head"], "unit": OFFICE_UNIT}
    yield {"username": "leader", "roles": ["leader"], "unit": GROUP_UNIT}
    yield {"username": "auditor", "roles": ["auditor"], "unit": None}
    for unit in units["units"]:
        if unit["key"] not in (OFFICE_UNIT, GROUP_UNIT):
            yield {"username": unit["key"], "roles": ["liaison"], "unit": unit["key"]}
            yield {"username": f"{unit['key']}-head", "roles": ["unit_head"], "unit": unit["key"]}


def _create(admin: Client, wanted: Mapping[str, Any]) -> str:
    try:
        created = admin.call("POST", "/api/directory/v1/accounts", json=wanted)
    except Refused as refused:
        if refused.status != ALREADY_THERE:
            raise
        created = admin.call("POST", f"/api/directory/v1/accounts/{wanted['username']}/reset-password")
    return str(created["password"])


def _enter_address(admin: Client, wanted: Mapping[str, Any], units: Mapping[str, Any]) -> None:
    """Invented addresses under a name that can never be delivered to (RFC 6761)."""
    names = {unit["key"]: unit["name"] for unit in units["units"]}
    who = names.get(wanted["unit"] or "", "审计")
    point = {"email": f"{wanted['username']}@duban.invalid", "display_name": f"{who}（演示）", "locale": "zh"}
    admin.call("PUT", f"/api/notification/v1/contact-points/{wanted['username']}", json=point)
