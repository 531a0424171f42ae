"""Fashion-MNIST from two NumPy archives."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from workers.data.catalogue import DATASETS
from workers.data.labelled import LabelledData
from workers.data.pixels import standardised


def load_fashion_mnist(folder: Path) -> LabelledData:
    """The published training images, then the published test images, marked as such."""
    with (
        np.load(folder / "fashion_mnist_train.npz", allow_pickle=False) as train,
        np.load(folder / "fashion_mnist_test.npz", allow_pickle=False) as test,
    ):
        raw_NHW = np.concatenate([train["images"], test["images"]])
        labels_N = np.concatenate([train["labels"], test["labels"]]).astype(np.int64)
        published_test_N = np.arange(len(raw_NHW)) >= len(train["labels"])
    return LabelledData(
        images_NCHW=standardised(raw_NHW[:, np.newaxis], DATASETS["fashion_mnist"]),
        labels_N=labels_N,
        published_test_N=published_test_N,
    )
