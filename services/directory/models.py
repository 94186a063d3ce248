"""Tables of directory, and how units, groups and accounts change."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Self
from uuid import UUID

from sqlalchemy import LargeBinary, MetaData
from sqlmodel import Field, SQLModel

from contracts.directory import (
    AccountChanged,
    AccountRegistered,
    UnitChanged,
    UnitGroupChanged,
    UnitGroupDefined,
    UnitRegistered,
)
from contracts.names import Relation, Role, UnitKind
from shared.auth.keys import known_keys_table
from shared.clock import clock_table
from shared.consumer import ConsumerTables
from shared.db.columns import JsonText, UtcDateTime, Word
from shared.db.naming import NAMING
from shared.event_log import Aggregate, EventLogTables
from shared.events import Event
from shared.revisions import must_match

Facts = Mapping[str, Any]
"""Columns and what they should hold."""


class DirectoryTable(SQLModel):
    """Base of directory's tables; services never share a MetaData."""

    metadata = MetaData(naming_convention=NAMING)


EVENT_LOG = EventLogTables(DirectoryTable.metadata)
CONSUMING = ConsumerTables(DirectoryTable.metadata)
CLOCK = clock_table(DirectoryTable.metadata)
known_keys_table(DirectoryTable.metadata)


class Versioned(Aggregate):
    """An aggregate whose version is its ETag."""

    def must_match(self, expected: int | None) -> None:
        """Raises PreconditionRequired without, PreconditionFailed with a stale version."""
        must_match(self.version, expected)

    def already_says(self, facts: Facts) -> bool:
        return all(getattr(self, name) == value for name, value in facts.items())

    def _assign(self, facts: Facts) -> bool:
        """Take over the facts. False where they say nothing new."""
        if self.already_says(facts):
            return False
        for name, value in facts.items():
            setattr(self, name, value)
        return True


class Unit(Versioned, DirectoryTable, table=True):
    """An organisation. Its key never changes."""

    __tablename__ = "units"
    noun: ClassVar[str] = "unit"

    key: str = Field(unique=True, max_length=63)
    name: str = Field(max_length=120)
    name_en: str = Field(default="", max_length=200)
    short_name: str = Field(default="", max_length=120)
    kind: UnitKind = Field(sa_type=Word(UnitKind))
    relation: Relation = Field(sa_type=Word(Relation))
    parent: str | None = Field(default=None, max_length=63)
    aliases: list[str] = Field(default_factory=list, sa_type=JsonText)
    credit_code: str = Field(default="", max_length=18)

    @classmethod
    def register(cls, key: str, facts: Facts) -> tuple[Self, list[Event]]:
        unit = cls(key=key, **facts)
        return unit, [UnitRegistered(**unit._state())]

    def change(self, facts: Facts) -> list[Event]:
        return [UnitChanged(**self._state())] if self._assign(facts) else []

    @property
    def names(self) -> set[str]:
        """Everything that the unit is called, in any document; a credit code is a name too."""
        return {name for name in (self.name, self.short_name, self.credit_code, *self.aliases) if name}

    def _state(self) -> dict[str, Any]:
        shared = ("name", "name_en", "short_name", "kind", "relation", "parent", "aliases", "credit_code")
        return {"unit": self.key} | {name: getattr(self, name) for name in shared}


class UnitGroup(Versioned, DirectoryTable, table=True):
    """A name that stands for units."""

    __tablename__ = "unit_groups"
    noun: ClassVar[str] = "unit_group"

    key: str = Field(unique=True, max_length=63)
    name: str = Field(max_length=120)
    name_en: str = Field(default="", max_length=200)
    members: list[str] = Field(sa_type=JsonText)

    @classmethod
    def define(cls, key: str, facts: Facts) -> tuple[Self, list[Event]]:
        group = cls(key=key, **facts)
        return group, [UnitGroupDefined(**group._state())]

    def change(self, facts: Facts) -> list[Event]:
        return [UnitGroupChanged(**self._state())] if self._assign(facts) else []

    @property
    def names(self) -> set[str]:
        return {self.name}

    def _state(self) -> dict[str, Any]:
        return {"group": self.key, "name": self.name, "name_en": self.name_en, "members": self.members}


