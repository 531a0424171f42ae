"""Other norms than batch norm: what they compute, where they stand, what they cost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from search_space.assembly import assemble
from search_space.cost import cost
from search_space.export import to_python
from search_space.genotype import Cell, Edge, Genotype
from search_space.merge import merge
from search_space.module_source import Form
from search_space.modules.convolution import FactorizedReduction
from search_space.modules.norms import InstanceBatchNorm, NormalisedCell
from search_space.modules.unread import Unread
from search_space.network import Architecture
from search_space.published import published
from search_space.skeleton import InvalidSkeleton, Norm, Skeleton
from tests.search_space.counted import counted
from tests.search_space.random_cells import every_operator, random_genotype
from tests.search_space.trained import as_if_trained

SMALL = Skeleton((2, 11, 12), classes=3, channels=5, cells_per_stage=2)
NORMS: tuple[Norm, ...] = ("ibn_a", "ibn_b", "gn", "ln")


@pytest.mark.parametrize(("share", "plain"), [(0.0, nn.BatchNorm2d(9)), (1.0, nn.InstanceNorm2d(9, affine=True))])
def test_a_share_of_none_is_batch_norm_and_of_all_is_instance_norm(share: float, plain: nn.Module) -> None:
    x_NCHW = torch.randn(4, 9, 5, 6)
    assert torch.equal(InstanceBatchNorm(9, share)(x_NCHW), plain(x_NCHW))


def test_of_an_odd_width_the_smaller_half_is_instance_normalised() -> None:
    x_NCHW = 3 + torch.randn(4, 9, 5, 6) * torch.arange(1, 5).view(4, 1, 1, 1)
    norm = InstanceBatchNorm(9)
    y_NCHW = norm(x_NCHW)
    assert norm.widths == [4, 5]
    assert torch.allclose(y_NCHW[:, :4].mean((2, 3)), torch.zeros(4, 4), atol=1e-5)
    assert torch.allclose(y_NCHW[:, 4:].mean((0, 2, 3)), torch.zeros(5), atol=1e-5)
    assert not torch.allclose(y_NCHW[:, 4:].mean((2, 3)), torch.zeros(4, 5), atol=1e-2)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("seed", range(3))
def test_a_network_costs_what_its_description_says(norm: Norm, seed: int) -> None:
    for stages in (2, 3):
        architecture = Architecture(random_genotype(seed), replace(SMALL, norm=norm, stages=stages))
        said = cost(architecture)
        assert counted(architecture.build, SMALL.input_shape) == (said.params, said.macs)


def test_instance_norms_stand_in_the_first_two_stages_and_never_in_the_last() -> None:
    genotype = published["enas"]
    halves = assemble(genotype, replace(SMALL, norm="ibn_a"))
    ends = assemble(genotype, replace(SMALL, norm="ibn_b"))
    # N N R N N R N N
    found = [any(isinstance(m, InstanceBatchNorm) for m in cell.modules()) for cell in halves.cells]
    assert found == [True] * 5 + [False] * 3
    assert [isinstance(cell, NormalisedCell) for cell in ends.cells] == [n in (1, 4) for n in range(8)]
    # 2 for each of the 5 nodes of 5 and of 10 channels that the ends of the first two stages give out
    plain = cost(Architecture(genotype, SMALL)).params
    assert cost(Architecture(genotype, replace(SMALL, norm="ibn_a"))).params == plain
    assert cost(Architecture(genotype, replace(SMALL, norm="ibn_b"))).params == plain + 2 * 5 * (5 + 10)


@pytest.mark.parametrize("norm", ["gn", "ln"])
def test_no_batch_norm_is_left(norm: Norm) -> None:
    network = Architecture(published["nasnet-a"], replace(SMALL, norm=norm)).build()
    assert not any(isinstance(module, nn.BatchNorm2d) for module in network.modules())
    images_NCHW = torch.randn(4, *SMALL.input_shape)
    assert torch.allclose(network(images_NCHW)[1:2], network(images_NCHW[1:2]), atol=1e-5)


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("norm", ["gn", "ln"])
def test_one_norm_sees_all_channels_of_a_factorised_reduction(norm: Norm, dims: int) -> None:
    """Wherever one stands: before the older input, as a strided skip connection, behind an input that is given out."""
    reduction = Cell((Edge(0, 2, "skip_connect"), Edge(1, 2, "avg_pool_3x3")), (0, 1, 2))
    normal = Cell((Edge(0, 2, "identity"), Edge(1, 2, "avg_pool_3x3")), (2,))
    skeleton = Skeleton((2, *(11, 12, 9)[:dims]), 3, channels=5, stages=2, norm=norm)
    network = assemble(Genotype(normal, reduction), skeleton).eval()
    found = {name: part for name, part in network.named_modules() if isinstance(part, FactorizedReduction)}
    assert len(found) == 4  # one is of the normal cell after the reduction
    for name, halves in found.items():
        assert sum(parameter.numel() for parameter in halves.parameters() if parameter.ndim == 1) == 0
        after: Any = network.get_submodule(name.removesuffix(".0"))
        torch.nn.init.normal_(after[1].weight)
        x = torch.randn(3, halves.even.get_parameter("0.weight").shape[1], *(7, 6, 5)[:dims])
        both = halves(x)
        if norm == "ln":
            of_pixels = F.layer_norm(both.movedim(1, -1), both.shape[1:2], after[1].weight, after[1].bias, 1e-6)
            assert torch.allclose(after(x), of_pixels.movedim(-1, 1), atol=1e-6)
        else:
            groups = {5: 1, 10: 5}[both.shape[1]]
            assert torch.equal(after(x), F.group_norm(both, groups, after[1].weight, after[1].bias))


def test_batch_norm_keeps_a_norm_and_its_name_for_each_half_of_a_factorised_reduction() -> None:
    names = [f"{half}.{part}" for half in ("even", "odd") for part in ("0.weight", "1.weight", "1.bias")]
    assert [name for name, _ in FactorizedReduction(3, 5).named_parameters()] == names


@pytest.mark.parametrize("channels", [4, 6, 7, 16])
@pytest.mark.parametrize(("pixels", "stages"), [(8, 4), (1, 1)])
def test_group_norm_takes_one_image_whose_maps_shrink_to_a_pixel(channels: int, pixels: int, stages: int) -> None:
    skeleton = Skeleton((1, pixels, pixels), 3, channels, stages=stages, norm="gn")
    for genotype in (published["nasnet-a"], every_operator()):
        network = Architecture(genotype, skeleton).build().eval()
        logits = [network(torch.randn(1, *skeleton.input_shape)) for _ in range(2)]
        assert not torch.equal(*logits)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("form", ["training", "inference"])
def test_what_is_exported_computes_the_same_with_the_same_tensors(norm: Norm, form: Form) -> None:
    for seed in range(3):
        architecture = Architecture(random_genotype(seed), replace(SMALL, norm=norm))
        images_NCHW = torch.randn(3, *SMALL.input_shape)
        network = as_if_trained(architecture.build(), images_NCHW, seed)
        measured = merge(network) if form == "inference" else network
        assert torch.allclose(measured(images_NCHW), network(images_NCHW), rtol=1e-5, atol=1e-4)
        exported: dict[str, Any] = {"__name__": "exported"}
        exec(to_python(architecture, form), exported)
        again = exported["build_model"]()
        again.load_state_dict(measured.state_dict())
        assert torch.equal(again.eval()(images_NCHW), measured(images_NCHW))


def test_instance_norm_without_a_stage_to_stand_in_is_refused() -> None:
    with pytest.raises(InvalidSkeleton, match="ibn_a is for stages before the last"):
        replace(SMALL, norm="ibn_a", stages=1)


def test_cells_that_are_not_built_are_left_alone() -> None:
    """Of cells that read only the older input, every second one is read by no other."""
    cell = Cell((Edge(0, 2, "conv_3x3"),), (2,))
    architecture = Architecture(Genotype(cell, cell), replace(SMALL, norm="ibn_b", stages=2))
    network = assemble(architecture.genotype, architecture.skeleton)
    assert [type(part) is Unread for part in network.cells] == [False, True, False, True, False]
    assert network.stage_ends == [1, 4]
    assert sum(own.numel() for own in network.parameters()) == cost(architecture).params
