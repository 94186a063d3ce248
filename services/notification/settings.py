"""Settings of notification."""

from pydantic import Field, SecretStr, model_validator

from shared.settings import ServiceSettings


class NotificationSettings(ServiceSettings):
    """Without a mail server the messages are written to `<data>/mail/` as `.eml` files."""

    smtp_url: SecretStr = Field(
        SecretStr(""),
        description="smtp[s]://user:password@host:port; `?starttls=required` or `never`, else where the server offers it",
    )
    mail_from: str = Field(
        "领导小组办公室 <noreply@localhost>", description="sender of all mail: a name and an address"
    )
    daily_quiet_seconds: float = Field(
        0.0, description="a daily e-mail goes once nothing was added for so long; 0: 0.2 in the demo, 60 otherwise"
    )
    urgent_quiet_seconds: float = Field(0.0, description="the same for urgent e-mail; 0: 0.2 in the demo, 3 otherwise")

    @model_validator(mode="after")
    def _fill_quiet_times(self) -> "NotificationSettings":
        self.daily_quiet_seconds = self.daily_quiet_seconds or (0.2 if self.demo else 60.0)
        self.urgent_quiet_seconds = self.urgent_quiet_seconds or (0.2 if self.demo else 3.0)
        return self
