"""The audit trail of a service: append-only facts with a hash chain per aggregate, and what is still to be sent."""

from shared.event_log.aggregate import Aggregate, loaded
from shared.event_log.tables import EventLogTables
from shared.event_log.work import Cause, UnitOfWork

__all__ = ["Aggregate", "Cause", "EventLogTables", "UnitOfWork", "loaded"]
