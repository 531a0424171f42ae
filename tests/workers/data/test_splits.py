from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.data.labelled import LabelledData
from workers.data.load import load
from workers.data.splits import SearchData, Split, split


def numbered(labels_N: np.ndarray, **more: np.ndarray) -> LabelledData:
    """Images that carry their own number, so that one can be followed."""
    images_NCHW = np.arange(len(labels_N), dtype=np.float32).reshape(-1, 1, 1, 1)
    return LabelledData(images_NCHW, labels_N.astype(np.int64), **more)


def numbers(part: LabelledData) -> set[int]:
    return {int(number) for number in part.images_NCHW[:, 0, 0, 0]}


def parts(cut: Split) -> list[set[int]]:
    return [numbers(part) for part in (cut.train, cut.validation, cut.test)]


@given(seed=st.integers(0, 2**31), count=st.integers(50, 300), shares=st.tuples(*[st.floats(0.1, 0.5)] * 2))
@settings(max_examples=40, deadline=None)
def test_every_image_is_in_exactly_one_part(seed: int, count: int, shares: tuple[float, float]) -> None:
    cut = split(numbered(np.arange(count) % 5), seed, *shares)
    assert set.union(*parts(cut)) == set(range(count))
    assert sum(len(part) for part in parts(cut)) == count


def test_no_test_image_reaches_a_search() -> None:
    cut = split(load("digits"))
    test = {image.tobytes() for image in cut.test.images_NCHW}
    for part in (cut.search.train, cut.search.validation):
        assert test.isdisjoint(image.tobytes() for image in part.images_NCHW)
    assert not hasattr(SearchData, "test")


def test_a_seed_is_a_split() -> None:
    data = numbered(np.arange(100) % 10)
    assert parts(split(data, 1)) == parts(split(data, 1))
    assert parts(split(data, 1)) != parts(split(data, 2))


def test_each_class_is_in_each_part_in_proportion() -> None:
    data = load("digits")
    cut = split(data)
    for part in (cut.train, cut.validation, cut.test):
        found = np.bincount(part.labels_N) / len(part)
        assert np.abs(found - np.bincount(data.labels_N) / len(data)).max() < 0.01


def test_groups_are_never_torn() -> None:
    data = numbered(np.arange(200) % 2, groups_N=np.arange(200) // 7)
    for one, other in combinations(parts(split(data)), 2):
        assert {number // 7 for number in one}.isdisjoint(number // 7 for number in other)


def test_the_publishers_test_images_stay_the_test_images() -> None:
    marks = np.arange(100) >= 80
    assert numbers(split(numbered(np.arange(100) % 10, published_test_N=marks)).test) == set(range(80, 100))


def test_too_few_images_for_three_parts_are_refused() -> None:
    with pytest.raises(ValueError, match="too few"):
        split(numbered(np.arange(3)))
