"""The data sets that a user may name."""

from __future__ import annotations

from service.domain.errors import Invalid
from workers.data.catalogue import DATASETS, Dataset


def named(name: str) -> Dataset:
    """The data set of this name; Invalid where there is none, with the names that there are."""
    if name not in DATASETS:
        raise Invalid("dataset", f"Unknown data set {name!r}; use one of {', '.join(DATASETS)}.")
    return DATASETS[name]
