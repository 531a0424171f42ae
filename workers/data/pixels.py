"""Raw pixels as standardised images."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from workers.data.catalogue import Dataset
from workers.data.labelled import Images


def standardised(raw_NCHW: NDArray[Any], dataset: Dataset) -> Images:
    """Scales pixels to 0..1, then each channel by mean and standard deviation, all as the catalogue says."""
    axes = [1] * (raw_NCHW.ndim - 2)
    mean_C11 = np.asarray(dataset.mean, dtype=np.float32).reshape(-1, *axes)
    sd_C11 = np.asarray(dataset.sd, dtype=np.float32).reshape(-1, *axes)
    scaled = raw_NCHW.astype(np.float32) / np.float32(dataset.brightest)
    return np.ascontiguousarray((scaled - mean_C11) / sd_C11)
