"""Activation and skips around cells, as choices of the skeleton."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from search_space.cost import cost
from search_space.export import to_python
from search_space.merge import merge
from search_space.modules.residual_cell import ResidualCell
from search_space.network import Architecture
from search_space.published import published
from search_space.skeleton import InvalidSkeleton, Skeleton
from tests.search_space.random_cells import random_genotype
from tests.search_space.trained import as_if_trained

SMALL = Skeleton((2, 11, 12), classes=3, channels=5, cells_per_stage=2)


@pytest.mark.parametrize(("name", "function"), [("silu", F.silu), ("gelu", F.gelu), ("elu", F.elu)])
def test_the_activation_stands_wherever_relu_stood(name: Any, function: Callable[[Tensor], Tensor]) -> None:
    network: Any = Architecture(published["nasnet-a"], replace(SMALL, activation=name)).build()
    plain = Architecture(published["nasnet-a"], SMALL).build()
    places = [place for place, module in plain.named_modules() if isinstance(module, nn.ReLU)]
    assert "final_relu" in places
    assert not any(isinstance(module, nn.ReLU) for module in network.modules())
    x = torch.linspace(-3, 3, 50)
    assert all(torch.equal(network.get_submodule(place)(x), function(x)) for place in places)


def test_a_skip_leads_around_the_normal_cells_that_keep_their_width() -> None:
    network: Any = Architecture(published["enas"], replace(SMALL, residual_scale=0.2)).build().eval()
    # N N R N N R N N: the first of a stage widens or follows a cell of another width
    assert [isinstance(cell, ResidualCell) for cell in network.cells] == [n in (1, 4, 7) for n in range(8)]
    residual = network.cells[1]
    h0, h1 = torch.randn(2, 5, 11, 12), torch.randn(2, 25, 11, 12)
    assert torch.allclose(residual(h0, h1), h1 + 0.2 * residual.cell(h0, h1))
    residual.scale = 1.0
    assert torch.equal(residual(h0, h1), h1 + residual.cell(h0, h1))


def test_a_skip_costs_no_parameters_and_moves_bytes() -> None:
    plain = cost(Architecture(published["enas"], SMALL))
    found = cost(Architecture(published["enas"], replace(SMALL, residual_scale=1.0)))
    assert (found.params, found.macs) == (plain.params, plain.macs)
    # two maps are read and one is written: 25 wide on 11x12, 50 on 6x6, 100 on 3x3
    assert found.bytes_moved - plain.bytes_moved == 4 * 3 * (25 * 132 + 50 * 36 + 100 * 9)


@pytest.mark.parametrize("form", ["training", "inference"])
@pytest.mark.parametrize("norm", ["bn", "ibn_a", "ibn_b", "gn"])
def test_what_is_exported_computes_the_same_with_the_same_tensors(norm: Any, form: Any) -> None:
    skeleton = replace(SMALL, activation="gelu", residual_scale=0.3, norm=norm)
    for seed in range(3):
        architecture = Architecture(random_genotype(seed), skeleton)
        images_NCHW = torch.randn(3, *SMALL.input_shape)
        network = as_if_trained(architecture.build(), images_NCHW, seed)
        measured = merge(network) if form == "inference" else network
        exported: Any = {"__name__": "exported"}
        exec(to_python(architecture, form), exported)
        again = exported["build_model"]()
        again.load_state_dict(measured.state_dict())
        assert torch.equal(again.eval()(images_NCHW), measured(images_NCHW))


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("activation", "step", "activation is one of relu, silu, gelu, elu"),
        ("residual_scale", 0.0, "more than 0 and at most 1"),
        ("norm", "batch", "norm is one of bn, ibn_a"),
    ],
)
def test_a_choice_that_there_is_not_is_refused(field: str, value: Any, message: str) -> None:
    with pytest.raises(InvalidSkeleton, match=message):
        replace(SMALL, **{field: value})
