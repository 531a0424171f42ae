"""AdrenalMNIST3D from a NumPy archive."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from workers.data.catalogue import DATASETS
from workers.data.labelled import LabelledData
from workers.data.pixels import standardised


def load_adrenalmnist3d(folder: Path) -> LabelledData:
    """The published training and validation volumes together. The published test volumes are not among them."""
    dataset = DATASETS["adrenalmnist3d"]
    with np.load(folder / dataset.files[0], allow_pickle=False) as archive:
        raw_NDHW = np.concatenate([archive["train_images"], archive["val_images"]])
        labels_N = np.concatenate([archive["train_labels"], archive["val_labels"]]).astype(np.int64)
    return LabelledData(images_NCHW=standardised(raw_NDHW[:, np.newaxis], dataset), labels_N=labels_N)
