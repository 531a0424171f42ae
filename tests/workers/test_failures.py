from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from workers.failures import Diverged, failure_class
from workers.messages import FailureClass


def raised(work: Callable[[], object]) -> Exception:
    with pytest.raises(Exception) as caught:
        work()
    assert isinstance(caught.value, Exception)
    return caught.value


@pytest.mark.parametrize(
    "work",
    [
        lambda: torch.ones(2, 3) @ torch.ones(2, 3),
        lambda: torch.ones(2, 3) + torch.ones(2, 4),
        lambda: torch.cat([torch.ones(1, 2, 3, 3), torch.ones(1, 2, 4, 4)], 1),
        lambda: nn.Conv2d(3, 4, 1)(torch.ones(1, 2, 5, 5)),
        lambda: nn.Conv2d(3, 4, 7)(torch.ones(1, 3, 2, 2)),
        lambda: nn.BatchNorm2d(3)(torch.ones(2, 4, 5, 5)),
        lambda: nn.BatchNorm2d(3)(torch.ones(1, 3, 1, 1)),
        lambda: torch.ones(6).view(4, 2),
        lambda: F.avg_pool2d(torch.ones(1, 1, 2, 2), 5),
        lambda: torch.ones(2, 3).sum(dim=4),
    ],
)
def test_tensors_that_do_not_fit_are_a_matter_of_shape(work: Callable[[], object]) -> None:
    assert failure_class(raised(work)) is FailureClass.SHAPE


@pytest.mark.parametrize("work", [lambda: torch.empty(2**52), lambda: bytearray(2**62)])
def test_what_does_not_fit_into_memory_says_so(work: Callable[[], object]) -> None:
    assert failure_class(raised(work)) is FailureClass.OUT_OF_MEMORY


def test_an_accelerator_without_room_says_so() -> None:
    told = "CUDA out of memory. Tried to allocate 20.00 MiB."
    assert failure_class(torch.OutOfMemoryError(told)) is FailureClass.OUT_OF_MEMORY


def test_a_diverged_loss_says_so() -> None:
    assert failure_class(Diverged("nan")) is FailureClass.DIVERGED


def test_anything_else_is_an_error() -> None:
    assert failure_class(KeyError("shape")) is FailureClass.ERROR
    assert failure_class(RuntimeError("no kernel")) is FailureClass.ERROR
