"""Every client of Kafka must put a key into the same partition."""

import pytest
from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from shared.bus.partitions import murmur2, partition_of


@pytest.mark.parametrize(
    ("key", "signed"),  # the values that Kafka's own tests of its hash expect
    [
        ("21", -973932308),
        ("foobar", -790332482),
        ("a-little-bit-long-string", -985981536),
        ("a-little-bit-longer-string", -1486304829),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        ("abc", 479470107),
    ],
)
def test_the_hash_is_the_one_that_kafka_expects(key: str, signed: int) -> None:
    assert murmur2(key.encode()) == signed % 2**32


@given(key=st.text(), partitions=st.integers(1, 50))
def test_a_key_goes_where_the_client_library_would_send_it(key: str, partitions: int) -> None:
    everything = list(range(partitions))
    assert partition_of(key, partitions) == DefaultPartitioner()(key.encode(), everything, everything)
