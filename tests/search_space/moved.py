"""What a module reads and writes for one input, counted as it runs, on torch's "meta" device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from search_space.modules.convolution import FactorizedReduction

WEIGHTED = {"convolution", "addmm", "mm"}
LAYERS = WEIGHTED | {"avg_pool2d", "max_pool2d_with_indices", "mean", "cat", "new_zeros", "native_layer_norm"}
FREE = {"relu", "silu", "gelu", "native_batch_norm", "empty", "view", "t", "permute", "slice", "detach", "alias"}


class Unforeseen(Exception):
    """A module has a step of which the conventions of costs say nothing in general."""


class Traffic(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's has no types
    """Numbers that layers, pools, sums and concatenations read and write; norms, activations, scales and padding none.

    A sum reads each term and is written once, however many terms it has. The halves of a factorised reduction read
    their input once, and write side by side.
    """

    def __init__(self, module: nn.Module) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.numbers = 0
        self.running: list[nn.Module] = []
        # By the id of a tensor, which is kept, so that no other gets its id.
        self.sums: dict[int, tuple[nn.Module, Tensor]] = {}
        self.padded: dict[int, tuple[Tensor, Tensor]] = {}
        for unit in module.modules():
            unit.register_forward_pre_hook(lambda unit, _: self.running.append(unit))
            unit.register_forward_hook(self.leave)

    def leave(self, unit: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        self.running.pop()
        if isinstance(unit, FactorizedReduction):
            weights = sum(own.numel() for own in unit.parameters() if own.ndim > 1)
            self.numbers += inputs[0].numel() + weights + output.numel()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if not any(isinstance(unit, FactorizedReduction) for unit in self.running):
            self.count(func.overloadpacket.__name__, args, result)
        return result

    def count(self, name: str, args: Any, result: Any) -> None:
        if name == "constant_pad_nd":
            self.padded[id(result)] = result, args[0]
        elif name == "add":
            unit = self.running[-1]
            new = [term for term in args if id(term) not in self.sums or self.sums[id(term)][0] is not unit]
            self.numbers += sum(term.numel() for term in new) + (result.numel() if len(new) == 2 else 0)
            self.sums[id(result)] = unit, result
        elif name in LAYERS:
            read = args[0] if name == "cat" else args[: 3 if name in WEIGHTED else 1]
            given = [] if name == "new_zeros" else [self.unpadded(part) for part in read if part is not None]
            written = result[0] if isinstance(result, tuple) else result
            self.numbers += sum(part.numel() for part in given) + written.numel()
        elif name not in FREE and not (name == "mul" and args[0].ndim in (1, 3)):  # a scale for each channel
            raise Unforeseen(name)

    def unpadded(self, x: Tensor) -> Tensor:
        return self.padded[id(x)][1] if id(x) in self.padded else x


def moved_bytes(build: Callable[[], nn.Module], input_shape: tuple[int, ...]) -> int:
    """For one input in float32; Unforeseen where that cannot be counted."""
    with torch.device("meta"):
        module = build().eval()
        x = torch.empty(1, *input_shape)
    traffic = Traffic(module)
    with torch.no_grad(), traffic:
        module(x)
    return 4 * traffic.numbers
