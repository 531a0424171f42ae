"""A built cell computes what its genotype draws: each node from its sources, added or concatenated, step by step."""

from __future__ import annotations

from random import Random

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from search_space import genotype as drawn
from search_space.modules.cell import Cell
from search_space.network import Architecture
from search_space.presets import spaces
from search_space.skeleton import Skeleton

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


@pytest.mark.parametrize("name", ["nasnet", "nasnet-paper", "pnas", "enas", "amoeba", "darts", "nb201", "modern"])
@given(seed=st.integers(0, 2**32))
@settings(max_examples=3)
def test_every_cell_of_a_network_is_what_its_genotype_draws(name: str, seed: int) -> None:
    genotype = spaces[name].sample(Random(seed))
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
