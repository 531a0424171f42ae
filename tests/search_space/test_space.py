"""Search spaces: exact sizes, answers and back, subsets, refusals."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import asdict, replace
from math import factorial, prod
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_space.genotype import Cell, Edge, Genotype, InvalidGenotype
from search_space.operators import OPERATORS
from search_space.presets import spaces
from search_space.published import published
from search_space.space import FIXED_REDUCTION, CellSpace, InvalidSpace

SMALL = CellSpace("small", ("identity", "sep_conv_3x3"), nodes=1)


def test_the_papers_space_has_its_published_size() -> None:
    # Zoph et al. 2017: (b+1)^2 pairs of states, 13^2 pairs of operators, 2 combinations, for 5 nodes and 2 cells
    assert spaces["nasnet-paper"].size == 2_286_906_949_584_691_200**2


def test_papers_count_the_same_spaces() -> None:
    # Without an order of the two operands of a node; Liu et al. 2017, arXiv 1712.00559: 5.6e14 with one
    assert spaces["nasnet-paper"].unordered_size == 79_784_753_920_185_600**2
    assert (spaces["pnas"].size, spaces["pnas"].unordered_size) == (556_627_761_561_600, 20_773_767_168_000)
    # Liu et al. 2018, arXiv 1806.09055; Dong, Yang 2020, arXiv 2001.00326
    assert spaces["darts"].size == 1_037_664_180**2
    assert spaces["nb201"].size == 15_625


def test_spaces_that_no_paper_counts_have_these_sizes() -> None:
    def cell(operators: int, combines: int, nodes: int) -> int:
        return prod(((2 + node) * operators) ** 2 * combines for node in range(nodes))

    assert spaces["nasnet"].size == cell(11, 2, 5) ** 2 == 185_132_917_635_259_877_361_933_814_333_440_000
    assert spaces["amoeba"].size == cell(8, 1, 5) ** 2 == 309_834_464_941_077_422_470_594_560_000
    assert spaces["modern"].size == cell(58, 2, 5) ** 2 == 51072817108828456050502363014642033294248509440000
    assert spaces["tiny"].size == cell(4, 1, 2) ** 2 == 9_216**2 == 84_934_656


def test_the_first_level_of_the_search_of_pnas_has_its_published_size() -> None:
    # The first level of the PNAS search: cells of one node
    first = spaces["pnas"].restricted(nodes=1)
    assert (first.size, first.unordered_size) == (256, 136)


def test_the_paper_of_enas_counts_its_space_short() -> None:
    # Pham et al. 2018, arXiv 1802.03268, has (5 x 5!)^4: for each operand of a cell, of which there are two a node in
    # two cells, the operator once instead of for every node, and 5! orders of sources, which are 2 x 3 x 4 x 5 x 6.
    enas = spaces["enas"]
    paper = (len(enas.operators) * factorial(enas.nodes)) ** 4
    assert paper == 129_600_000_000
    assert enas.size == prod((2 + node) * 5 for node in range(5)) ** 4 == paper * (6 * 5**4) ** 4


@pytest.mark.parametrize("name", spaces)
def test_a_space_says_what_it_is(name: str) -> None:
    assert spaces[name].summary.endswith(".")


@pytest.mark.parametrize(
    ("space", "cells"),
    [
        ("pnas", ["pnasnet-5"]),
        ("darts", ["darts-v1", "darts-v2", "pc-darts-cifar", "pc-darts-imagenet"]),
        ("enas", ["enas"]),
    ],
)
def test_published_cells_lie_in_their_spaces(space: str, cells: list[str]) -> None:
    for cell in cells:
        genotype = published[cell]
        assert spaces[space].genotype(spaces[space].choices(genotype)) == genotype


@pytest.mark.parametrize(("name", "space"), [("nasnet-a", "nasnet-paper"), ("amoebanet-a", "amoeba")])
def test_two_published_cells_lie_outside_their_spaces_by_what_they_give_out_alone(name: str, space: str) -> None:
    """Their released lists have nodes that others read, where a search gives out the loose ends."""

    def loose(cell: Cell) -> Cell:
        return Cell(cell.edges, tuple({0, 1, *cell.nodes}.difference([edge.source for edge in cell.edges])))

    genotype = published[name]
    with pytest.raises(InvalidGenotype, match=r"node 0 is given out, and edge .* reads it"):
        spaces[space].choices(genotype)
    loosened = Genotype(loose(genotype.normal), loose(genotype.reduction))
    assert spaces[space].genotype(spaces[space].choices(loosened)) == loosened


@pytest.mark.parametrize(
    "space",
    [
        SMALL,
        CellSpace("adds", ("identity",), nodes=2, combines=("add",)),
        SMALL.restricted(operators=["identity"]),
        CellSpace("distinct", ("identity", "sep_conv_3x3"), 2, ("add",), "distinct", "all"),
        CellSpace("dense", ("none", "skip_connect", "conv_1x1"), 3, wiring="dense", reduction="fixed"),
        CellSpace("same", ("identity", "sep_conv_3x3"), 2, reduction="same"),
        CellSpace("dense-same", ("none", "skip_connect", "conv_1x1"), 3, wiring="dense", reduction="same"),
        CellSpace("dense-searched", ("none", "skip_connect", "conv_1x1"), 2, wiring="dense"),
    ],
)
def test_the_size_is_the_number_of_ways_to_answer(space: CellSpace) -> None:
    genotypes = list(space.genotypes())
    assert len(genotypes) == space.size
    assert all(space.genotype(space.choices(genotype)) == genotype for genotype in set(genotypes))


COPYING = ("identity", "skip_connect")


@pytest.mark.parametrize("reduction", ["searched", "same", "fixed"])
@pytest.mark.parametrize("wiring", ["pairs", "distinct", "dense"])
@given(st.integers(0, 2**32))
def test_a_copy_has_one_name_in_a_space_with_two(wiring: Any, reduction: Any, seed: int) -> None:
    space = CellSpace("both", (*COPYING, "max_pool_3x3"), 3, ("add",), wiring, reduction=reduction)
    rng = random.Random(seed)
    answers = {decision.name: rng.randrange(len(decision.choices)) for decision in space.decisions}
    genotype = space.genotype(answers)
    assert space.genotype(space.choices(genotype)) == genotype
    inner = [name for name in answers if name.endswith("operator") and _reads_an_inner_node(space, answers, name)]
    renamed = {name: rng.randrange(2) for name in inner if answers[name] < 2}
    assert space.genotype(answers | renamed) == genotype


def _reads_an_inner_node(space: CellSpace, answers: dict[str, int], name: str) -> bool:
    """Whether the edge that decision `name` gives an operator to starts at a node that is no input."""
    where = {"pairs": name.replace("operator", "source"), "distinct": f"{name.rsplit('.', 2)[0]}.sources"}
    if space.wiring == "dense":
        return name.split(".")[-2] != "1"
    chosen = next(d.choices[answers[d.name]] for d in space.decisions if d.name == where[space.wiring])
    sources = [int(source) for source in str(chosen).split(",")]
    return sources[-1 if name.endswith("second.operator") else 0] > 1


def test_a_copy_of_the_newest_input_has_one_name_in_a_normal_cell_and_a_strided_one_has_two() -> None:
    space = CellSpace("both", COPYING, 1, ("add",))
    nothing = {decision.name: 0 for decision in space.decisions}
    read = {f"{cell}.2.first.source": 1 for cell in ("normal", "reduction")}
    one = space.genotype(nothing | read)
    other = space.genotype(nothing | read | {name.replace("source", "operator"): 1 for name in read})
    assert one.normal == other.normal
    assert one.reduction != other.reduction


@pytest.mark.parametrize("reduction", ["searched", "same"])
@pytest.mark.parametrize(
    ("edges", "outputs", "told"),
    [
        ([(1, 2, "conv_3x3")] * 2, (2,), "it needs a copy of node 1, since 2 edges run from node 1 to node 2, which"),
        ([], (1,), "it needs a copy of node 1, which no operator with a stride is"),
    ],
)
def test_a_reduction_cell_that_needs_the_newest_input_twice_lies_in_no_dense_space(
    edges: list[tuple[int, int, str]], outputs: tuple[int, ...], told: str, reduction: Any
) -> None:
    cell = Cell(tuple(Edge(*edge) for edge in edges), outputs)
    with pytest.raises(InvalidGenotype, match=f"^reduction cell: {told}"):
        replace(spaces["nb201"], reduction=reduction).choices(Genotype(cell, cell))


def test_a_reduction_cell_that_is_not_the_same_is_refused_with_the_difference() -> None:
    space = replace(spaces["nb201"], reduction="same")
    copied = Cell((Edge(1, 2, "skip_connect"), Edge(2, 3, "conv_3x3")), (3,))
    genotype = Genotype(copied, copied)
    assert genotype.normal != genotype.reduction
    assert space.genotype(space.choices(genotype)) == genotype
    told = r"^reduction cell: that of space 'nb201' is same, and here edge 1->2 \(conv_3x3\) is one more"
    with pytest.raises(InvalidGenotype, match=told):
        space.choices(Genotype(Cell((Edge(1, 2, "conv_1x1"),), (2,)), copied))


@given(st.sampled_from(sorted(spaces)), st.integers(0, 2**32))
def test_answers_and_genotypes_translate_into_each_other(name: str, seed: int) -> None:
    space = spaces[name]
    genotype = space.sample(random.Random(seed))
    assert space.genotype(space.choices(genotype)) == genotype


def test_the_same_seed_gives_the_same_sample_and_another_seed_another() -> None:
    space = spaces["nasnet"]
    assert space.sample(random.Random(3)) == space.sample(random.Random(3))
    assert len({space.sample(random.Random(seed)).key for seed in range(100)}) == 100


def test_samples_are_uniform_over_the_answers() -> None:
    space = CellSpace("tiny", ("identity", "sep_conv_3x3"), nodes=1, combines=("add",))
    rng = random.Random(0)
    drawn = Counter(space.sample(rng).key for _ in range(6400))
    expected = Counter(genotype.key for genotype in space.genotypes())
    # Of the 16 answers for a cell, 4 put one operator on one source twice; the other 12 pair up into 6 cells.
    assert drawn.keys() == expected.keys()
    assert (len(expected), expected.total()) == (100, 256)
    # Pearson's sum over 100 kinds is 99 on average, with a deviation of 14.
    draws = {key: 6400 / 256 * ways for key, ways in expected.items()}
    assert 50 < sum((drawn[key] - draws[key]) ** 2 / draws[key] for key in draws) < 150


def test_samples_of_a_preset_are_uniform_over_the_answers_and_so_not_over_the_cells() -> None:
    """Pearson's sum over the 2,178 cells of space "tiny", of which some have 1 answer and some 8."""
    tiny = spaces["tiny"]
    once = replace(tiny, reduction="same")
    genotypes = list(once.genotypes())
    rng = random.Random(0)
    drawn = [tiny.sample(rng) for _ in range(15_000)]
    for ways, found in [
        (Counter(genotype.normal for genotype in genotypes), Counter(genotype.normal for genotype in drawn)),
        (Counter(genotype.reduction for genotype in genotypes), Counter(genotype.reduction for genotype in drawn)),
    ]:
        assert (len(ways), ways.total(), min(ways.values()), max(ways.values())) == (2178, 9216, 1, 8)
        expected = {cell: found.total() / 9216 * count for cell, count in ways.items()}
        pearson = sum((found[cell] - expected[cell]) ** 2 / expected[cell] for cell in ways)
        # 2,177 on average, with a deviation of 69. Were every cell as likely as the others, it would be 5,000 or more.
        assert found.keys() <= ways.keys()
        assert 1900 < pearson < 2450


