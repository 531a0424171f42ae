"""Heart sounds from a NumPy archive."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from workers.data.catalogue import DATASETS
from workers.data.labelled import LabelledData
from workers.data.pixels import standardised


def load_heart_sounds(folder: Path) -> LabelledData:
    """All recordings, silent after their end. Which are of one patient is not published, so there are no groups."""
    dataset = DATASETS["heart_sounds"]
    with np.load(folder / dataset.files[0], allow_pickle=False) as archive:
        raw_NL, labels_N = archive["signal"], archive["labels"].astype(np.int64)
    return LabelledData(images_NCHW=standardised(raw_NL[:, np.newaxis], dataset), labels_N=labels_N)
