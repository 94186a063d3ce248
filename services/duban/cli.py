"""The command line. Commands import what they need when they run, so that `--help` answers at once.

Exit codes: 0 done, 1 refused with a reason, 2 wrong usage, 3 not reachable.
"""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from services.duban.arguments import DataService, File, Json
from services.duban.output import local, print_board, print_json, print_table

if TYPE_CHECKING:
    from shared.errors import AppError

REFUSED = 1

app = typer.Typer(
    name="duban",
    help="督办：行动方案的分解、填报、催办与看板。 Supervision of action plans.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
plan = typer.Typer(help="方案 plans", no_args_is_help=True)
report = typer.Typer(help="报告 reports", no_args_is_help=True)
clock = typer.Typer(help="演示时钟 the demo's clock", no_args_is_help=True)
db = typer.Typer(help="数据库 databases", no_args_is_help=True)
demo = typer.Typer(help="演示 the demo", no_args_is_help=True)


@app.command()
def up(
    demo_: Annotated[bool, typer.Option("--demo", help="load the Shenzhen plan with its sample history")] = False,
) -> None:
    """在一个进程中启动整个系统。 Run the whole system in one process."""
    from services.duban.up import run_embedded

    if demo_:
        os.environ.setdefault("DUBAN_DEMO", "1")
    run_embedded(demo=demo_)


@app.command()
def serve(
    service: Annotated[str, typer.Argument(help="directory, task, notification, reporting or portal")],
    role: Annotated[str, typer.Option(help="web, worker or all")] = "all",
) -> None:
    """启动一个服务。 Run one service (production)."""
    from services.duban.catalogue import ALL
    from services.duban.serve import run_service

    if service not in ALL:
        raise typer.BadParameter(f"{service}: choose one of {', '.join(ALL)}")
    if role not in ("web", "worker", "all"):
        raise typer.BadParameter(f"{role}: choose web, worker or all")
    run_service(service, role)  # type: ignore[arg-type]  # one of the three, as just checked


@app.command()
def stack(demo_: Annotated[bool, typer.Option("--demo", help="load the demo")] = False) -> None:
    """不用 Docker 运行生产后端。 The production backend on this machine without Docker."""
    from services.duban.stack import run_stack

    run_stack(Path(os.environ.get("DUBAN_DATA", "data/stack")), demo=demo_)


@app.command()
def login(username: str, password: Annotated[str, typer.Option(prompt=True, hide_input=True)]) -> None:
    """登录并记住会话。 Sign in and remember it for later commands."""
    from services.duban.client import Client, base_url, keep_session

    client = Client(base_url())
    path = keep_session(client.sign_in(username, password))
    typer.echo(f"{username} → {client.url} ({path})")


@app.command()
def logout() -> None:
    """退出登录。 End the kept session and forget it."""
    from services.duban.client import end_session

    end_session()


@app.command()
def board(
    plan_key: Annotated[str, typer.Argument(metavar="PLAN")],
    period: Annotated[str | None, typer.Option()] = None,
    as_of: Annotated[str | None, typer.Option(help="YYYY-MM-DD")] = None,
    as_json: Json = False,
) -> None:
    """看板。 The board of a plan."""
    from services.duban.client import signed_in

    wanted = {name: value for name, value in {"period": period, "as_of": as_of}.items() if value}
    answer = signed_in().call("GET", f"/api/reporting/v1/plans/{plan_key}/board", params=wanted)
    print_json(answer) if as_json else print_board(answer)


@app.command()
def verify(as_json: Json = False) -> None:
    """核验各服务的审计链。 Verify the audit chain of every service."""
    from services.duban import verifying
    from services.duban.catalogue import WITH_DATABASE
    from services.duban.client import signed_in

    def show(events: int) -> None:
        typer.echo(f"→ {events}", err=True)

    client = signed_in("auditor")
    results = {name: verifying.verify(client, name, on_progress=show) for name in WITH_DATABASE}
    if as_json:
        print_json(results)
    else:
        rows = [[name, str(r["events"]), str(r["aggregates"]), str(len(r["broken"]))] for name, r in results.items()]
        print_table("审计链 audit chain", ["服务", "事件 events", "聚合 aggregates", "断裂 broken"], rows)
    if any(result["broken"] for result in results.values()):
        raise typer.Exit(REFUSED)


@app.command()
def doctor(as_json: Json = False) -> None:
    """检查各服务是否就绪。 Whether every service is ready, and why not."""
    from services.duban.doctor import examine

    found = examine()
    if as_json:
        print_json(found)
    else:
        print_table(
            "就绪检查 readiness",
            ["服务", "状态", "说明"],
            [[name, s["status"], s["detail"]] for name, s in found.items()],
        )
    if any(state["status"] != "ready" for state in found.values()):
        raise typer.Exit(REFUSED)


@app.command()
def rebuild(service: DataService, projection: str, as_json: Json = False) -> None:
    """从第一条事件重建读模型。 Rebuild a projection from the first event."""
    from services.duban import rebuilding
    from services.duban.client import signed_in

    def show(state: Mapping[str, Any]) -> None:
        typer.echo(f"→ {state['events']} / {state['total'] or '…'}", err=True)

    answer = rebuilding.rebuild(signed_in("admin"), service, projection, on_progress=show)
    print_json(answer) if as_json else typer.echo(json.dumps(answer, ensure_ascii=False))


@plan.command("check")
def plan_check(file: File) -> None:
    """离线检查方案文件。 Check a plan file without a server."""
    from services.task.schemas.plan_file import read_plan
    from shared.web.validation import document_rules

    with document_rules():
        checked = read_plan(file.read_bytes())
    measures = list(checked.measures)
    typer.echo(
        f"{checked.key}: {len(checked.areas)} 领域 areas, {len(measures)} 措施 measures, {len(checked.indicators)} 指标 indicators"
    )


@plan.command("put")
def plan_put(file: File, as_json: Json = False) -> None:
    """保存为草稿。 Store a plan file as a draft."""
    from services.duban.client import signed_in
    from shared.documents import read_document

    content = file.read_bytes()
    document = read_document(content)
    key = document.get("key") if isinstance(document, dict) else None
    if not key:
        _fail("文件中没有方案的 key。 The file names no key of a plan.", REFUSED)
    client = signed_in("office")
    path = f"/api/task/v1/plans/{key}"
    answer = client.call("PUT", path, content=content, headers=_if_match(client, path))
    print_json(answer) if as_json else typer.echo(f"{answer['plan']} {answer['title']}: 草稿 draft {answer['version']}")


@plan.command("publish")
def plan_publish(key: str, first_period: Annotated[str, typer.Option()], as_json: Json = False) -> None:
    """发布方案。 Put a draft into force."""
    from services.duban.client import signed_in

    answer = signed_in("office-head").call(
        "POST", f"/api/task/v1/plans/{key}/publish", json={"first_period": first_period}
    )
    print_json(answer) if as_json else typer.echo(f"{answer['plan']} {answer['title']}: 已发布 published")


@plan.command("export")
def plan_export(key: str) -> None:
    """导出方案文件。 Print a plan file as JSON, fit for `plan put`."""
    from services.duban.client import signed_in

    print_json(signed_in("office").call("GET", f"/api/task/v1/plans/{key}/file"))


@report.command("put")
def report_put(
    plan_key: Annotated[str, typer.Argument(metavar="PLAN")],
    measure: str,
    unit: str,
    period: str,
    file: File,
    if_match: Annotated[int | None, typer.Option(help="the version that this one replaces")] = None,
    as_json: Json = False,
) -> None:
    """提交报告（JSON 或 YAML 文件）。 Submit a report from a JSON or YAML file."""
    from services.duban.client import signed_in
    from shared.documents import read_document

    path = f"/api/task/v1/plans/{plan_key}/measures/{measure}/units/{unit}/reports/{period}"
    headers = {"If-Match": f'"{if_match}"'} if if_match is not None else {}
    body = json.dumps(read_document(file.read_bytes()), default=str)  # a day in YAML is text in JSON
    headers["Content-Type"] = "application/json"
    answer = signed_in(unit).call("PUT", path, content=body, headers=headers)
    print_json(answer) if as_json else typer.echo(
        f"{answer['state']}，第 {answer['version']} 版 version {answer['version']}"
    )


@clock.command("show")
def clock_show(as_json: Json = False) -> None:
    """演示时钟。 The demo's business time."""
    from services.duban.client import demo_operator
    from services.duban.demo.clockwork import now

    instant = local(now(demo_operator()))
    print_json({"now": instant}) if as_json else typer.echo(instant)


@clock.command("advance")
def clock_advance(step: Annotated[str, typer.Argument(help="1d, 3h, 2w")], as_json: Json = False) -> None:
    """向前拨演示时钟，逐个触发到期事项。 Move the clock; reminders and escalations go out as they would have."""
    from services.duban.client import demo_operator
    from services.duban.demo import clockwork

    try:
        by = clockwork.parse_step(step)
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong)) from None
    client = demo_operator()
    to = clockwork.now(client) + by
    clockwork.advance(client, to, on_step=lambda instant: typer.echo(f"→ {local(instant)}", err=True))
    print_json({"now": local(to)}) if as_json else typer.echo(local(to))