def test_loose_ends_are_given_out_inputs_too() -> None:
    answers = {decision.name: 0 for decision in SMALL.decisions} | {"normal.2.first.source": 1}
    genotype = SMALL.genotype(answers)
    assert genotype.normal.outputs == (2,)
    assert genotype.reduction.outputs == (1, 2)


def test_a_space_survives_json() -> None:
    space = spaces["nasnet"]
    assert CellSpace(**json.loads(json.dumps(asdict(space)))) == space


def test_the_default_space_has_two_operators_of_each_of_four_families() -> None:
    families = [OPERATORS[name].family for name in spaces["nasnet"].operators]
    for family in ("separable", "dilated", "parameter_free", "large_kernel"):
        assert families.count(family) >= 2, family


def test_a_subset_of_operators_and_nodes_is_a_space() -> None:
    space = spaces["nasnet"].restricted(operators=["identity", "band_11"], nodes=3)
    used = {edge.operator for edge in space.sample(random.Random(0)).normal.edges}
    assert used <= {"identity", "band_11"}
    assert len(space.decisions) == 2 * 3 * 5


@pytest.mark.parametrize(
    ("operators", "nodes", "message"),
    [
        (["sep_conv_3x4"], None, "no operator 'sep_conv_3x4'.*sep_conv_3x3"),
        (["conv_3x3"], None, "in space 'nasnet'"),
        ([], None, "at least one operator"),
        (["identity", "identity"], None, "'identity' is named twice"),
        (None, 0, "1 to 10 nodes, not 0"),
        (None, 1_000_000_000, "1 to 10 nodes"),
    ],
)
def test_a_subset_that_makes_no_sense_is_refused(operators: list[str] | None, nodes: int | None, message: str) -> None:
    with pytest.raises(InvalidSpace, match=message):
        spaces["nasnet"].restricted(operators, nodes)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"wiring": "loops"}, "no wiring 'loops'; use pairs, distinct, dense"),
        ({"outputs": "some"}, "no outputs 'some'"),
        ({"reduction": "none"}, "no reduction 'none'"),
        ({"operators": ("none",)}, "'none' is for dense cells"),
        ({"operators": None}, "a space has a list of operators, not None"),
        ({"operators": 7}, "a space has a list of operators, not 7"),
        ({"operators": "identity"}, "a space has a list of operators, not 'identity'"),
        ({"operators": ([],)}, r"there is no operator \[\]; use "),
        ({"combines": None}, "a space has a list of combinations, not None"),
        ({"combines": "add"}, "a space has a list of combinations, not 'add'"),
        ({"wiring": "dense", "combines": ("concat",)}, "dense cells add: .* 'add' alone, not .'concat',"),
        ({"wiring": "dense", "combines": ("concat", "add")}, "dense cells add"),
        ({"name": []}, r"the name of a space is text, not \[\]"),
        ({"summary": None}, "the summary of a space is text, not None"),
        ({"nodes": "2"}, "a cell has 1 to 10 nodes, not '2'"),
    ],
)
def test_a_space_that_makes_no_sense_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidSpace, match=f"^.*{message}.*$"):
        replace(SMALL, **fields)


