"""Databases of the services: SQLite or PostgreSQL behind the same two doors, `read` and `write`."""

from shared.db.columns import table_of
from shared.db.engine import Database

__all__ = ["Database", "table_of"]
