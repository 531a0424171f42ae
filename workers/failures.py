"""What an evaluation raises by itself, `Diverged` and `Constant`, and which class any failure of it belongs to."""

from __future__ import annotations

import re

from workers.messages import FailureClass

# PyTorch raises RuntimeError, and sometimes ValueError or IndexError, for all of these; only the words differ.
OF_SHAPES = re.compile(r"\b(shapes?|sizes?|dimensions?|channels|elements|expected input)\b", re.IGNORECASE)
OF_MEMORY = re.compile(r"can't allocate memory|not enough memory|out of memory|std::bad_alloc", re.IGNORECASE)


class Diverged(Exception):
    """A loss, or an answer, that is no finite number."""


class Constant(Exception):
    """A trained network that gives every image the same label: it has learned nothing."""


def failure_class(error: Exception) -> FailureClass:
    """The class of what an evaluation raised; never CRASHED or DEADLINE, which only others can see."""
    if isinstance(error, Diverged):
        return FailureClass.DIVERGED
    if isinstance(error, Constant):
        return FailureClass.CONSTANT
    if isinstance(error, MemoryError):
        return FailureClass.OUT_OF_MEMORY
    if isinstance(error, RuntimeError | ValueError | IndexError):
        if OF_MEMORY.search(str(error)):
            return FailureClass.OUT_OF_MEMORY
        if OF_SHAPES.search(str(error)):
            return FailureClass.SHAPE
    return FailureClass.ERROR