@pytest.mark.parametrize("operators", [7, "identity", {"identity"}])
def test_a_subset_that_is_no_list_is_refused(operators: Any) -> None:
    with pytest.raises(InvalidSpace, match=r"^a space has a list of operators, not .*$"):
        SMALL.restricted(operators)


@pytest.mark.parametrize("dims", ["2", None, 0, 4, True, 2.0])
def test_axes_of_no_map_are_refused(dims: Any) -> None:
    with pytest.raises(InvalidSpace, match=r"^maps have 1, 2 or 3 axes, not .*$"):
        SMALL.for_axes(dims)


@pytest.mark.parametrize("value", [None, 7, "{}", []])
def test_what_is_no_genotype_and_what_are_no_answers_are_refused(value: Any) -> None:
    with pytest.raises(InvalidGenotype, match=r"^the answers to decisions describe a Genotype, not .*$"):
        SMALL.choices(value)
    with pytest.raises(InvalidGenotype, match=r"^answers are a mapping from decisions to numbers, not .*$"):
        SMALL.genotype(value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"normal.2.combine": 2}, "'normal.2.combine' wants 0 to 1, not 2"),
        ({"normal.2.combine": -1}, "not -1"),
        ({"normal.9.combine": 0}, "no decision 'normal.9.combine'"),
        ({7: 0, "x": 0}, "no decision 'x'"),
        ({"normal.2.combine": []}, r"not \[\]"),
    ],
)
def test_answers_that_fit_no_decision_are_refused(change: dict[Any, Any], message: str) -> None:
    with pytest.raises(InvalidGenotype, match=message):
        SMALL.genotype({decision.name: 0 for decision in SMALL.decisions} | change)


