"""The hash chain: hash = SHA-256(previous hash ‖ SHA-256(canonical attributes) ‖ SHA-256(payload bytes))."""

from hashlib import sha256


def link(previous: bytes, attributes: bytes, payload: bytes) -> bytes:
    """The hash of an event that follows `previous` (empty for the first) in its aggregate."""
    return link_digest(previous, attributes, sha256(payload).digest())


def link_digest(previous: bytes, attributes: bytes, payload_digest: bytes) -> bytes:
    """The same where only the payload's digest is left, after an erasure."""
    return sha256(previous + sha256(attributes).digest() + payload_digest).digest()
