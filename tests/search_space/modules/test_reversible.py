"""Cells whose inputs are computed from their results: same gradients, memory flat in depth."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from search_space.cost import cost
from search_space.export import to_python
from search_space.modules.network import Network
from search_space.modules.reversible import ReversibleCell
from search_space.network import Architecture
from search_space.published import published
from search_space.regularisation import Auxiliary
from search_space.skeleton import Skeleton
from tests.search_space.counted import counted
from tests.search_space.random_cells import random_genotype

SMALL = Skeleton((2, 12, 11), classes=3, channels=4, cells_per_stage=4, stages=2, reversible=True)


def built(skeleton: Skeleton = SMALL, genotype: str = "enas") -> Any:
    torch.manual_seed(0)
    return Architecture(published[genotype], skeleton).build()


def stored(network: Any, images_NCHW: Tensor) -> Tensor:
    """The logits of a pass that keeps all that it computes."""
    tensors = network.enter(images_NCHW)
    for number in range(len(network.cells)):
        tensors = Network.step(network, number, tensors)
    logits_NK: Tensor = network.classify(tensors[-1])
    return logits_NK


def gradients(network: nn.Module) -> list[Any]:
    found = [parameter.grad for parameter in network.parameters()]
    network.zero_grad(set_to_none=True)
    return found


def test_the_cells_whose_inputs_and_result_are_alike_are_reversible() -> None:
    # N N N N R N N N N: five nodes are given out everywhere but by the reduction, which gives four
    found = [isinstance(cell, ReversibleCell) for cell in built().cells]
    assert found == [False, False, True, True, False, False, False, True, True]


@pytest.mark.parametrize("norm", ["bn", "gn", "ibn_a", "ibn_b"])
@pytest.mark.parametrize("recursion", [1, 2])
def test_gradients_are_those_of_the_stored_form(norm: Any, recursion: int) -> None:
    network = built(replace(SMALL, norm=norm, recursion=recursion)).double()
    images_NCHW = torch.randn(3, *SMALL.input_shape, dtype=torch.float64)
    labels_N = torch.tensor([0, 1, 2])
    found = []
    for forward in (network, lambda x_NCHW: stored(network, x_NCHW)):
        read = images_NCHW.clone().requires_grad_()
        loss = nn.functional.cross_entropy(forward(read), labels_N)
        torch.autograd.backward(loss)
        found.append((loss, read.grad, gradients(network)))
    of_images: Any
    of_plain_images: Any
    (loss, of_images, of_weights), (plain_loss, of_plain_images, of_plain_weights) = found
    assert torch.equal(loss, plain_loss)
    assert torch.allclose(of_images, of_plain_images, rtol=1e-9, atol=1e-12)
    for one, other in zip(of_weights, of_plain_weights, strict=True):
        assert one is not None
        assert torch.allclose(one, other, rtol=1e-9, atol=1e-12)


def test_in_float32_gradients_are_those_of_the_stored_form_to_rounding() -> None:
    network = built(replace(SMALL, norm="gn", cells_per_stage=6))
    images_NCHW = torch.randn(4, *SMALL.input_shape)
    both = []
    for forward in (network, lambda x_NCHW: stored(network, x_NCHW)):
        torch.autograd.backward(forward(images_NCHW).square().sum())
        both.append(torch.cat([own.flatten() for own in gradients(network) if own is not None]))
    assert (both[0] - both[1]).norm() <= 1e-5 * both[1].norm()


def test_older_inputs_are_had_back_from_results() -> None:
    cell = built().cells[2].eval()
    h0, h1 = torch.randn(2, 2, 20, 6, 5)
    assert torch.allclose(cell(h0, h1) - cell.change(h1), h0, atol=1e-5)


def test_norms_count_a_batch_once() -> None:
    network = built()
    images_NCHW = torch.randn(3, *SMALL.input_shape)
    torch.autograd.backward(network(images_NCHW).sum())
    counts = [own.num_batches_tracked for own in network.modules() if isinstance(own, nn.BatchNorm2d)]
    assert {int(count) for count in counts if count is not None} == {1}
    assert all(own.track_running_stats for own in network.modules() if isinstance(own, nn.BatchNorm2d))


def kept_for_gradients(network: Any, images_NCHW: Tensor) -> int:
    """Bytes of the activations that a forward pass leaves for the backward one."""
    own = {parameter.data_ptr() for parameter in network.parameters()}
    kept: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        if tensor.data_ptr() not in own:
            kept[tensor.data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        output = network(images_NCHW)
    assert output.requires_grad
    return sum(kept.values())


def test_memory_is_flat_in_depth() -> None:
    images_NCHW = torch.randn(2, *SMALL.input_shape)
    kept = [kept_for_gradients(built(replace(SMALL, cells_per_stage=depth)), images_NCHW) for depth in (5, 10, 20)]
    plain = [
        kept_for_gradients(built(replace(SMALL, cells_per_stage=depth, reversible=False)), images_NCHW)
        for depth in (5, 10, 20)
    ]
    assert kept[0] == kept[1] == kept[2]
    assert plain[1] > 1.5 * plain[0]
    assert plain[2] > 3 * kept[2]


def test_two_passes_before_one_gradient_and_a_second_gradient_of_one_pass_are_right() -> None:
    network = built(replace(SMALL, norm="gn")).double()
    one, other = torch.randn(2, 2, *SMALL.input_shape, dtype=torch.float64)
    torch.autograd.backward(network(one).sum() + network(other).square().sum())
    together = gradients(network)
    torch.autograd.backward(stored(network, one).sum() + stored(network, other).square().sum())
    for mine, same in zip(together, gradients(network), strict=True):
        assert torch.allclose(mine, same, rtol=1e-9, atol=1e-12)


def test_frozen_weights_get_no_gradient_and_the_others_theirs() -> None:
    network = built()
    frozen = network.cells[2].cell.prepare_h1
    frozen.requires_grad_(False)
    torch.autograd.backward(network(torch.randn(3, *SMALL.input_shape)).square().sum())
    assert all(own.grad is None for own in frozen.parameters())
    assert all(own.grad is not None for own in network.parameters() if own.requires_grad)


@pytest.mark.parametrize("offset", [-1, 1])
def test_an_auxiliary_head_may_read_a_cell_within_a_row(offset: int) -> None:
    network = built(replace(SMALL, auxiliary=Auxiliary(offset, widths=(8, 8)))).double().train()
    images_NCHW = torch.randn(3, *SMALL.input_shape, dtype=torch.float64)
    logits_NK, auxiliary_NK = network.logits(images_NCHW)
    assert torch.allclose(logits_NK, stored(network, images_NCHW))
    torch.autograd.backward(logits_NK.sum() + auxiliary_NK.square().sum())
    assert all(own.grad is not None and torch.isfinite(own.grad).all() for own in network.parameters())


@pytest.mark.parametrize("seed", range(6))
def test_a_reversible_network_costs_what_its_description_says(seed: int) -> None:
    architecture = Architecture(random_genotype(seed), SMALL)
    said = cost(architecture)
    assert counted(architecture.build, SMALL.input_shape) == (said.params, said.macs)


def test_the_exported_file_trains_in_flat_memory_too() -> None:
    exported: dict[str, Any] = {"__name__": "exported"}
    exec(to_python(Architecture(published["enas"], SMALL)), exported)
    images_NCHW = torch.randn(2, *SMALL.input_shape)
    kept = [kept_for_gradients(exported["build_model"](cells_per_stage=depth), images_NCHW) for depth in (5, 9)]
    assert kept[0] == kept[1]
