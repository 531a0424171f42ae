"""What a module costs, counted on the module itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

CONVOLUTIONS_AND_LINEAR = {
    torch.ops.aten.convolution,
    torch.ops.aten.addmm,
    torch.ops.aten.mm,
    torch.ops.aten._cdist_forward,
}


def counted(build: Callable[[], nn.Module], input_shape: tuple[int, ...]) -> tuple[int, int]:
    """Parameters, and MACs for one input, which are not spent: those of convolutions, linear layers and distances.

    The products of an attention are none of these; a difference and its addition to a distance count as one MAC.
    """
    with torch.device("meta"):
        module = build().eval()
        x = torch.empty(1, *input_shape)
    counter = FlopCounterMode(display=False, custom_mapping={torch.ops.aten._cdist_forward: _distance_flops})
    with counter:
        module(x)
    flops = counter.get_flop_counts().get("Global", {})
    counts = sum(number for operation, number in flops.items() if operation in CONVOLUTIONS_AND_LINEAR)
    return sum(p.numel() for p in module.parameters()), counts // 2


def _distance_flops(one_shape: Sequence[int], other_shape: Sequence[int], *_: object, **__: object) -> int:
    *batch, rows, features = one_shape
    return 2 * torch.Size(batch).numel() * rows * other_shape[-2] * features


def agrees(count: int, published: int | str | None) -> bool:
    """Whether this is what a source gives: all digits, rounded ("2.774G", "905M"), or nothing at all."""
    if not isinstance(published, str):
        return published in (None, count)
    decimals = len(published.partition(".")[2].rstrip("GM"))
    return f"{count / {'M': 1e6, 'G': 1e9}[published[-1]]:.{decimals}f}{published[-1]}" == published