class Name(DirectoryTable, table=True):
    """What a name stands for. A name stands for one unit or one group, so that a document can be read."""

    __tablename__ = "names"

    name: str = Field(primary_key=True, max_length=120)
    noun: str = Field(max_length=20)
    key: str = Field(index=True, max_length=63)


@dataclass(frozen=True, slots=True)
class Duties:
    """What an account is for."""

    roles: tuple[Role, ...]
    unit: str | None = None
    districts: tuple[str, ...] = ()
    plans: tuple[str, ...] = ()

    def as_columns(self) -> dict[str, Any]:
        return {
            "roles": [role.value for role in self.roles],
            "unit": self.unit,
            "districts": list(self.districts),
            "plans": list(self.plans),
        }


class Account(Versioned, DirectoryTable, table=True):
    """A person's account or a machine client. Whatever ends trust in old tokens raises `auth_epoch`."""

    __tablename__ = "accounts"
    noun: ClassVar[str] = "account"

    username: str = Field(unique=True, max_length=63)
    display_name: str = Field(default="", max_length=120)
    password_hash: str | None = Field(default=None, max_length=200)
    secret_digest: bytes | None = Field(default=None, sa_type=LargeBinary)
    roles: list[str] = Field(sa_type=JsonText)
    unit: str | None = Field(default=None, index=True, max_length=63)
    districts: list[str] = Field(default_factory=list, sa_type=JsonText)
    plans: list[str] = Field(default_factory=list, sa_type=JsonText)
    auth_epoch: int = 1
    active: bool = True

    @classmethod
    def register(
        cls,
        username: str,
        duties: Duties,
        *,
        display_name: str = "",
        password_hash: str | None = None,
        secret_digest: bytes | None = None,
    ) -> tuple[Self, list[Event]]:
        account = cls(
            username=username,
            display_name=display_name,
            password_hash=password_hash,
            secret_digest=secret_digest,
            **duties.as_columns(),
        )
        return account, [AccountRegistered(**account._state())]

    def change_duties(self, duties: Duties) -> list[Event]:
        return self._end_old_tokens() if self._assign(duties.as_columns()) else []

    def disable(self) -> list[Event]:
        return self._end_old_tokens() if self._assign({"active": False}) else []

    def enable(self) -> list[Event]:
        return self._end_old_tokens() if self._assign({"active": True}) else []

    def change_password(self, password_hash: str) -> list[Event]:
        self.password_hash = password_hash
        return self._end_old_tokens()

    def change_secret(self, secret_digest: bytes) -> list[Event]:
        self.secret_digest = secret_digest
        return self._end_old_tokens()

    @property
    def is_machine(self) -> bool:
        return Role.MACHINE in self.roles

    @property
    def is_admin(self) -> bool:
        return self.active and Role.ADMIN in self.roles

    def _end_old_tokens(self) -> list[Event]:
        self.auth_epoch += 1
        return [AccountChanged(**self._state())]

    def _state(self) -> dict[str, Any]:
        shared = ("username", "roles", "unit", "districts", "plans", "auth_epoch", "active")
        return {"account": self.id} | {name: getattr(self, name) for name in shared}


class RefreshToken(DirectoryTable, table=True):
    """One link in a session's chain of refresh tokens; only its digest is kept."""

    __tablename__ = "refresh_tokens"

    digest: bytes = Field(primary_key=True, sa_type=LargeBinary)
    family: UUID = Field(index=True)
    """The session: all tokens that descend from one sign-in."""
    account_id: UUID = Field(index=True)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class SigningKey(DirectoryTable, table=True):
    """A key pair. The newest signs; all are published, so that a rotation ends no session."""

    __tablename__ = "signing_keys"

    kid: str = Field(primary_key=True, max_length=64)
    private_pem: str
    created_at: datetime = Field(sa_type=UtcDateTime)


class SignInAttempts(DirectoryTable, table=True):
    """Attempts that have not succeeded, per account name or address, since `since`."""

    __tablename__ = "sign_in_attempts"

    key: str = Field(primary_key=True, max_length=120)
    count: int
    since: datetime = Field(sa_type=UtcDateTime)
