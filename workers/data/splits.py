"""Which images train a network, which guide the search, and which are kept for the end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workers.data.labelled import LabelledData, Labels

Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class SearchData:
    """All that a search may see: what trains a network and what scores it. Test images cannot be in here."""

    train: LabelledData
    validation: LabelledData

    def lacks(self, classes: int) -> tuple[str, int] | None:
        """The part, "train" or "validation", that has no image of one of so many classes, and the first such class."""
        for name, part in (("train", self.train), ("validation", self.validation)):
            if absent := set(range(classes)) - set(part.labels_N.tolist()):
                return name, min(absent)
        return None


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Three disjoint parts of a data set. `test` is for finalists; evaluations of a search get `search` only."""

    train: LabelledData
    validation: LabelledData
    test: LabelledData

    @property
    def search(self) -> SearchData:
        return SearchData(self.train, self.validation)


def split(data: LabelledData, seed: int = 0, validation_share: float = 0.25, test_share: float = 0.2) -> Split:
    """Cuts `data` the same way each time for a seed; each class in proportion, groups never torn.

    Where the publisher has set test images aside, these are the test images and `test_share` counts for nothing.
    `validation_share` is a share of what is not test. ValueError where a part would be empty.
    """
    if not (0 < validation_share < 1 and 0 < test_share < 1):
        raise ValueError("shares are between 0 and 1")
    random = np.random.default_rng(seed)
    if data.published_test_N is None:
        rest, test = _cut(np.arange(len(data)), data, test_share, random)
    else:
        rest, test = np.flatnonzero(~data.published_test_N), np.flatnonzero(data.published_test_N)
    train, validation = _cut(rest, data, validation_share, random)
    if not (len(train) and len(validation) and len(test)):
        raise ValueError("too few items, or groups of them, for three parts")
    return Split(data.part(train), data.part(validation), data.part(test))


def _cut(indices: Indices, data: LabelledData, share: float, random: np.random.Generator) -> tuple[Indices, Indices]:
    """`indices` in two parts, both rising; the second has about `share` of them."""
    if data.groups_N is None:
        chosen = _share_of_each_class(data.labels_N[indices], share, random)
    else:
        chosen = _whole_groups(data.groups_N[indices], share, random)
    return indices[~chosen], indices[chosen]


def _share_of_each_class(labels_N: Labels, share: float, random: np.random.Generator) -> NDArray[np.bool_]:
    chosen = np.zeros(len(labels_N), dtype=np.bool_)
    for label in np.unique(labels_N):
        members = random.permutation(np.flatnonzero(labels_N == label))
        chosen[members[: round(share * len(members))]] = True
    return chosen


def _whole_groups(groups_N: Labels, share: float, random: np.random.Generator) -> NDArray[np.bool_]:
    groups = random.permutation(np.unique(groups_N))
    return np.isin(groups_N, groups[: round(share * len(groups))])
