"""The commands. What they do is imported when they run, so that `duban --help` stays quick."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

CONTRACTS = Path(__file__).parents[3] / "contracts"

app = typer.Typer(
    name="contracts", help="Schemas and documents of the published events and APIs.", no_args_is_help=True
)
Folder = Annotated[Path, typer.Option(help="Where the contracts are.", file_okay=False, exists=True)]


@app.command()
def generate(folder: Folder = CONTRACTS) -> None:
    """Write the schemas and documents anew from the code."""
    from services.duban.contracts.files import documents, write  # noqa: PLC0415
    from services.duban.contracts.openapi import openapi_documents  # noqa: PLC0415

    for path in write(folder, documents(openapi_documents())):
        typer.echo(f"wrote {path}")


@app.command()
def check(folder: Folder = CONTRACTS) -> None:
    """Say what differs from the code, what is wrong with an example and what breaks a released consumer; then exit 1."""
    from services.duban.contracts.checks import faults  # noqa: PLC0415

    _stop_at(faults(folder))


@app.command()
def release(version: Annotated[str, typer.Argument(help="As in 0.1.0.")], folder: Folder = CONTRACTS) -> None:
    """Keep schemas and examples as those of a release, against which later ones are checked."""
    from services.duban.contracts.checks import faults  # noqa: PLC0415
    from services.duban.contracts.releases import CannotRelease, take_snapshot  # noqa: PLC0415

    _stop_at(faults(folder))
    try:
        typer.echo(f"kept in {take_snapshot(folder, version)}")
    except CannotRelease as refused:
        _stop_at([str(refused)])


def _stop_at(found: Sequence[str]) -> None:
    for fault in found:
        typer.echo(fault, err=True)
    if found:
        raise typer.Exit(1)
