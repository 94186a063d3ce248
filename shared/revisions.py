"""Revisions that a caller has to have seen before it changes something (`If-Match`)."""

from shared.errors import PreconditionFailed, PreconditionRequired


def must_match(revision: int, expected: int | None) -> None:
    """Whether what is to change is what the caller saw; a `revision` of 0 means that there is nothing yet.

    Raises PreconditionRequired where the caller did not say, unless there is nothing, and PreconditionFailed where it saw
    another, also where it saw something and there is nothing.
    """
    tag = f'"{revision}"'
    if expected is None and revision > 0:
        raise PreconditionRequired(etag=tag)
    if expected is not None and expected != revision:
        raise PreconditionFailed(etag=tag)
