"""Arguments that several commands share."""

import os
from pathlib import Path
from typing import Annotated

import typer


def _service_with_data(name: str) -> str:
    from services.duban.catalogue import WITH_DATABASE  # noqa: PLC0415 - `--help` must answer at once

    if name not in WITH_DATABASE:
        raise typer.BadParameter(f"{name}: choose one of {', '.join(WITH_DATABASE)}")
    return name


def existing_file(path: Path | None) -> Path | None:
    """For arguments that name a file to read."""
    if path is not None and not (path.is_file() and os.access(path, os.R_OK)):
        raise typer.BadParameter(f"{path} 不是可读的文件，请检查路径。 {path} is no readable file; check the path.")
    return path


def writable_file(path: Path | None) -> Path | None:
    """For options that name a file to write: found out before the work is done."""
    if path is not None and (path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK)):
        raise typer.BadParameter(
            f"{path} 无法写入，请先建立它所在的文件夹或换一个路径。 "
            f"{path} cannot be written; make its folder first or name another path."
        )
    return path


File = Annotated[Path, typer.Argument(callback=existing_file)]
Json = Annotated[bool, typer.Option("--json", help="machine-readable output")]
DataService = Annotated[
    str, typer.Argument(callback=_service_with_data, help="directory, task, notification or reporting")
]
