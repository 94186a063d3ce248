"""What If-Match means, in one place."""

import pytest

from shared.errors import PreconditionFailed, PreconditionRequired
from shared.revisions import must_match


@pytest.mark.parametrize(("revision", "expected"), [(0, None), (0, 0), (1, 1), (7, 7)])
def test_what_was_seen_may_be_changed_and_what_is_not_there_made(revision: int, expected: int | None) -> None:
    must_match(revision, expected)


@pytest.mark.parametrize(
    ("revision", "expected", "refusal"),
    [
        (1, None, PreconditionRequired),
        (2, 1, PreconditionFailed),
        (1, 0, PreconditionFailed),
        (0, 1, PreconditionFailed),
    ],
)
def test_what_was_not_seen_is_refused_with_what_is_there(
    revision: int, expected: int | None, refusal: type[PreconditionRequired | PreconditionFailed]
) -> None:
    with pytest.raises(refusal) as refused:
        must_match(revision, expected)
    assert refused.value.facts["etag"] == f'"{revision}"'
