"""Settings of the portal."""

from pathlib import Path
from typing import Annotated, Self

from cryptography.fernet import Fernet
from pydantic import AfterValidator, Field, SecretStr, model_validator

from shared.errors import Text
from shared.settings import ServiceSettings
from shared.validation import Refusal, broken_rule, refuse

KEY_FILE = "portal.key"
NO_KEY = Text(
    "应为 32 字节的 base64url（44 个字符），留空则用数据目录里的 portal.key",
    "must be 32 bytes in base64url (44 characters), or empty for portal.key in the data folder",
)


def _is_key(text: str) -> bool:
    try:
        Fernet(text)
    except ValueError:
        return False
    return True


def _key(given: SecretStr) -> SecretStr:
    if given and not _is_key(given.get_secret_value()):
        raise broken_rule("no_session_key", NO_KEY)
    return given


def _is_good_file(path: Path) -> bool:
    """Whether nothing is kept there yet, or a key."""
    try:
        return _is_key(path.read_text())
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, UnicodeDecodeError):
        return False


class PortalSettings(ServiceSettings):
    """Every field has a default that runs embedded."""

    session_key: Annotated[SecretStr, AfterValidator(_key)] = Field(
        SecretStr(""),
        description="32 bytes, base64url, that encrypt session cookies; empty: portal.key in the data folder, made once",
    )

    @model_validator(mode="after")
    def _finds_a_key(self) -> Self:
        path = self.data / KEY_FILE
        if not self.session_key and not _is_good_file(path):
            damaged = Text(
                f"为空，而 {path} 已损坏或无法读取，请从备份换回或删除它（删除后所有人须重新登录）",
                f"is empty and {path} is damaged or unreadable; restore it, or delete it (then everybody signs in again)",
            )
            refuse(PortalSettings, [Refusal(("session_key",), "damaged_key_file", damaged)])
        return self
