"""Databases of the services: SQLite or PostgreSQL behind the same two doors, `read` and `write`."""

from shared.db.engine import Database

__all__ = ["Database"]