@db.command("upgrade")
def db_upgrade() -> None:
    """升级数据库并创建主题。 Migrate every database and create the topics."""
    import asyncio

    from services.duban.upgrade import upgrade_everything

    asyncio.run(upgrade_everything(typer.echo))


@demo.command("load")
def demo_load(
    address: Annotated[str, typer.Option(help="what to print where users reach the system at another address")] = "",
) -> None:
    """装入演示。 Load the demo into the running system."""
    from rich.console import Console

    from services.duban.catalogue import service_kind
    from services.duban.demo.load import load
    from services.duban.demo.welcome import show_welcome

    settings, console = service_kind("directory").settings(), Console(stderr=True, soft_wrap=True)
    load(settings, console)
    show_welcome(settings.model_copy(update={"url": address or settings.url}), console)


@demo.command("accounts")
def demo_accounts(as_json: Json = False) -> None:
    """演示账号。 The demo's accounts."""
    from services.duban.client import demo_accounts_file, read_demo_accounts

    if not demo_accounts_file().exists():
        typer.echo("没有装入演示，请先 make run。 No demo is loaded here; run make run first.", err=True)
        raise typer.Exit(REFUSED)
    accounts = read_demo_accounts(demo_accounts_file())
    if as_json:
        print_json(accounts)
        return
    rows = [[a["username"], a["password"], ", ".join(a["roles"]), a["unit"] or ""] for a in accounts]
    print_table("演示账号 demo accounts", ["账号", "密码", "角色", "单位"], rows)


