"""What helps the training of a network and is gone after it: auxiliary head, drop path."""

from __future__ import annotations

import reprlib
from dataclasses import dataclass

from search_space.counting import Size


class InvalidRegularisation(ValueError):
    """A help for training that makes no sense; the message says what does."""


@dataclass(frozen=True, slots=True)
class Auxiliary:
    """A second classifier in the middle; the loss is the main one and `weight` times its own.

    ReLU, average pool 5x5 without padding, 1x1 convolution to the first of `widths`, norm, ReLU, a convolution as
    large as what is left to the second, norm, ReLU, linear. It reads the cell at `offset` from the last reduction.
    The released codes agree on that, and differ in the fields:

    - NASNet, PNASNet (TF-slim): the cell before the last reduction, offset -1; AmoebaNet also with `widths` (51, 307);
    - DARTS: the last reduction, offset 0, and on ImageNet `pool_stride` 2 and no `last_norm`;
    - ENAS: the cell after the last reduction, offset 1.
    """

    offset: int = -1
    pool_stride: int = 3
    widths: tuple[int, int] = (128, 768)
    last_norm: bool = True
    weight: float = 0.4

    def __post_init__(self) -> None:
        if type(self.offset) is not int or self.offset not in (-1, 0, 1):
            raise InvalidRegularisation(
                f"auxiliary.offset is -1, 0 or 1 from the last reduction cell, not {reprlib.repr(self.offset)}"
            )
        if type(self.pool_stride) is not int or self.pool_stride not in (1, 2, 3):
            raise InvalidRegularisation(f"auxiliary.pool_stride is 1, 2 or 3, not {reprlib.repr(self.pool_stride)}")
        if not isinstance(self.widths, tuple | list) or [_is_width(width) for width in self.widths] != [True, True]:
            raise InvalidRegularisation(
                f"auxiliary.widths are two whole numbers from 1 to 4096, not {reprlib.repr(self.widths)}"
            )
        object.__setattr__(self, "widths", tuple(self.widths))
        if type(self.last_norm) is not bool:
            raise InvalidRegularisation(f"auxiliary.last_norm is true or false, not {reprlib.repr(self.last_norm)}")
        if not is_number(self.weight) or not 0 < self.weight <= 10:
            raise InvalidRegularisation(
                f"auxiliary.weight is a number more than 0 and at most 10, not {reprlib.repr(self.weight)}"
            )

    def pooled(self, size: Size) -> Size:
        """Height and width after its pool, of a map of `size`."""
        return tuple((pixels - 5) // self.pool_stride + 1 for pixels in size)


@dataclass(frozen=True, slots=True)
class DropPath:
    """Each operator's result, but an identity's, is dropped for a whole image with a probability that grows.

    An `identity` is spared wherever it stands, as in TF-slim; a `skip_connect`, as in DARTS, where it is its input, so
    not where it is strided nor where it changes the width, as that of the first cell's older input may.

    It is 0 at first and 1 - `keep` in the end: over the cells with `by_layer`, over the training with `by_time`.
    The released codes: NASNet, PNASNet ("v3") and ENAS use both with keep 0.6 or 0.7 (CIFAR, ImageNet), AmoebaNet
    ("v1") and DARTS time alone (DARTS: keep 0.8), "v2" is layers alone.
    """

    keep: float
    by_layer: bool = True
    by_time: bool = True

    def __post_init__(self) -> None:
        if not is_number(self.keep) or not 0 < self.keep <= 1:
            raise InvalidRegularisation(
                f"drop_path.keep is a number more than 0 and at most 1, not {reprlib.repr(self.keep)}"
            )
        for name in ("by_layer", "by_time"):
            if type(getattr(self, name)) is not bool:
                raise InvalidRegularisation(
                    f"drop_path.{name} is true or false, not {reprlib.repr(getattr(self, name))}"
                )


def is_number(value: object) -> bool:
    """Whether it is an int or a float; a bool is none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_width(value: object) -> bool:
    return type(value) is int and 1 <= value <= 4096
