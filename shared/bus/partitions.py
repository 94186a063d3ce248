"""Which partition a key belongs to: the same answer on every broker, so that moving between them keeps the order."""

from functools import lru_cache
from struct import iter_unpack

WORD = 0xFFFFFFFF
MIX = 0x5BD1E995  # multiplier of MurmurHash2
SEED = 0x9747B28C  # the seed that Kafka's clients use


@lru_cache(maxsize=65_536)  # plans and units of a province fit; hashing in Python costs more than the rest of a send
def partition_of(key: str, partitions: int) -> int:
    return (murmur2(key.encode()) & 0x7FFFFFFF) % partitions


def murmur2(data: bytes) -> int:
    """MurmurHash2 as Kafka's default partitioner computes it, unsigned."""
    whole = len(data) & ~3
    state = SEED ^ len(data)
    for (word,) in iter_unpack("<I", data[:whole]):
        mixed = word * MIX & WORD
        state = (state * MIX ^ (mixed ^ mixed >> 24) * MIX) & WORD
    if rest := data[whole:]:
        state = (state ^ int.from_bytes(rest, "little")) * MIX & WORD
    state = (state ^ state >> 13) * MIX & WORD
    return state ^ state >> 15
