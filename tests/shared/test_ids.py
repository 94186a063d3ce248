"""Identifiers by RFC 9562, section 5.7."""

import os
import time
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.ids import made_at, new_id

MILLISECONDS = st.integers(0, 2**48 - 1)
RANDOM = st.binary(min_size=10, max_size=10)


def made(milliseconds: int, random: bytes) -> UUID:
    """The identifier of this instant with these random bytes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "time_ns", lambda: milliseconds * 1_000_000 + 999_999)
        patch.setattr(os, "urandom", lambda size: random[:size])
        return new_id()


@given(MILLISECONDS, RANDOM)
def test_an_id_is_a_version_7_uuid_with_its_milliseconds_first(milliseconds: int, random: bytes) -> None:
    made_id = made(milliseconds, random)
    assert (made_id.version, made_id.variant) == (7, RFC_4122)
    assert int.from_bytes(made_id.bytes[:6], "big") == milliseconds


@given(MILLISECONDS, MILLISECONDS, RANDOM, RANDOM)
def test_a_later_id_sorts_after_an_earlier_one(one: int, other: int, random: bytes, more: bytes) -> None:
    if one != other:
        assert (made(one, random) < made(other, more)) == (one < other)
        assert (str(made(one, random)) < str(made(other, more))) == (one < other)


@given(MILLISECONDS, st.integers(0, 2**74 - 1), st.integers(0, 2**74 - 1))
def test_all_74_random_bits_count(milliseconds: int, one: int, other: int) -> None:
    def spread(bits: int) -> bytes:
        return ((bits >> 62) << 64 | bits & (1 << 62) - 1).to_bytes(10, "big")

    assert (made(milliseconds, spread(one)) == made(milliseconds, spread(other))) == (one == other)


def test_ids_of_one_instant_differ() -> None:
    assert len({new_id() for _ in range(10_000)}) == 10_000


@given(MILLISECONDS.filter(lambda milliseconds: milliseconds < 2**45), RANDOM)
def test_an_id_tells_when_it_was_made(milliseconds: int, random: bytes) -> None:
    assert made_at(made(milliseconds, random)).timestamp() * 1000 == pytest.approx(milliseconds, abs=0.01)
