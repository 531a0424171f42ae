"""Windows of the EEG Eye State recording from a NumPy archive."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from workers.data.catalogue import DATASETS
from workers.data.labelled import LabelledData
from workers.data.pixels import standardised

WINDOWS_A_GROUP = 4
MOST_DEVIATIONS = 10.0


def load_eeg_eye_state(folder: Path) -> LabelledData:
    """Windows side by side, labelled by what the eyes are most of the time; four in a row are a group.

    A split that tore neighbours apart would score what it has all but seen. What is left at the end fills no group.
    """
    dataset = DATASETS["eeg_eye_state"]
    channels, length = dataset.input_shape
    with np.load(folder / dataset.files[0], allow_pickle=False) as archive:
        signal_TC, closed_T = archive["signal"], archive["eye_closed"]
    count = len(signal_TC) // (WINDOWS_A_GROUP * length) * WINDOWS_A_GROUP
    windows_NCL = signal_TC[: count * length].reshape(count, length, channels).transpose(0, 2, 1)
    mostly_closed_N = closed_T[: count * length].reshape(count, length).mean(1) >= 0.5
    return LabelledData(
        images_NCHW=standardised(windows_NCL, dataset).clip(-MOST_DEVIATIONS, MOST_DEVIATIONS),
        labels_N=mostly_closed_N.astype(np.int64),
        groups_N=np.arange(count) // WINDOWS_A_GROUP,
    )
