"""Arguments that several commands share."""

from typing import Annotated

import typer


def _service_with_data(name: str) -> str:
    from services.duban.catalogue import WITH_DATABASE  # noqa: PLC0415 - `--help` must answer at once

    if name not in WITH_DATABASE:
        raise typer.BadParameter(f"{name}: choose one of {', '.join(WITH_DATABASE)}")
    return name


Json = Annotated[bool, typer.Option("--json", help="machine-readable output")]
DataService = Annotated[
    str, typer.Argument(callback=_service_with_data, help="directory, task, notification or reporting")
]
