"""What a module reads and writes for one input, counted as it runs, on torch's "meta" device."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from search_space.modules.convolution import FactorizedReduction

# How many of their arguments, maps and weights, these read.
LAYERS = {
    **dict.fromkeys(("convolution", "addmm"), 3),
    **dict.fromkeys(("mm", "bmm", "_cdist_forward"), 2),
    **dict.fromkeys(("avg_pool2d", "max_pool2d_with_indices", "avg_pool3d", "max_pool3d_with_indices"), 1),
    **dict.fromkeys(("native_layer_norm", "native_group_norm", "native_batch_norm", "im2col"), 1),
    "new_zeros": 0,
}
REDUCTIONS = {"mean", "sum", "amax", "argmax", "_softmax"}
ELEMENTWISE = {
    *("add", "sub", "mul", "div", "neg", "abs", "pow", "sqrt", "exp", "clamp", "clamp_", "tanh", "sigmoid"),
    *("relu", "silu", "gelu", "elu", "stack"),
}
# The same numbers or some of them, in whatever order they lie in memory.
VIEWS = {
    *("view", "_unsafe_view", "t", "transpose", "permute", "expand", "unsqueeze", "squeeze", "unfold"),
    *("slice", "split", "split_with_sizes", "unbind", "detach", "alias", "clone", "as_strided_"),
}


class Unforeseen(Exception):
    """A module has a step of which the conventions of costs say nothing in general."""


@dataclass(frozen=True)
class Seen:
    """Of which maps that lie in memory a tensor is a view or a sum, by their ids, and how many numbers of each it sees.

    A `step` of several maps, or one that stacks, is written where it ends; what comes of one map is part of what reads
    it. The tensor is kept, so that no other gets its id.
    """

    tensor: Tensor
    numbers: Counter[int]
    step: bool = False


class Traffic(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's has no types
    """Numbers that layers of a module, and the steps between them, read and write, as `search_space.counting` says.

    A step is the elementwise maths within one module's own `forward`. What depends on parameters alone is there from
    the beginning, and counts as the weights of the layer that reads it. The halves of a factorised reduction read their
    input once, and write side by side.
    """

    def __init__(self, module: nn.Module) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.numbers = 0
        self.running: list[nn.Module] = []
        self.constants = {id(own): own for own in (*module.parameters(), *module.buffers())}
        self.seen: dict[int, Seen] = {}
        for unit in module.modules():
            unit.register_forward_pre_hook(self.enter)
            unit.register_forward_hook(self.leave)

    def enter(self, unit: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        self.end_steps(inputs)
        self.running.append(unit)

    def leave(self, unit: nn.Module, inputs: tuple[Tensor, ...], output: Tensor | tuple[Tensor, ...]) -> None:
        self.running.pop()
        self.end_steps([output] if isinstance(output, Tensor) else output)
        if isinstance(unit, FactorizedReduction) and isinstance(output, Tensor):
            weights = sum(own.numel() for own in unit.parameters() if own.ndim > 1)
            self.numbers += inputs[0].numel() + weights + output.numel()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if not any(isinstance(unit, FactorizedReduction) for unit in self.running):
            self.count(func.overloadpacket.__name__, args, result)
        return result

    def count(self, name: str, args: Any, result: Any) -> None:
        listed = args[0] if name in ("cat", "stack") else args
        given = [each for each in listed if isinstance(each, Tensor) and id(each) not in self.constants]
        results = list(result) if isinstance(result, tuple | list) else [result]
        if not given or name == "ones_like":
            self.constants |= {id(each): each for each in results}
        elif name in VIEWS:
            for part in results:
                self.seen[id(part)] = self.part(given[0], part, _stepped_over(*args) if name == "slice" else 1)
        elif name == "constant_pad_nd":
            self.seen[id(result)] = Seen(result, self.sight(given[0]).numbers, self.sight(given[0]).step)
        elif name in ELEMENTWISE or (name == "native_batch_norm" and not _reads_first(*args)):
            self.seen[id(results[0])] = self.combined(given, results[0], name == "stack")
        elif name in REDUCTIONS:
            self.numbers += self.sight(given[0]).numbers.total() + result.numel()
        elif name == "gather":
            self.end_steps(given)
            self.numbers += 3 * result.numel()  # what it picks, by an index for each, and that written
        elif name in LAYERS or name == "cat":
            read = [each for each in listed[: LAYERS.get(name)] if each is not None]
            self.end_steps(read)
            self.numbers += sum(self.sight(each).numbers.total() for each in read) + results[0].numel()
        else:
            raise Unforeseen(name)

    def sight(self, x: Tensor) -> Seen:
        return self.seen.setdefault(id(x), Seen(x, Counter({id(x): x.numel()})))

    def end_steps(self, maps: Iterable[Tensor]) -> None:
        """Writes what is still on its way to these, which then lie in memory."""
        for each in maps:
            if self.sight(each).step:
                self.numbers += self.sight(each).numbers.total() + each.numel()
                self.seen[id(each)] = Seen(each, Counter({id(each): each.numel()}))

    def part(self, whole: Tensor, part: Tensor, stepped_over: float) -> Seen:
        """A view: of a map it sees its part, with what it steps over as a strided layer does, and no number twice."""
        sight = self.sight(whole)
        if sight.step:
            return Seen(part, sight.numbers, step=True)
        ((source, numbers),) = sight.numbers.items()
        spread = max(1, numbers / max(1, whole.numel())) * stepped_over
        return Seen(part, Counter({source: min(numbers, round(part.numel() * spread))}))

    def combined(self, terms: list[Tensor], result: Tensor, stacked: bool) -> Seen:
        """Elementwise maths, which sees what its terms see, but no number twice."""
        sights = [self.sight(term) for term in terms]
        numbers = sum((sight.numbers for sight in sights), Counter[int]())
        numbers &= Counter({source: self.seen[source].tensor.numel() for source in numbers})
        return Seen(result, numbers, stacked or len(numbers) > 1 or any(sight.step for sight in sights))


def _reads_first(*args: Any) -> bool:
    """Whether a batch norm takes mean and variance of the batch itself, as an instance norm does of every image."""
    return bool(args[5])


def _stepped_over(x: Tensor, axis: int = 0, start: int = 0, end: int | None = None, step: int = 1) -> float:
    """How many times as many numbers a slice would have without its step."""
    length = min(x.shape[axis], x.shape[axis] if end is None else end) - start
    return max(1, length) / max(1, -(-length // step))


def moved_bytes(build: Callable[[], nn.Module], input_shape: tuple[int, ...]) -> int:
    """For one input in float32; Unforeseen where that cannot be counted."""
    with torch.device("meta"):
        module = build().eval()
        x = torch.empty(1, *input_shape)
    traffic = Traffic(module)
    with torch.no_grad(), traffic:
        module(x)
    return 4 * traffic.numbers
