"""Bodies of the token endpoint and of discovery."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

MAX_FIELD = 1024


class TokenForm(BaseModel):
    """The form of RFC 6749. Other fields, such as `scope`, are let pass, as the standard asks."""

    model_config = ConfigDict(extra="ignore")

    grant_type: str = Field(max_length=MAX_FIELD)
    username: str = Field("", max_length=MAX_FIELD)
    password: str = Field("", max_length=MAX_FIELD)
    refresh_token: str = Field("", max_length=MAX_FIELD)
    client_id: str = Field("", max_length=MAX_FIELD)
    client_secret: str = Field("", max_length=MAX_FIELD)


class Tokens(BaseModel):
    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - a word of RFC 6749
    expires_in: int
    refresh_token: str | None = None
    """Machines get none: they ask again with their secret."""
