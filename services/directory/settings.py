"""Settings of directory."""

from pydantic import Field, SecretStr

from shared.settings import ServiceSettings


class DirectorySettings(ServiceSettings):
    admin_password: SecretStr = Field(
        SecretStr(""),
        description="password of the first admin; empty: generated, and written to `admin-password` in the data folder",
    )
    key_passphrase: SecretStr = Field(
        SecretStr(""),
        description="encrypts the private signing keys in the database; empty: the database's own permissions protect them",
    )
    token_seconds: int = Field(300, description="life of an access token")
    refresh_hours: int = Field(12, description="how long a session may rest before people sign in again")
