"""Every space there is has features, a row a proposal, and keys by which its samplers tell cells apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from search_space.encoding import paths
from search_space.presets import spaces
from search_space.space import CellSpace
from service.sampling.encoding.nasnet_cell import NasnetCell
from service.sampling.encoding.of_space import encoding_of

TWO_DENSE = CellSpace("two-dense", ("conv_3x3", "identity"), nodes=2, wiring="dense", reduction="searched")
SAME_DENSE = replace(spaces["nb201"], name="same-dense", reduction="same")
ONE_NODE = [space.restricted(nodes=1) for space in spaces.values()]


@pytest.mark.parametrize(
    "space", [*spaces.values(), *ONE_NODE, TWO_DENSE, SAME_DENSE], ids=lambda space: f"{space.name}-{space.nodes}"
)
def test_any_answers_have_features_a_key_and_a_simplest_form_with_the_same_genotype(space: CellSpace) -> None:
    encoding = encoding_of(space)
    assert list(encoding.choices) == [decision.name for decision in space.decisions]
    rng = np.random.default_rng(0)
    answers = rng.integers(list(encoding.choices.values()), size=(50, len(encoding.choices)))
    for view in encoding.views(answers):
        for group in view:
            assert group.shape[0] == len(answers)
            assert np.isfinite(group).all()

    def key(row: list[int]) -> str:
        return space.genotype(dict(zip(encoding.choices, row, strict=True))).key

    for row, simplest in zip(answers.tolist(), encoding.simplest(answers).tolist(), strict=True):
        assert key(simplest) == key(row)
        assert encoding.key(simplest) == encoding.key(row) == key(row)


def test_the_paths_of_a_dense_cell_are_those_of_its_genotype_without_what_changes_nothing() -> None:
    space = spaces["nb201"]
    encoding = encoding_of(space)
    answers = np.random.default_rng(0).integers(len(space.operators), size=(60, len(encoding.choices)))
    genotypes = [space.genotype(dict(zip(encoding.choices, row, strict=True))) for row in answers.tolist()]
    whole = [[path for path in paths(each.normal) if "none" not in path] for each in genotypes]
    expected = [{tuple(step for step in path if step != "skip_connect") for path in own} for own in whole]
    _, _, features, *_ = encoding.views(answers)[0]
    together = features @ features.T
    assert together.tolist() == [[len(one & other) for other in expected] for one in expected]


def test_a_copy_of_the_newest_input_changes_no_function_but_where_the_cell_reduces_too() -> None:
    operators = [
        {"normal.4.from.1.operator": "conv_3x3"},
        {"normal.2.from.1.operator": "skip_connect", "normal.4.from.2.operator": "conv_3x3"},
    ]

    def rows(space: CellSpace) -> NDArray[np.intp]:
        names = [decision.name for decision in space.decisions]
        return np.array([[space.operators.index(own.get(name, "none")) for name in names] for own in operators])

    functions = encoding_of(spaces["nb201"]).functions(rows(spaces["nb201"]))
    assert functions is not None
    assert functions[0] == functions[1]
    assert encoding_of(SAME_DENSE).functions(rows(SAME_DENSE)) is None
    one, other = rows(SAME_DENSE).tolist()
    assert encoding_of(SAME_DENSE).key(one) != encoding_of(SAME_DENSE).key(other)


def test_dense_cells_that_differ_in_the_numbers_of_their_nodes_alone_are_paid_for_once() -> None:
    operators = [
        {"normal.2.from.1.operator": "conv_3x3", "normal.4.from.2.operator": "conv_1x1"},
        {"normal.3.from.1.operator": "conv_3x3", "normal.4.from.3.operator": "conv_1x1"},
    ]
    for space in (spaces["nb201"], SAME_DENSE):
        names = [decision.name for decision in space.decisions]
        rows = [[space.operators.index(own.get(name, "none")) for name in names] for own in operators]
        one, other = map(encoding_of(space).key, rows)
        assert one == other


def test_of_two_distinct_sources_each_carries_its_own_operator() -> None:
    space = CellSpace("d", ("conv_3x3", "identity"), nodes=2, combines=("add",), wiring="distinct", outputs="all")
    pairs = next(decision.choices for decision in space.decisions if decision.name == "normal.3.sources")
    choices = {decision.name: 0 for decision in space.decisions}
    choices |= {"normal.3.sources": pairs.index("1,2"), "normal.3.second.operator": 1}
    row = np.array([[choices[name] for name in NasnetCell(space).choices]])
    *_, made_of = NasnetCell(space).views(row)[-1]
    from_inputs_and_node = made_of[0, :6].reshape(3, 2)
    assert from_inputs_and_node.tolist() == [[1, 0], [2, 0], [0, 1]], "kinds of source by operator, in the normal cell"
