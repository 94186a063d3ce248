"""The hash chain of an aggregate."""

from collections.abc import Sequence
from hashlib import sha256

from hypothesis import assume, given
from hypothesis import strategies as st

from shared.event_log.chain import link, link_digest

Facts = Sequence[tuple[bytes, bytes]]
chains = st.lists(st.tuples(st.binary(max_size=20), st.binary(max_size=20)), min_size=1, max_size=8)


def head(facts: Facts) -> bytes:
    """The hash of the last event of an aggregate."""
    last = b""
    for attributes, payload in facts:
        last = link(last, attributes, payload)
    return last


def test_the_first_link_is_the_documented_hash() -> None:
    assert link(b"", b"{}", b"null").hex() == sha256(sha256(b"{}").digest() + sha256(b"null").digest()).hexdigest()


def test_a_link_is_a_known_value() -> None:
    second = link(link(b"", b'{"id":"1"}', b'{"a":1}'), b'{"id":"2"}', b'{"a":2}')
    assert second.hex() == "3c959da49f3a9ed1c6e3e8317bc434d1b5bf82c5af3521a8c5813a00a1e8d07f"


@given(st.binary(max_size=40), st.binary(max_size=40), st.binary(max_size=40))
def test_an_erased_payload_leaves_the_chain_whole(previous: bytes, attributes: bytes, payload: bytes) -> None:
    assert link_digest(previous, attributes, sha256(payload).digest()) == link(previous, attributes, payload)


@given(chains, chains)
def test_other_facts_have_another_head(one: Facts, other: Facts) -> None:
    assume(one != other)
    assert head(one) != head(other)


@given(chains, st.data())
def test_any_change_of_an_event_changes_the_head(facts: Facts, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(facts) - 1))
    changed = data.draw(st.tuples(st.binary(max_size=20), st.binary(max_size=20)))
    assume(changed != facts[at])
    assert head([*facts[:at], changed, *facts[at + 1 :]]) != head(facts)


@given(st.binary(max_size=10), st.binary(max_size=10), st.binary(max_size=10), st.integers(0, 10))
def test_bytes_cannot_move_between_attributes_and_payload(
    attributes: bytes, payload: bytes, previous: bytes, cut: int
) -> None:
    both = attributes + payload
    assume((both[:cut], both[cut:]) != (attributes, payload))
    assert link(previous, both[:cut], both[cut:]) != link(previous, attributes, payload)
