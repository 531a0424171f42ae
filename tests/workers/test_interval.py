from __future__ import annotations

import random
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.interval import median_interval

block = st.lists(st.floats(0.01, 100), min_size=1, max_size=30)


@given(blocks=st.lists(block, min_size=1, max_size=12))
def test_the_median_lies_in_its_interval_and_the_interval_among_the_samples(blocks: list[list[float]]) -> None:
    samples = [sample for block in blocks for sample in block]
    low, high = median_interval(blocks)
    assert min(samples) <= low <= median(samples) <= high <= max(samples)


@given(blocks=st.lists(block, min_size=2, max_size=12))
def test_an_interval_over_blocks_is_never_narrower_than_that_of_as_many_independent_samples(
    blocks: list[list[float]],
) -> None:
    low, high = median_interval(blocks)
    narrowest_low, narrowest_high = median_interval([[sample for block in blocks for sample in block]])
    assert low <= narrowest_low
    assert high >= narrowest_high


@given(samples=block, factor=st.floats(0.1, 10))
def test_an_interval_keeps_its_unit(samples: list[float], factor: float) -> None:
    scaled = median_interval([[factor * sample for sample in samples]])
    assert scaled == pytest.approx([factor * bound for bound in median_interval([samples])])


@pytest.mark.parametrize(("count", "ranks"), [(9, (2, 8)), (100, (41, 60))])
def test_of_independent_samples_it_is_the_textbook_s(count: int, ranks: tuple[int, int]) -> None:
    """Conover 1999, section 3.2: n/2 -+ 1.96 sqrt(n)/2, both rounded up."""
    assert median_interval([list(range(1, count + 1))]) == ranks


@pytest.mark.parametrize("blocks", [4, 8])
def test_it_holds_the_true_median_where_the_blocks_lie_apart_and_one_block_does_not(blocks: int) -> None:
    chance = random.Random(blocks)

    def draw() -> list[float]:
        shift = chance.gauss(0, 0.1)
        return [1 + shift + chance.gauss(0, 0.02) for _ in range(20)]

    def held(count: int) -> float:
        intervals = [median_interval([draw() for _ in range(count)]) for _ in range(1000)]
        return sum(low <= 1 <= high for low, high in intervals) / len(intervals)

    assert held(blocks) > 0.9
    assert held(1) < 0.3
