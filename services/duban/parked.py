"""`duban parked`: events that wait for an operator. What a command needs is imported when it runs."""

from typing import Annotated

import typer

from services.duban.arguments import DataService, Json
from services.duban.output import print_json, print_table

REFUSED = 1
app = typer.Typer(help="搁置的事件 parked events", no_args_is_help=True)


@app.command("list")
def list_(service: DataService, as_json: Json = False) -> None:
    """列出搁置的事件。 Parked events of a service."""
    from services.duban.client import signed_in  # noqa: PLC0415

    items = list(signed_in("admin").items(f"/api/{service}/v1/parked"))
    if as_json:
        print_json(items)
        return
    columns = ["consumer", "subject", "version", "type", "reason", "error"]
    print_table(f"{service}: {len(items)}", columns, [[str(item[name]) for name in columns] for item in items])


@app.command("show")
def show(service: DataService, consumer: str, subject: str) -> None:
    """一个对象的搁置事件。 The parked events of one aggregate."""
    from services.duban.client import signed_in  # noqa: PLC0415

    items = list(signed_in("admin").items(f"/api/{service}/v1/parked/{consumer}/{subject}"))
    print_json({"items": items, "next": None})


@app.command("retry")
def retry(service: DataService, consumer: str, subject: str) -> None:
    """按顺序重试。 Apply an aggregate's parked events in order."""
    from services.duban.client import signed_in  # noqa: PLC0415

    body = {"consumer": consumer, "subject": subject}
    left = signed_in("admin").call("POST", f"/api/{service}/v1/parked/retry", json=body)["left"]
    typer.echo(f"剩余 left: {left}")
    if left:
        raise typer.Exit(REFUSED)


@app.command("skip")
def skip(
    service: DataService,
    consumer: str,
    subject: str,
    version: int,
    reason: Annotated[str, typer.Option(help="kept on record")],
) -> None:
    """跳过最前面的一条，记录原因。 Leave out the first one, on record."""
    from services.duban.client import signed_in  # noqa: PLC0415

    body = {"consumer": consumer, "subject": subject, "version": version, "reason": reason}
    left = signed_in("admin").call("POST", f"/api/{service}/v1/parked/skip", json=body)["left"]
    typer.echo(f"剩余 left: {left}")