def test_a_missing_answer_is_refused() -> None:
    with pytest.raises(InvalidGenotype, match="wants 0 to 1, not None"):
        SMALL.genotype({})


def test_a_genotype_outside_the_space_is_refused_with_the_reason() -> None:
    cell = Cell((Edge(0, 2, "identity"), Edge(1, 2, "conv_3x3")), outputs=(2,))
    for space, message in [
        (SMALL, r"edge 1->2 \(conv_3x3\) has an operator"),
        (spaces["nasnet"], "1 node, where space 'nasnet' has 5"),
    ]:
        with pytest.raises(InvalidGenotype, match=message):
            space.choices(Genotype(cell, cell))
    for name, told in [
        (
            "nasnet-a",
            r"^normal cell: node 0 is given out, and edge 0->\d .* reads it, where the outputs are the",
        ),
        ("darts-v1", "^normal cell: 4 nodes, where space 'modern' has 5"),
    ]:
        with pytest.raises(InvalidGenotype, match=told):
            spaces["modern"].choices(published[name])
    with pytest.raises(InvalidGenotype, match=r"^reduction cell: node \d is not given out, as all inner nodes are"):
        replace(spaces["enas"], outputs="all").choices(published["enas"])


CONV, SKIP, AVERAGE = "conv_3x3", "skip_connect", "avg_pool_3x3"


