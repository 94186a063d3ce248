"""Aggregates: rows whose every change is an event."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, ClassVar, TypeVar, cast
from uuid import UUID

from sqlalchemy import LargeBinary, inspect
from sqlalchemy.orm import class_mapper
from sqlalchemy.orm.attributes import manager_of_class, set_attribute
from sqlmodel import Field, SQLModel

from shared.db.columns import UtcDateTime, table_of
from shared.ids import new_id


class Aggregate(SQLModel):
    """Columns that every aggregate has. Transitions change the row and return events, or raise."""

    noun: ClassVar[str]
    """First part of the subject, e.g. `report` in `report/0192…`."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    version: int = 0
    """Counts the aggregate's events."""
    head: bytes = Field(default=b"", sa_type=LargeBinary)
    """Hash of its last event; empty before the first."""
    changed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """Time of its last event; event time never decreases within an aggregate."""

    def __init__(self, **columns: Any) -> None:
        """Straight into the columns, as when it is loaded: rows take no outside input, so pydantic has nothing to check."""
        defaults, factories = _defaults(type(self))
        made = {name: make() for name, make in factories.items() if name not in columns}
        self.__dict__.update(defaults | made | columns)

    def __setattr__(self, name: str, value: Any) -> None:
        """Straight into the column and its history; SQLModel would also keep a pydantic copy, which nobody reads."""
        if name in table_of(type(self)).c:
            set_attribute(self, name, value)
        else:
            super().__setattr__(name, value)

    @property
    def subject(self) -> str:
        return f"{self.noun}/{self.id}"

    @property
    def partition_key(self) -> str:
        """Events of one key stay in order among each other; the aggregate's own id unless it belongs to a plan."""
        return str(self.id)


A = TypeVar("A", bound=Aggregate)


@lru_cache(maxsize=64)
def _defaults(cls: type[Aggregate]) -> tuple[dict[str, Any], dict[str, Callable[[], Any]]]:
    """Values of the fields that may be left out, and what makes those that differ for each."""
    fields = cls.model_fields.items()
    factories = {
        name: cast(Callable[[], Any], field.default_factory) for name, field in fields if field.default_factory
    }
    defaults = {name: field.default for name, field in fields if name not in factories and not field.is_required()}
    return defaults, factories


def loaded(cls: type[A], row: Mapping[Any, Any]) -> A:
    """An aggregate as it stands in the database; later assignments count as changes."""
    instance: A = _manager(cls).new_instance()
    instance.__dict__.update(row)
    return instance


@lru_cache(maxsize=64)
def _manager(cls: type[Aggregate]) -> Any:
    """The class's instrumentation, usable also where no instance was made yet in this process."""
    class_mapper(cls)  # configures the mappers
    return manager_of_class(cls)


def changes(aggregate: Aggregate) -> dict[str, Any]:
    """Columns assigned since it was loaded, with their new values."""
    state = inspect(aggregate)
    return {name: state.dict[name] for name in state.committed_state if name in state.dict}
