"""The bus on Kafka 4. Nothing outside this package knows aiokafka.

No Kafka transactions: exactly-once effects come from the consumer's database. A client is thrown away after any error
instead of being trusted to recover, and made anew when it is next needed.
"""

from shared.bus.kafka.bus import KafkaBus

__all__ = ["KafkaBus"]
