"""Which errors of a database pass by themselves: the same statement may succeed later, and nobody has to mend anything."""

import sqlite3

import asyncpg
from sqlalchemy.exc import DBAPIError

PASSING_SQLSTATES = (
    "08",  # connection lost
    "25006",  # read-only: the primary became a standby
    "40",  # deadlock, serialisation
    "53",  # disk full, out of memory, too many connections
    "55P03",  # lock not available
    "57",  # shut down, starting up, statement timed out
    "58",  # the disk or another part of the machine failed
)
PASSING_SQLITE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
    }
)
EXISTS_ALREADY = frozenset({"23505", sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY})
PRIMARY_CODE = 0xFF  # the higher bytes of an SQLite code say more precisely what its lowest says


def passes_by_itself(error: DBAPIError) -> bool:
    """Whether the database, rather than the statement, is the reason."""
    if error.connection_invalidated or isinstance(error.driver_exception, asyncpg.InternalClientError):
        return True  # the latter: the server has ended the session, and the driver is just hearing of it
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return code & PRIMARY_CODE in PASSING_SQLITE
    state = getattr(error.orig, "sqlstate", None)
    return state is not None and state.startswith(PASSING_SQLSTATES)


def exists_already(error: DBAPIError) -> bool:
    """Whether another row has the key or the name that one was to have."""
    code = getattr(error.orig, "sqlite_errorcode", None) or getattr(error.orig, "sqlstate", None)
    return code in EXISTS_ALREADY
