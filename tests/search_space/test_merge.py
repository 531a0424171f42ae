"""The inference form of a network, against the network."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from search_space.genotype import Cell, Edge, Genotype
from search_space.merge import merge
from search_space.modules.dilated_rep import DilatedRep
from search_space.modules.network import Network
from search_space.modules.residual import ScaledConv
from search_space.modules.spaced import SpacedConv
from search_space.network import Architecture
from search_space.published import published
from search_space.skeleton import Norm, Skeleton, skeletons
from tests.search_space.random_cells import random_genotype
from tests.search_space.trained import as_if_trained

ODD = Skeleton((2, 9, 7), classes=3, channels=5, cells_per_stage=2)


@pytest.mark.parametrize("seed", range(12))
def test_the_merged_network_computes_the_same_whatever_the_statistics(seed: int) -> None:
    images_NCHW = torch.randn(16, 2, 9, 7, generator=torch.Generator().manual_seed(seed))
    network = as_if_trained(Architecture(random_genotype(seed), ODD).build(), images_NCHW, seed)
    # Exactly, for what is folded wrongly must not hide behind the rounding of a deep network of float32.
    network, images_NCHW = network.double(), images_NCHW.double()
    assert torch.allclose(merge(network)(images_NCHW), network(images_NCHW), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", ["nasnet-a", "darts-v2"])
def test_the_merged_network_of_a_published_cell_is_within_float32_rounding(name: str) -> None:
    images_NCHW = torch.randn(16, 2, 9, 7, generator=torch.Generator().manual_seed(0))
    network = as_if_trained(Architecture(published[name], ODD).build(), images_NCHW)
    assert torch.allclose(merge(network)(images_NCHW), network(images_NCHW), rtol=1e-5, atol=1e-5)


def test_no_batch_norm_is_left_and_no_tensor_is_shared() -> None:
    network = Architecture(published["nasnet-a"], skeletons["tiny"]).build()
    merged = merge(network)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in merged.modules())
    assert not {p.data_ptr() for p in network.parameters()} & {p.data_ptr() for p in merged.parameters()}


def test_merging_in_the_middle_of_training_leaves_it_untouched() -> None:
    network = Architecture(published["enas"], skeletons["tiny"]).build().train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    assert not merge(network).training
    assert all(module.training for module in network.modules())
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())


@pytest.mark.parametrize(
    ("operator", "channels", "channels_last"),
    [("conv_3x3", 8, False), ("conv_3x3", 16, True), ("avg_pool_3x3", 8, True), ("sep_conv_3x3", 8, True)],
)
def test_maps_lie_in_memory_as_takes_the_least_time_whatever_the_training(
    operator: str, channels: int, channels_last: bool
) -> None:
    cell = Cell((Edge(0, 2, operator), Edge(1, 2, operator)), (2,))
    network = Architecture(Genotype(cell, cell), Skeleton((3, 16, 16), 10, channels)).build()
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # not in its stub
    merged = merge(network)
    assert isinstance(merged, Network)
    kernels = [kernel for kernel in merged.cells.parameters() if kernel.ndim == 4]
    assert all(kernel.is_contiguous(memory_format=torch.channels_last) for kernel in kernels) == channels_last
    assert all(kernel.is_contiguous() for kernel in merged.stem.parameters())
    first_NCHW = merged.cells[0](*merged.enter(torch.randn(2, 3, 16, 16)))
    assert first_NCHW.is_contiguous(memory_format=torch.channels_last) == channels_last


def test_an_activation_before_a_strided_1x1_convolution_sees_only_the_pixels_that_are_read() -> None:
    cell = Cell((Edge(0, 2, "conv_1x1"), Edge(1, 2, "identity")), (2,))
    reduction = merge(Architecture(Genotype(cell, cell), ODD).build()).get_submodule(f"cells.{ODD.cells_per_stage}")
    seen: list[torch.Size] = []
    for name in ("h2_0", "h2_1"):
        for part in reduction.get_submodule(name).modules():
            if isinstance(part, nn.ReLU):
                part.register_forward_hook(lambda _part, _inputs, output: seen.append(output.shape[2:]))
    reduction(torch.randn(1, 5, 9, 7), torch.randn(1, 5, 9, 7))
    assert seen == [(5, 4), (5, 4)]


@pytest.mark.parametrize("norm", ["gn", "ln"])
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_scales_and_learned_spacings_are_merged_beside_norms_that_cannot_be(norm: Norm, dims: int) -> None:
    edges = [Edge(0, 2, "convnext_7"), Edge(1, 2, "dcls_7_9"), Edge(0, 3, "lk_rep_7"), Edge(2, 3, "dist_l2_3x3")]
    cell = Cell(tuple(edges), (3,))
    skeleton = Skeleton((2, *(12, 11, 9)[:dims]), classes=3, channels=8, stages=2, norm=norm)
    network = Architecture(Genotype(cell, cell), skeleton).build()
    images_NCHW = torch.randn(4, *skeleton.input_shape, generator=torch.Generator().manual_seed(1))
    network = as_if_trained(network, images_NCHW).double()
    merged = merge(network)
    assert not any(isinstance(module, ScaledConv | SpacedConv) for module in merged.modules())
    assert any(isinstance(module, DilatedRep) for module in merged.modules())
    assert torch.allclose(merged(images_NCHW.double()), network(images_NCHW.double()), rtol=1e-9, atol=1e-9)
