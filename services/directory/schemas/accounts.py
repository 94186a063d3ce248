"""Bodies of accounts and machine clients. Passwords come in and never go out."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, StringConstraints
from pydantic_core import PydanticCustomError

from contracts.names import AccountName, PlanKey, Role, UnitKey
from services.directory.models import Account, Duties

MIN_PASSWORD, MAX_PASSWORD = 8, 128
Password = Annotated[SecretStr, Field(min_length=MIN_PASSWORD, max_length=MAX_PASSWORD)]
DisplayName = Annotated[str, StringConstraints(strip_whitespace=True, max_length=120)]


def _of_a_person(role: Role) -> Role:
    if role is Role.MACHINE:
        raise PydanticCustomError(
            "role_of_machines",
            "{en}",
            {"zh": "机器账号请用 POST clients 创建", "en": "machines are created by POST clients"},
        )
    return role


PersonRole = Annotated[Role, AfterValidator(_of_a_person)]


class DutiesIn(BaseModel):
    """What an account is for. `plans` empty: every plan."""

    model_config = ConfigDict(extra="forbid")

    roles: Annotated[list[PersonRole], Field(min_length=1, max_length=9)]
    unit: UnitKey | None = None
    districts: Annotated[list[UnitKey], Field(max_length=200)] = []
    plans: Annotated[list[PlanKey], Field(max_length=200)] = []

    def duties(self) -> Duties:
        roles = tuple(sorted(set(self.roles)))
        return Duties(roles, self.unit, tuple(sorted(set(self.districts))), tuple(sorted(set(self.plans))))


class NewAccount(DutiesIn):
    username: AccountName
    display_name: DisplayName = ""
    password: Password | None = None
    """Left out: one is generated and told once in the answer."""


class NewClient(BaseModel):
    """A machine that reports for a unit or reads the event feed."""

    model_config = ConfigDict(extra="forbid")

    client_id: AccountName
    display_name: DisplayName = ""
    unit: UnitKey | None = None
    plans: Annotated[list[PlanKey], Field(max_length=200)] = []

    def duties(self) -> Duties:
        return Duties((Role.MACHINE,), self.unit, (), tuple(sorted(set(self.plans))))


class NewPassword(BaseModel):
    model_config = ConfigDict(extra="forbid")

    password: Password | None = None


class AccountOut(BaseModel):
    id: UUID
    username: str
    display_name: str
    roles: list[Role]
    unit: str | None
    districts: list[str]
    plans: list[str]
    active: bool
    version: int

    @classmethod
    def of(cls, account: Account) -> Self:
        return cls.model_validate(account, from_attributes=True)


class AccountWithPassword(AccountOut):
    password: str | None = None
    """Only where it was generated, and only in this answer."""


class ClientWithSecret(AccountOut):
    client_secret: str
    """Told once; keep it safe."""
