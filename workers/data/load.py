"""From the name of a data set to its images."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from workers.data.adrenalmnist3d import load_adrenalmnist3d
from workers.data.archive import read
from workers.data.catalogue import Dataset, data_folder
from workers.data.cifar10 import load_cifar10
from workers.data.digits import load_digits
from workers.data.eeg_eye_state import load_eeg_eye_state
from workers.data.fashion_mnist import load_fashion_mnist
from workers.data.heart_sounds import load_heart_sounds
from workers.data.labelled import LabelledData
from workers.data.pixels import standardised
from workers.data.registered import datasets


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

    DatasetAbsent where there is no such name, its files are not there, or they are not what was registered.
    """
    folder = folder or data_folder()
    known = datasets(folder)
    if name not in known:
        raise DatasetAbsent(f"There is no data set {name!r}; use one of {', '.join(known)}.")
    absence = known[name].absence(folder)
    if absence is not None:
        raise DatasetAbsent(absence)
    if name in READERS:
        return READERS[name](folder or Path())
    assert folder is not None
    return _registered(known[name], folder)


def _registered(dataset: Dataset, folder: Path) -> LabelledData:
    file = folder / dataset.files[0]
    archive, sha256 = read(file)
    if sha256 != dataset.sha256:
        told = f"{file.name} has changed since it was registered: put the old one back, or register it by another name."
        raise DatasetAbsent(told)
    return archive.labelled(standardised(archive.x, dataset))
