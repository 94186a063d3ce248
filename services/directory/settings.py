"""Settings of directory."""

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from shared.errors import Text
from shared.settings import DAY, ServiceSettings
from shared.validation import broken_rule

LONGEST_REST = 24 * 366
SHORTEST_PASSWORD, LONGEST_PASSWORD = 8, 128
"""As for every account (`schemas/accounts.py`): with a longer one nobody could sign in."""
PASSWORD_LENGTH = Text(
    f"应为 {SHORTEST_PASSWORD} 到 {LONGEST_PASSWORD} 个字符，留空则自动生成",
    f"must have {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters, or be empty for a generated one",
)


def _password(given: SecretStr) -> SecretStr:
    if given and not SHORTEST_PASSWORD <= len(given) <= LONGEST_PASSWORD:
        raise broken_rule("password_length", PASSWORD_LENGTH)
    return given


class DirectorySettings(ServiceSettings):
    admin_password: Annotated[SecretStr, AfterValidator(_password)] = Field(
        SecretStr(""),
        description="password of the first admin; empty: generated, and written to `admin-password` in the data folder",
    )
    key_passphrase: SecretStr = Field(
        SecretStr(""),
        description="encrypts the private signing keys in the database; empty: the database's own permissions protect them",
    )
    token_seconds: int = Field(300, ge=1, le=DAY, description="life of an access token")
    refresh_hours: int = Field(
        12, ge=1, le=LONGEST_REST, description="how long a session may rest before people sign in again"
    )