def _if_match(client: Any, path: str) -> dict[str, str]:
    """Replacing one's own draft from the command line needs no version by hand."""
    from services.duban.client import Refused

    try:
        current = client.call("GET", path)
    except Refused as missing:
        if missing.status != 404:
            raise
        return {}
    drafted = current["version"] if current["state"] == "draft" else current["draft_version"]
    return {"If-Match": f'"{drafted}"'} if drafted else {}


def _mount() -> None:
    """Groups of commands; the larger ones live in modules of their own."""
    groups: Mapping[str, typer.Typer] = {
        "plan": plan,
        "report": report,
        "clock": clock,
        "db": db,
        "demo": demo,
    }
    for name, group in groups.items():
        app.add_typer(group, name=name)
    from services.duban import parked
    from services.duban.contracts import app as contracts
    from services.duban.plan_amend import amend
    from services.duban.plan_draft import confirm, draft, import_document

    app.add_typer(parked.app, name="parked")
    app.add_typer(contracts, name="contracts")
    plan.command("draft")(draft)
    plan.command("import")(import_document)
    plan.command("confirm")(confirm)
    plan.command("amend")(amend)


def main() -> None:
    """Run, and turn an expected failure into one sentence and an exit code."""
    from services.duban.failures import Failure, unusable_file
    from shared.errors import AppError

    _mount()
    try:
        app()
    except Failure as failure:
        _fail(str(failure), failure.exit_code)
    except AppError as refused:
        _fail(_in_both_languages(refused), REFUSED)
    except OSError as unusable:
        if unusable.filename is None:
            raise
        _fail(unusable_file(unusable), REFUSED)


def _in_both_languages(refused: "AppError") -> str:
    fields = [f"  {error.pointer}: {error.detail.zh} {error.detail.en}" for error in refused.errors]
    return "\n".join([f"{refused.sentence('zh')} {refused.sentence('en')}", *fields])


def _fail(sentence: str, code: int) -> NoReturn:
    typer.echo(sentence, err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
