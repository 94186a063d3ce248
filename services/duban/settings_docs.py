"""The settings of all services as documents. `python -m services.duban.settings_docs` writes them from the classes."""

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from services.directory.settings import DirectorySettings
from services.notification.settings import NotificationSettings
from services.portal.settings import PortalSettings
from services.reporting.settings import ReportingSettings
from services.task.settings import TaskSettings
from shared.settings import ServiceSettings

OWN: Mapping[str, type[ServiceSettings]] = {
    "directory": DirectorySettings,
    "task": TaskSettings,
    "notification": NotificationSettings,
    "reporting": ReportingSettings,
    "portal": PortalSettings,
}
ROOT = Path(__file__).parents[2]
TABLE = re.compile(
    r"(?<=<!-- settings: made by services.duban.settings_docs -->\n\n).*?(?=\n<!-- settings end -->)", re.DOTALL
)
EXAMPLE_HEAD = """\
# Every setting with its default, made from the settings classes; `duban` reads them from the environment.
# A service's own name wins over the common one: DUBAN_TASK_DATABASE_URL over DUBAN_DATABASE_URL.
"""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting; `of` is the service that alone reads it, or nothing."""

    of: str
    name: str
    default: str
    says: str


def list_settings() -> Iterator[Setting]:
    """The common settings, then each service's own, in the order of their classes."""
    for name, field in ServiceSettings.model_fields.items():
        yield _setting("", name, field)
    for service, cls in OWN.items():
        for name, field in cls.model_fields.items():
            if name not in ServiceSettings.model_fields:
                yield _setting(service, name, field)


def documents() -> dict[Path, str]:
    """Each file with what should stand in it."""
    guide = ROOT / "docs" / "guides" / "operator.md"
    return {
        ROOT / ".env.example": example_file(),
        guide: TABLE.sub(lambda _: table(), guide.read_text(encoding="utf-8"), count=1),
    }


def example_file() -> str:
    """Lines that a shell can read."""
    blocks = [EXAMPLE_HEAD]
    for setting in list_settings():
        says = "; ".join(part for part in (setting.of and f"{setting.of} only", setting.says) if part)
        blocks.append(
            (f"# {says}\n" if says else "") + f"{setting.name}={setting.default and shlex.quote(setting.default)}\n"
        )
    return "\n".join(blocks)


def table() -> str:
    """Rows of Markdown."""
    rows = ["| setting | default | of | meaning |", "|---|---|---|---|"]
    for setting in list_settings():
        default = f"`{setting.default}`" if setting.default else ""
        rows.append(
            f"| `{setting.name}` | {default} | {setting.of or 'all'} | {setting.says.replace('|', chr(92) + '|')} |"
        )
    return "\n".join(rows) + "\n"


def _setting(service: str, name: str, field: FieldInfo) -> Setting:
    default = field.default.get_secret_value() if isinstance(field.default, SecretStr) else field.default
    shown = str(default).lower() if isinstance(default, bool) else str(default)
    return Setting(service, f"DUBAN_{name.upper()}", shown, field.description or "")


if __name__ == "__main__":
    for path, content in documents().items():
        path.write_text(content, encoding="utf-8")
