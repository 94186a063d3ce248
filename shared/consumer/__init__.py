"""From records on the bus to rows: each event applied once, in order per aggregate, whatever fails."""

from shared.consumer.projection import Projection, Row
from shared.consumer.reaction import Reaction
from shared.consumer.tables import ConsumerTables

__all__ = ["ConsumerTables", "Projection", "Reaction", "Row"]
