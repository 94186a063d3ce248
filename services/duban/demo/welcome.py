"""What is printed once the demo stands: addresses, accounts, three lines to try."""

from rich.console import Console
from rich.table import Table

from services.duban.client import read_demo_accounts
from services.duban.demo.accounts import accounts_file
from services.duban.demo.load import PLAN
from shared.settings import ServiceSettings

SHOWN = {
    "futian": "福田区联络员 liaison",
    "futian-head": "福田区负责人 unit head",
    "office": "领导小组办公室 office",
    "office-head": "办公室主任 office head",
    "leader": "领导小组 leader",
    "auditor": "审计 auditor",
    "admin": "系统管理员 admin",
}


def show_welcome(settings: ServiceSettings, console: Console) -> None:
    url = settings.url
    console.print(f"看板 board     {url}/")
    console.print(f"接口 API docs  {url}/api/task/v1/docs")
    console.print(f"数据 data      {settings.data.absolute()}  (邮件 mail: mail/*.eml)")
    console.print(_accounts(settings))
    for line in _lines_to_try(settings):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    console.print("[yellow]演示数据，请勿用于正式工作。 Demo data, not for real use.[/]")


def _accounts(settings: ServiceSettings) -> Table:
    passwords = {
        account["username"]: account["password"] for account in read_demo_accounts(accounts_file(settings.data))
    }
    table = Table("账号 account", "密码 password", "角色 role", title="演示账号（全部：duban demo accounts）")
    for username, role in SHOWN.items():
        table.add_row(username, passwords[username], role)
    return table


def _lines_to_try(settings: ServiceSettings) -> list[str]:
    passwords = {
        account["username"]: account["password"] for account in read_demo_accounts(accounts_file(settings.data))
    }
    url = settings.url
    return [
        _token_line(url, passwords["futian"]),
        f'curl -s {url}/api/task/v1/todo -H "Authorization: Bearer $TOKEN"',
        f'curl -s {url}/api/reporting/v1/plans/{PLAN}/board -H "Authorization: Bearer $TOKEN"',
    ]


def _token_line(url: str, password: str) -> str:
    read = "python3 -c 'import json,sys; print(json.load(sys.stdin)[\"access_token\"])'"
    form = f"-d grant_type=password -d username=futian -d password='{password}'"
    return f"TOKEN=$(curl -s {url}/api/directory/v1/token {form} | {read})"
