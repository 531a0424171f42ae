"""The memory that a network takes, against what is alive while it runs."""

from __future__ import annotations

import random
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from search_space.cost import cost
from search_space.memory import peak_memory_bytes
from search_space.merge import merge
from search_space.network import Architecture
from search_space.presets import spaces
from search_space.skeleton import Skeleton, skeletons

CIFAR = Skeleton((3, 32, 32), classes=10, channels=16, cells_per_stage=2)


class Alive(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the bytes of the tensors that were made and are not yet gone; `peak` is the most at one moment."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.peak: int = 0
        self._bytes: dict[int, int] = {}

    def __torch_dispatch__(
        self, call: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        made = call(*args, **(kwargs or {}))
        for tensor in made if isinstance(made, tuple | list) else (made,):
            if isinstance(tensor, torch.Tensor) and (own := tensor.untyped_storage())._cdata not in self._bytes:
                self._bytes[own._cdata] = own.nbytes()
                weakref.finalize(own, self._bytes.pop, own._cdata)
                self.peak = max(self.peak, sum(self._bytes.values()))
        return made


def taken_bytes(architecture: Architecture) -> int:
    """The weights, and the most that is alive in one pass."""
    network = merge(architecture.build()).eval()
    x_NCHW = torch.zeros(1, *architecture.skeleton.input_shape)
    with torch.no_grad(), Alive() as alive:
        network(x_NCHW)
    peak: int = alive.peak
    return peak + 4 * cost(architecture).params


@pytest.mark.parametrize(
    ("space", "skeleton", "most"),
    [("nasnet", skeletons["tiny"], 1.25), ("nasnet", CIFAR, 1.25), ("darts", CIFAR, 1.25), ("modern", CIFAR, 20.0)],
)
def test_it_is_never_more_than_what_is_taken_and_near_it_where_operators_are_narrow(
    space: str, skeleton: Skeleton, most: float
) -> None:
    rng = random.Random(0)
    for _ in range(8):
        architecture = Architecture(spaces[space].sample(rng), skeleton)
        ratio = taken_bytes(architecture) / peak_memory_bytes(architecture)
        assert 0.99 <= ratio <= most, architecture.genotype


def test_wider_and_larger_networks_take_more() -> None:
    genotype = spaces["nasnet"].sample(random.Random(1))
    sizes = [
        peak_memory_bytes(Architecture(genotype, Skeleton((3, side, side), 10, channels)))
        for side, channels in ((16, 8), (32, 8), (32, 16))
    ]
    assert sizes == sorted(set(sizes))
