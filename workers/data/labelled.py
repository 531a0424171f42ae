"""Images, signals or volumes with labels, as values that can lie read-only in memory that processes share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Images: TypeAlias = NDArray[np.float32]
Labels: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class LabelledData:
    """`images_NCHW` (float32, standardised) with `labels_N` (int64, from 0); frozen, the arrays too.

    Signals have one axis in place of height and width, volumes have three; they are called images here too.
    `groups_N` names what must not be torn apart by a split (a patient, a writer), where that is known.
    `published_test_N` marks the images that the publisher set aside for testing, where there are such.
    """

    images_NCHW: Images
    labels_N: Labels
    groups_N: Labels | None = None
    published_test_N: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        if self.images_NCHW.ndim not in (3, 4, 5) or self.images_NCHW.dtype != np.float32:
            raise ValueError("images are float32 and have the shape N, C, H, W; or N, C and one axis, or three")
        if self.labels_N.dtype != np.int64 or (len(self) and self.labels_N.min() < 0):
            raise ValueError("labels are int64, counted from 0")
        for array in (self.images_NCHW, self.labels_N, self.groups_N, self.published_test_N):
            if array is not None:
                if len(array) != len(self.images_NCHW):
                    raise ValueError("every image has one label, and one group and one mark where these exist")
                array.flags.writeable = False

    def __len__(self) -> int:
        return len(self.images_NCHW)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Channels, height, width of one image."""
        return self.images_NCHW.shape[1:]

    def part(self, indices: NDArray[np.intp]) -> LabelledData:
        """Only the images at `indices`, copied; groups and the publisher's marks have done their work by then."""
        return LabelledData(self.images_NCHW[indices], self.labels_N[indices])
