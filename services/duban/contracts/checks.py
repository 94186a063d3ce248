"""All that `duban contracts check` looks at."""

from pathlib import Path

from services.duban.contracts.catalogue import unheard
from services.duban.contracts.examples import example_faults
from services.duban.contracts.files import differences, documents
from services.duban.contracts.openapi import ambiguous_operations, openapi_documents
from services.duban.contracts.releases import incompatibilities


def faults(folder: Path) -> list[str]:
    """A sentence for each thing that is wrong; none where the contracts may be merged."""
    apis = openapi_documents()
    return [
        *unheard(),
        *ambiguous_operations(apis),
        *differences(folder, documents(apis)),
        *example_faults(folder),
        *incompatibilities(folder),
    ]
