"""Settings of the portal."""

from pydantic import Field, SecretStr

from shared.settings import ServiceSettings


class PortalSettings(ServiceSettings):
    """Every field has a default that runs embedded."""

    session_key: SecretStr = Field(
        SecretStr(""),
        description="32 bytes, base64url, that encrypt session cookies; empty: portal.key in the data folder, made once",
    )