@pytest.mark.parametrize(
    ("edges", "outputs", "concat", "operators", "told"),
    [
        ([(0, 2, CONV)], (2,), (), None, r"edge 0->2 \(conv_3x3\) reads the older input"),
        ([(1, 2, CONV)], (2,), (2,), None, "node 2 is to concat, where the nodes of a dense cell add"),
        ([(1, 2, CONV), (1, 3, AVERAGE)], (2, 3), (), None, "nodes 2 and 3 are given out, where .* gives out one"),
        ([], (0,), (), None, "node 0, the older input, is given out"),
        (
            [(1, 2, "sep_conv_3x3")],
            (2,),
            (),
            None,
            r"edge 1->2 \(sep_conv_3x3\) has an operator that .* 'nb201' has not",
        ),
        ([(n, n + 1, CONV) for n in range(1, 6)], (6,), (), None, "it needs 5 nodes, where the space has 3"),
        (
            [(1, 2, CONV), (2, 3, CONV), *[(3, 4, CONV)] * 3],
            (4,),
            (),
            None,
            "it needs 5 nodes, since 3 edges run from node 3 to node 4, where the space has 3",
        ),
        (
            [(1, 2, CONV), (2, 3, CONV), (2, 3, AVERAGE)],
            (3,),
            (),
            ("none", CONV, AVERAGE),
            "it needs a copy of node 2, since 2 edges run from node 2 to node 3, and the space has neither "
            "identity nor skip_connect",
        ),
        (
            [],
            (1,),
            (),
            ("none", CONV),
            "it needs a copy of node 1, and the space has neither identity nor skip_connect",
        ),
        (
            [(1, 2, CONV), (2, 3, CONV), (3, 4, CONV)],
            (4,),
            (),
            (CONV,),
            "no edge runs from node 1 to node 3, and the space has no operator 'none'",
        ),
        ([(1, 2, CONV)], (2,), (), (CONV,), "it has fewer nodes than the space, and the space has no operator 'none'"),
    ],
)
def test_a_cell_outside_a_dense_space_is_refused_with_its_nodes_and_edges(
    edges: list[tuple[int, int, str]], outputs: tuple[int, ...], concat: tuple[int, ...], operators: Any, told: str
) -> None:
    cell = Cell(tuple(Edge(*edge) for edge in edges), outputs, concat)
    with pytest.raises(InvalidGenotype, match=f"^normal cell: {told}"):
        spaces["nb201"].restricted(operators).choices(Genotype(cell, FIXED_REDUCTION))


@pytest.mark.parametrize(
    ("edges", "outputs", "told"),
    [
        ([(1, 2, CONV), (2, 3, CONV), (0, 3, AVERAGE)], (3,), r"edge 0->3 \(avg_pool_3x3\) is one more"),
        ([(1, 2, CONV), (2, 3, CONV)], (3,), r"edge 1->3 \(avg_pool_3x3\) is missing"),
        (FIXED_REDUCTION.edges, (2, 3), "the outputs are 2, 3, the nodes that concat none"),
    ],
)
def test_another_reduction_cell_than_the_fixed_one_is_refused_with_the_difference(
    edges: list[tuple[int, int, str]], outputs: tuple[int, ...], told: str
) -> None:
    normal = Cell((Edge(1, 2, CONV),), (2,))
    with pytest.raises(InvalidGenotype, match=f"^reduction cell: that of space 'nb201' is fixed, and here {told}"):
        spaces["nb201"].choices(Genotype(normal, Cell(tuple(Edge(*edge) for edge in edges), outputs)))
