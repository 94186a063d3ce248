"""Reading events back from the log as they were written."""

from typing import Any

import orjson
from sqlalchemy import Row

from shared.events.envelope import Envelope


def stored_envelope(row: Row[Any]) -> Envelope:
    """The envelope of a row of `event_log`, its data byte for byte as hashed."""
    return Envelope.from_attributes(orjson.loads(row.attributes), row.payload)
