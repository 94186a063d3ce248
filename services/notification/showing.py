"""Inbox entries as their reader sees them: in words, with the names of today, and marked where nothing is left to do."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from services.notification.moot import is_moot
from services.notification.queries import InboxEntry, load_duties, load_names
from services.notification.schemas import InboxItem
from services.notification.wording import Wording
from shared.web.language import Language


async def show_entries(
    connection: AsyncConnection, entries: Sequence[InboxEntry], wording: Wording, language: Language
) -> list[InboxItem]:
    """An item per entry, in the same order."""
    notices = [entry.notice for entry in entries]
    names, duties = await load_names(connection, notices), await load_duties(connection, notices)
    return [
        InboxItem.of(
            entry,
            wording.notice(entry.notice, names, language),
            moot=is_moot(entry.notice.template, entry.notice.facts, duties.get(entry.notice.duty or "")),
        )
        for entry in entries
    ]
