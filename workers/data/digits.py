"""The handwritten digits that come with scikit-learn: real scans, no download."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from workers.data.catalogue import DATASETS
from workers.data.labelled import LabelledData
from workers.data.pixels import standardised


def load_digits(_folder: Path) -> LabelledData:
    """All 1,797 scans, 8 x 8 pixels of 0 to 16. Who wrote which is not published, so there are no groups."""
    from sklearn import datasets

    bunch = datasets.load_digits()
    return LabelledData(
        images_NCHW=standardised(bunch.images[:, np.newaxis], DATASETS["digits"]),
        labels_N=bunch.target.astype(np.int64),
    )
