"""From the name of a data set to its images."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from workers.data.adrenalmnist3d import load_adrenalmnist3d
from workers.data.catalogue import DATASETS, data_folder
from workers.data.cifar10 import load_cifar10
from workers.data.digits import load_digits
from workers.data.eeg_eye_state import load_eeg_eye_state
from workers.data.fashion_mnist import load_fashion_mnist
from workers.data.heart_sounds import load_heart_sounds
from workers.data.labelled import LabelledData


class DatasetAbsent(Exception):
    """A data set that cannot be loaded here; the message is one line that says what to do."""


READERS: Mapping[str, Callable[[Path], LabelledData]] = {
    "digits": load_digits,
    "fashion_mnist": load_fashion_mnist,
    "cifar10": load_cifar10,
    "heart_sounds": load_heart_sounds,
    "eeg_eye_state": load_eeg_eye_state,
    "adrenalmnist3d": load_adrenalmnist3d,
}


def load(name: str, folder: Path | None = None) -> LabelledData:
    """The data set `name`, read from `folder` (None: the one that CELLSMITH_DATA names), if it comes as files.

    DatasetAbsent where its name is not in the catalogue or its files are not there.
    """
    if name not in DATASETS:
        raise DatasetAbsent(f"There is no data set {name!r}; use one of {', '.join(DATASETS)}.")
    folder = folder or data_folder()
    absence = DATASETS[name].absence(folder)
    if absence is not None:
        raise DatasetAbsent(absence)
    return READERS[name](folder or Path())
