"""The bytes that a description says are moved, against those that are counted as the module runs."""

from __future__ import annotations

import pytest
from hypothesis import Phase, given, settings

from search_space.cost import cost
from search_space.genotype import Genotype
from search_space.network import Architecture
from search_space.operators import OPERATORS
from search_space.simplify import COPIES
from tests.search_space.moved import moved_bytes
from tests.search_space.strategies import genotypes
from tests.search_space.test_assembly import SMALL

# These take many small steps of their own, of which their descriptions say how many maps are read and written.
STEPS_OF_THEIR_OWN = {
    *("inc_dw_11", "pfg", "smix", "cmix", "halo"),
    *("dcls_7_9", "dcls_17_34", "dcls_17_26_gauss", "dist_l1_3x3", "dist_l2_3x3", "rbf_3x3"),
    "shift_3x3",  # strided, it is told as a pool is, which reads all of its input
}
COUNTED = tuple(name for name in OPERATORS if name not in STEPS_OF_THEIR_OWN)
# A copy of a node's sum, as a term of another sum, cannot be told from a part of that sum.
BUT_COPIES = tuple(name for name in COUNTED if name not in COPIES)


@pytest.mark.parametrize("name", COUNTED)
def test_an_operator_moves_as_many_bytes_as_it_says(name: str) -> None:
    operator = OPERATORS[name]
    for channels_in, stride in ((12, 1), (20, 1), (12, 2), (20, 2)):
        said = operator.cost(channels_in, 12, (9, 7), stride).bytes_moved
        found = moved_bytes(lambda: operator.build(channels_in, 12, stride), (channels_in, 9, 7))  # noqa: B023
        assert found == said


@pytest.mark.parametrize("skeleton", SMALL)
@given(genotype=genotypes(BUT_COPIES))
@settings(max_examples=2, phases=[Phase.generate])  # a large network takes minutes to be made small
def test_a_network_moves_as_many_bytes_as_its_description_says(skeleton: str, genotype: Genotype) -> None:
    architecture = Architecture(genotype, SMALL[skeleton])
    assert moved_bytes(architecture.build, SMALL[skeleton].input_shape) == cost(architecture).bytes_moved
