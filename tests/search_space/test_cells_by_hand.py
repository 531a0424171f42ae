"""A built cell computes what its genotype draws: each node from its sources, added or concatenated, step by step."""

from __future__ import annotations

from random import Random
from zlib import crc32

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from search_space import genotype as drawn
from search_space.genotype import Genotype
from search_space.modules.cell import Cell
from search_space.modules.convolution import ReLUConvBN
from search_space.network import Architecture
from search_space.operators import OPERATORS
from search_space.presets import spaces
from search_space.skeleton import Skeleton
from tests.search_space.random_cells import random_genotype
from tests.search_space.strategies import Drawing, drawings, redrawn

SKELETON = Skeleton((2, 9, 7), classes=3, channels=4, stages=2)


def by_hand(module: nn.Module, cell: drawn.Cell, h0: Tensor, h1: Tensor) -> Tensor:
    """What `cell` is of its two inputs, (N, C, H, W), with the operators and preparations of `module`."""
    part = module.get_submodule
    made = {0: part("prepare_h0")(h0), 1: part("prepare_h1")(h1)}
    for node in cell.nodes:
        edges = [edge for edge in cell.edges if edge.target == node]
        terms = [part(f"h{node}_{index}")(made[edge.source]) for index, edge in enumerate(edges)]
        made[node] = part(f"h{node}_join")(torch.cat(terms, 1)) if node in cell.concat else torch.stack(terms).sum(0)
    fitted = {name for name, _ in module.named_children()}
    given_out = [part(f"h{node}_out")(made[node]) if f"h{node}_out" in fitted else made[node] for node in cell.outputs]
    return torch.cat(given_out, 1)


def tied(module: nn.Module) -> nn.Module:
    """With weights that hang on the name and shape of each alone, so that equal operators compute the same.

    A 1x1 convolution of concatenated terms treats all terms alike: their order is free.
    """
    for name, weight in module.named_parameters():
        joins = weight.shape[2:] == (1, 1) and weight.shape[1] % weight.shape[0] == 0
        terms = weight.shape[1] // weight.shape[0] if joins else 1
        shape = (len(weight), weight.shape[1] // terms, 1, 1) if joins else weight.shape
        own = torch.Generator().manual_seed(crc32(f"{name} {tuple(shape)}".encode()))
        values = torch.rand(shape, generator=own, dtype=torch.float64) + 0.5
        weight.data = torch.cat([values] * terms, 1) if joins else values
    return module.double().eval()


def as_drawn(module: Cell, drawing: Drawing, h0: Tensor, h1: Tensor) -> list[Tensor]:
    """What each output of `drawing` is, by its own numbers and edges, where all weights are tied."""
    given_in: list[Tensor] = [module.get_submodule("prepare_h0")(h0), module.get_submodule("prepare_h1")(h1)]

    def value(node: int) -> Tensor:
        if node < 2:
            return given_in[node]
        edges = [edge for edge in drawing.edges if edge.target == node]
        terms = []
        for source, _, operator in edges:
            stride = module.stride if source < 2 else 1
            width = module.channels if source else module.channels_h0
            terms.append(tied(OPERATORS[operator].build(width, module.channels, stride))(value(source)))
        if node not in drawing.concat:
            return torch.stack(terms).sum(0)
        joined: Tensor = tied(ReLUConvBN(len(terms) * module.channels, module.channels))(torch.cat(terms, 1))
        return joined

    fitted = {name for name, _ in module.named_children()}
    return [
        module.get_submodule(f"h{node}_out")(value(node)) if f"h{node}_out" in fitted else value(node)
        for node in drawing.outputs
    ]


@given(st.data())
@settings(max_examples=60)
def test_a_built_cell_gives_out_what_was_drawn_under_whatever_numbers(data: st.DataObject) -> None:
    drawing = data.draw(drawings(most_nodes=4, operators=("identity", "sep_conv_3x3", "max_pool_3x3", "conv_1x1")))
    other = data.draw(redrawn(drawing))
    network = Architecture(Genotype(drawing.cell(), drawing.cell()), SKELETON).build()
    # One of each stride; none where no result hangs on it.
    for module in {each.stride: each for each in network.modules() if isinstance(each, Cell)}.values():
        older, newest, _, halves, _ = module.arguments
        h0 = torch.randn(2, older, *((18, 14) if halves else (9, 7)), dtype=torch.float64)
        h1 = torch.randn(2, newest, 9, 7, dtype=torch.float64)
        for part in module.children():
            tied(part)
        built = list(module(h0, h1).split(module.channels, 1))
        for each in (drawing, other):
            left = list(built)
            for output in as_drawn(module, each, h0, h1):
                same = [torch.allclose(output, one, rtol=1e-10, atol=1e-10) for one in left]
                assert any(same)
                del left[same.index(True)]
            assert not left


@pytest.mark.parametrize("name", [*spaces, "none"])
@given(seed=st.integers(0, 2**32))
@example(seed=3)  # of no space: sums of six edges, which take two lines
@example(seed=9)  # and joins of six
@settings(max_examples=3)
def test_every_cell_of_a_network_is_what_its_genotype_draws(name: str, seed: int) -> None:
    genotype = spaces[name].sample(Random(seed)) if name in spaces else random_genotype(seed)
    network = Architecture(genotype, SKELETON).build().double().eval()
    found: list[bool] = []

    def compare(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        cell = genotype.normal if module.stride == 1 else genotype.reduction
        found.append(torch.allclose(by_hand(module, cell, *inputs), output, rtol=1e-12, atol=1e-12))

    for module in network.modules():
        if isinstance(module, Cell):
            module.register_forward_hook(compare)
    with torch.inference_mode():
        network(torch.randn(2, *SKELETON.input_shape, dtype=torch.float64))
    assert found
    assert all(found)
