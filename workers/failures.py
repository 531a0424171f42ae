"""Which class a failure of an evaluation belongs to."""

from __future__ import annotations

import re

import torch

from workers.messages import FailureClass
from workers.train import Constant, Diverged

# PyTorch raises RuntimeError, and sometimes ValueError or IndexError, for all of these; only the words differ.
OF_SHAPES = re.compile(r"\b(shapes?|sizes?|dimensions?|channels|elements|expected input)\b", re.IGNORECASE)
OF_MEMORY = re.compile(r"can't allocate memory|not enough memory|out of memory|std::bad_alloc", re.IGNORECASE)


def failure_class(error: Exception) -> FailureClass:
    """The class of what an evaluation raised; never CRASHED or DEADLINE, which only others can see."""
    if isinstance(error, Diverged):
        return FailureClass.DIVERGED
    if isinstance(error, Constant):
        return FailureClass.CONSTANT
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return FailureClass.OUT_OF_MEMORY
    if isinstance(error, RuntimeError | ValueError | IndexError):
        if OF_MEMORY.search(str(error)):
            return FailureClass.OUT_OF_MEMORY
        if OF_SHAPES.search(str(error)):
            return FailureClass.SHAPE
    return FailureClass.ERROR
