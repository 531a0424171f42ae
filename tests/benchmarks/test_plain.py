"""What operators are timed against: the same work, in the plain way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from benchmarks.plain import CHANNELS, PLAIN
from search_space.operators import OPERATORS
from tests.search_space.counted import counted
from tests.search_space.trained import as_if_trained

# At (17, 18) each weight of the largest kernel meets a pixel; the plain way of attention takes whole blocks alone.
SIZES: Mapping[str, tuple[int, int]] = {"halo": (16, 16)}
CASES = [
    (name, stride) for name in PLAIN for stride in (1, 2) if stride == 1 or name not in ("identity", "skip_connect")
]


def test_every_operator_has_its_plain_way() -> None:
    assert PLAIN.keys() == OPERATORS.keys()


@pytest.mark.parametrize("name", PLAIN)
def test_the_plain_way_has_the_same_parameters_and_multiplications(name: str) -> None:
    shape = (CHANNELS, 16, 16)
    own = counted(lambda: OPERATORS[name].build(CHANNELS, CHANNELS), shape)
    plain = counted(PLAIN[name], shape)
    assert plain == own or (name in ("dist_l2_3x3", "rbf_3x3") and plain[0] == own[0])  # products, not convolutions


@pytest.mark.parametrize(("name", "stride"), CASES)
def test_with_the_same_weights_the_plain_way_computes_the_same_with_the_same_slopes(name: str, stride: int) -> None:
    torch.manual_seed(0)
    x_NCHW = torch.randn(2, CHANNELS, *SIZES.get(name, (17, 18)))
    operator, plain = OPERATORS[name].build(CHANNELS, CHANNELS, stride), PLAIN[name]()
    with torch.no_grad():
        for own in operator.parameters():  # some begin too small, or too much alike, to show a fault
            own.add_(0.3 * torch.randn_like(own))
    give_weights(as_if_trained(operator, x_NCHW), plain, name, stride)
    x_NCHW.requires_grad_()
    own_NCHW, plain_NCHW = operator(x_NCHW), strided(plain.eval(), name, stride)(x_NCHW)
    assert own_NCHW.shape == plain_NCHW.shape
    assert torch.allclose(own_NCHW, plain_NCHW, rtol=1e-3, atol=1e-4)
    if name != "none":
        assert own_NCHW.std() > 0.05
        towards_NCHW = torch.randn_like(own_NCHW)
        own_slope, plain_slope = (torch.autograd.grad(y, x_NCHW, towards_NCHW)[0] for y in (own_NCHW, plain_NCHW))
        assert torch.allclose(own_slope, plain_slope, rtol=1e-3, atol=1e-3)


def give_weights(operator: nn.Module, plain: nn.Module, name: str, stride: int) -> None:
    """Copies all weights and statistics of the operator to its plain way, which has them in the same order."""
    weights = numbers(operator)
    if name == "cmix":  # real and imaginary parts in one tensor
        weights[:2] = [torch.stack(weights[:2], -1)]
    if name == "halo":  # keys and values by one convolution
        weights[3:5] = [torch.cat(weights[3:5])]
    if name.startswith("convnext") and stride != 1:  # without its residual there is no scale
        weights.insert(6, torch.ones(CHANNELS))
    for own, other in zip(weights, numbers(plain), strict=True):
        other.copy_(own.view_as(other))


def numbers(module: nn.Module) -> list[Tensor]:
    """All that a module computes with."""
    return [tensor for tensor in module.state_dict().values() if tensor.is_floating_point()]


def strided(plain: nn.Module, name: str, stride: int) -> Callable[[Tensor], Tensor]:
    """The plain way at a stride: of all that it computes without, every other row and column, and nothing is added."""
    inner: Mapping[str, Callable[[Any], list[Any]]] = {
        **{f"sep_conv_{k}x{k}": lambda own: [own[1]] for k in (3, 5, 7)},
        "smix": lambda own: [own.layers[2][0], own.layers[3][0]],
        "cmix": lambda own: [own.layers[3][0]],
    }
    if name in inner:  # something follows that sees other pixels
        for convolution in inner[name](plain):
            convolution.stride = (stride, stride)
        return plain
    residual = stride != 1 and name.startswith(("mbconv", "convfirst", "convnext"))
    return lambda x_NCHW: (plain(x_NCHW) - (x_NCHW if residual else 0))[:, :, ::stride, ::stride]
