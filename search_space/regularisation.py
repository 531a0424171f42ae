"""What helps the training of a network and is gone after it: auxiliary head, drop path."""

from __future__ import annotations

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
        object.__setattr__(self, "widths", tuple(self.widths))
        if self.offset not in (-1, 0, 1):
            raise InvalidRegularisation("auxiliary.offset is -1, 0 or 1 from the last reduction cell")
        if self.pool_stride not in (1, 2, 3):
            raise InvalidRegularisation("auxiliary.pool_stride is 1, 2 or 3")
        if len(self.widths) != 2 or not all(1 <= width <= 4096 for width in self.widths):
            raise InvalidRegularisation("auxiliary.widths are two numbers from 1 to 4096")
        if not 0 < self.weight <= 10:
            raise InvalidRegularisation("auxiliary.weight is more than 0 and at most 10")

    def pooled(self, size: Size) -> Size:
        """Height and width after its pool, of a map of `size`."""
        return tuple((pixels - 5) // self.pool_stride + 1 for pixels in size)


@dataclass(frozen=True, slots=True)
class DropPath:
    """Each operator's result, but an identity's, is dropped for a whole image with a probability that grows.

    It is 0 at first and 1 - `keep` in the end: over the cells with `by_layer`, over the training with `by_time`.
    The released codes: NASNet, PNASNet ("v3") and ENAS use both with keep 0.6 or 0.7 (CIFAR, ImageNet), AmoebaNet
    ("v1") and DARTS time alone (DARTS: keep 0.8), "v2" is layers alone.
    """

    keep: float
    by_layer: bool = True
    by_time: bool = True

    def __post_init__(self) -> None:
        if not 0 < self.keep <= 1:
            raise InvalidRegularisation("drop_path.keep is more than 0 and at most 1")
