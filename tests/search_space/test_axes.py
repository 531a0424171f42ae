"""Networks for signals and for volumes: built, trained, costed, merged, exported as those for images are."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import asdict, replace
from random import Random
from typing import Any, get_args

import pytest
import torch
from torch import Tensor, nn

from search_space.cost import auxiliary_cost, cost
from search_space.export import to_python
from search_space.genotype import Cell, Edge, Genotype, InvalidGenotype
from search_space.merge import merge
from search_space.network import Architecture, suits
from search_space.operators import OPERATORS
from search_space.presets import spaces
from search_space.published import published
from search_space.regularisation import Auxiliary, DropPath
from search_space.skeleton import Norm, Skeleton, StemName, skeletons
from tests.search_space.counted import counted
from tests.search_space.random_cells import random_genotype
from tests.search_space.trained import as_if_trained

SIGNAL = Skeleton((3, 37), classes=4, channels=6, cells_per_stage=2)
VOLUME = Skeleton((2, 9, 10, 11), classes=3, channels=4, cells_per_stage=1, stages=2)


def genotypes(count: int, dims: int) -> list[Genotype]:
    """Random ones of those operators that are for maps of so many axes, and one with all of them."""
    rng = Random(0)
    names = [name for name, operator in OPERATORS.items() if dims in operator.dims]
    some = []
    for seed in range(count):
        drawn = random_genotype(seed)
        cells = [
            Cell(tuple(Edge(s, t, rng.choice(names)) for s, t, _ in cell.edges), cell.outputs, cell.concat)
            for _, cell in drawn.cells
        ]
        some.append(Genotype(*cells))
    edges = [Edge(number % 2, 2 + number // 10, name) for number, name in enumerate(names)]
    every = Cell(tuple(edges), tuple(sorted({edge.target for edge in edges})))
    return [*some, Genotype(every, every)]


@pytest.mark.parametrize(
    ("skeleton", "genotype"),
    [
        pytest.param(skeleton, genotype, id=f"{genotype.key}-{number}")
        for number, skeleton in enumerate((SIGNAL, VOLUME, replace(SIGNAL, input_shape=(1, 5)), skeletons["signal"]))
        for genotype in genotypes(3, skeleton.dims)
    ],
)
def test_a_network_costs_what_its_description_says(skeleton: Skeleton, genotype: Genotype) -> None:
    architecture = Architecture(genotype, skeleton)
    said = cost(architecture)
    assert counted(architecture.build, skeleton.input_shape) == (said.params, said.macs)


@pytest.mark.parametrize("shape", [(1, 70), (2, 35, 36, 37)])
@pytest.mark.parametrize("stem", get_args(StemName))
def test_every_stem_is_for_any_number_of_axes(stem: Any, shape: tuple[int, ...]) -> None:
    skeleton = Skeleton(shape, classes=2, channels=16, stages=2, stem=stem)
    architecture = Architecture(published["darts-v2"], skeleton)
    said = cost(architecture)
    assert counted(architecture.build, shape) == (said.params, said.macs)


@pytest.mark.parametrize(
    ("skeleton", "norm"),
    [
        *((SIGNAL, norm) for norm in get_args(Norm)),
        *((replace(VOLUME, input_shape=(1, 3, 2, 4)), norm) for norm in get_args(Norm)),
        (VOLUME, "bn"),
    ],
)
def test_a_network_learns_and_its_merged_and_exported_forms_compute_the_same(skeleton: Skeleton, norm: Any) -> None:
    torch.manual_seed(0)
    help = {"drop_path": DropPath(0.8), "recursion": 2, "activation": "silu", "initialisation": "orthogonal"}
    architecture = Architecture(genotypes(1, skeleton.dims)[0], replace(skeleton, norm=norm, **help))  # type: ignore[arg-type]
    network = architecture.build()
    x, labels_N = torch.randn(8, *skeleton.input_shape), torch.arange(8) % skeleton.classes
    optimiser = torch.optim.SGD(network.parameters(), lr=0.05)
    losses = []
    for _ in range(6):
        loss = nn.functional.cross_entropy(network(x), labels_N)
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        assert all(own.grad is not None and own.grad.isfinite().all() for own in network.parameters())
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    network = as_if_trained(network, x)
    # In float64: in float32 either form of so deep a network rounds by 1e-4 and more.
    exact, few = deepcopy(network).double(), x[:2].double()
    assert torch.allclose(merge(exact)(few), exact(few), rtol=1e-9, atol=1e-9)
    assert_exports_compute_the_same(architecture, network, x)


def assert_exports_compute_the_same(architecture: Architecture, network: nn.Module, x: Tensor) -> None:
    """Both forms, to the bit."""
    for form, measured in (("training", network), ("inference", merge(network))):
        exported: dict[str, Any] = {"__name__": "exported"}
        exec(to_python(architecture, form), exported)  # type: ignore[arg-type]
        again = exported["build_model"]()
        again.load_state_dict(measured.state_dict())
        assert torch.equal(again.eval()(x), measured(x))


@pytest.mark.parametrize("shape", [(2, 9), (1, 3, 2, 4)])
def test_every_operator_is_exported_as_it_computes(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    skeleton = Skeleton(shape, classes=2, channels=4, cells_per_stage=1, stages=2)
    architecture = Architecture(genotypes(0, len(shape) - 1)[0], skeleton)
    x = torch.randn(4, *shape)
    network = as_if_trained(architecture.build(), x)
    assert_exports_compute_the_same(architecture, network, x)


@pytest.mark.parametrize(("name", "size"), [("signal", (128,)), ("volume", (16, 16, 16))])
def test_there_are_skeletons_for_signals_and_volumes(name: str, size: tuple[int, ...]) -> None:
    skeleton = skeletons[name]
    assert skeleton.size == size
    assert Skeleton(**json.loads(json.dumps(asdict(skeleton)))) == skeleton
    network = Architecture(published["nasnet-a"], skeleton).build().eval()
    assert network(torch.randn(2, *skeleton.input_shape)).shape == (2, 2)


def test_an_auxiliary_head_reads_signals_and_volumes() -> None:
    for skeleton in (SIGNAL, replace(VOLUME, input_shape=(1, 12, 11, 12))):
        architecture = Architecture(published["enas"], replace(skeleton, auxiliary=Auxiliary(-1, widths=(6, 7))))
        network: Any = architecture.build()
        own = sum(parameter.numel() for parameter in network.auxiliary.parameters())
        assert own == auxiliary_cost(architecture).params
        logits_NK, auxiliary_NK = network.logits(torch.randn(4, *skeleton.input_shape))
        assert logits_NK.shape == auxiliary_NK.shape == (4, skeleton.classes)


@pytest.mark.parametrize(
    ("name", "dims"),
    [(name, dims) for name, operator in OPERATORS.items() for dims in (1, 2, 3) if dims not in operator.dims],
)
def test_an_operator_for_maps_of_other_axes_is_refused_with_its_nodes_and_edge(name: str, dims: int) -> None:
    cell = Cell((Edge(0, 2, "sep_conv_3x3"), Edge(1, 2, name)), (2,))
    genotype = Genotype(cell, cell)
    skeleton = {1: SIGNAL, 2: skeletons["tiny"], 3: VOLUME}[dims]
    assert not suits(genotype, skeleton)
    told = rf"normal cell: edge 1->2 \({name}\) .* for maps of .* axes, where nodes 1 and 2 have {dims}"
    with pytest.raises(InvalidGenotype, match=told):
        Architecture(genotype, skeleton)
    suiting = {1: SIGNAL, 2: skeletons["tiny"], 3: VOLUME}[OPERATORS[name].dims[0]]
    assert suits(genotype, suiting)
    assert cost(Architecture(genotype, suiting)).params > 0


@pytest.mark.parametrize("dims", [1, 3])
def test_a_space_keeps_the_operators_for_so_many_axes(dims: int) -> None:
    space = spaces["modern"].for_axes(dims)
    assert set(space.operators) == {name for name in spaces["modern"].operators if dims in OPERATORS[name].dims}
    skeleton = {1: SIGNAL, 3: VOLUME}[dims]
    assert cost(Architecture(space.sample(Random(1)), skeleton)).params > 0
    assert spaces["darts"].for_axes(dims) == spaces["darts"]
