"""Import drafts: what was read from an uploaded document, and what the office decided on it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Field

from services.task.models.tables import TaskTable
from services.task.plan_import import Draft, Status
from services.task.plan_import.stored_form import Stored, from_stored, to_stored
from shared.db.columns import JsonText, UtcDateTime
from shared.ids import new_id
from shared.revisions import must_match


class ImportDraft(TaskTable, table=True):
    """A document's draft. It has a revision of its own and no events; only the plan made from it is history."""

    __tablename__ = "import_drafts"

    id: UUID = Field(primary_key=True)
    revision: int
    document: str
    """Name of the file."""
    sha256: str
    text: str
    """As read; all spans refer to it."""
    imported: list[Stored] = Field(sa_type=JsonText)
    """Every item as it was found; never changed."""
    decided: dict[str, Stored] = Field(sa_type=JsonText)
    """Items as they stand after a decision, by id."""
    title: str | None
    counts: dict[str, int] = Field(sa_type=JsonText)
    plan: str | None = Field(default=None, max_length=63)
    """The plan whose draft was made from this one last."""
    created_by: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    updated_by: str
    updated_at: datetime = Field(sa_type=UtcDateTime)

    @classmethod
    def of(cls, draft: Draft, sha256: str, *, by: str, at: datetime) -> "ImportDraft":
        """The first revision: nothing is decided yet."""
        return cls(
            id=new_id(),
            revision=1,
            document=draft.name,
            sha256=sha256,
            text=draft.text,
            imported=[to_stored(item) for item in draft.items],
            decided={},
            **_summary(draft),
            created_by=by,
            created_at=at,
            updated_by=by,
            updated_at=at,
        )

    @property
    def as_imported(self) -> Draft:
        return Draft(self.document, self.text, tuple(map(from_stored, self.imported)))

    @property
    def draft(self) -> Draft:
        """As it stands after every decision."""
        stored = (self.decided.get(item["id"], item) for item in self.imported)
        return Draft(self.document, self.text, tuple(map(from_stored, stored)))

    def must_match(self, expected: int | None) -> None:
        """Whoever decides says what was seen. Raises PreconditionRequired, PreconditionFailed."""
        must_match(self.revision, expected)

    def decide(self, draft: Draft, *, by: str, at: datetime) -> None:
        """Keep what differs from the import."""
        found = {item["id"]: item for item in self.imported}
        stored = [to_stored(item) for item in draft.items]
        self.decided = {item["id"]: item for item in stored if item != found[item["id"]]}
        self._changed(draft, by, at)

    def revert(self, *, by: str, at: datetime) -> None:
        """Forget every decision."""
        self.decided = {}
        self._changed(self.as_imported, by, at)

    def _changed(self, draft: Draft, by: str, at: datetime) -> None:
        for name, value in _summary(draft).items():
            setattr(self, name, value)
        self.revision, self.updated_by, self.updated_at = self.revision + 1, by, at


def _summary(draft: Draft) -> dict[str, Any]:
    """What a list shows of a draft, kept beside it so that a list need not read its items."""
    return {"title": draft.title, "counts": {status.value: len(draft.with_status(status)) for status in Status}}
