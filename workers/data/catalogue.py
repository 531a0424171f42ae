"""The data sets there are, described without loading them or anything big."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DATA_VARIABLE = "CELLSMITH_DATA"


@dataclass(frozen=True, slots=True)
class Dataset:
    """What is known of a data set before it is loaded.

    Its images may be signals or volumes too: `input_shape` is channels and length; height and width; or depth, height
    and width. `validation_images` is how many of them score a network during a search. Pixels are 0 to `brightest`, by
    which they are divided before `mean` and `sd` standardise each channel; whoever uses an exported network must do the
    same. `files` are looked for in the data folder; none: it comes with a library. `sha256` is that of the one file
    that a user has registered: other content under its name is refused.
    """

    name: str
    summary: str
    validation_images: int
    input_shape: tuple[int, ...]
    class_names: tuple[str, ...]
    mean: tuple[float, ...]
    sd: tuple[float, ...]
    licence: str
    source: str
    brightest: int = 255
    files: tuple[str, ...] = ()
    task: str = "classification"
    sha256: str = ""

    @property
    def classes(self) -> int:
        return len(self.class_names)

    def absence(self, folder: Path | None = None) -> str | None:
        """One line that says how to get the data set, or None where it can be loaded."""
        folder = folder or data_folder()
        if not self.files:
            return None
        if folder is None:
            return f"Set {DATA_VARIABLE} to a folder with {' and '.join(self.files)}."
        missing = [file for file in self.files if not (folder / file).is_file()]
        return f"Put {' and '.join(missing)} into the folder named by {DATA_VARIABLE}." if missing else None


def data_folder(environment: Mapping[str, str] = os.environ) -> Path | None:
    """The folder of the data sets that come as files: what the variable CELLSMITH_DATA says, if it is set."""
    folder = environment.get(DATA_VARIABLE)
    return Path(folder) if folder else None


DATASETS: Mapping[str, Dataset] = {
    dataset.name: dataset
    for dataset in (
        Dataset(
            name="digits",
            summary="1,797 scans of handwritten digits by 13 people, 8 x 8 grey pixels.",
            validation_images=359,
            input_shape=(1, 8, 8),
            class_names=tuple("0123456789"),
            mean=(0.3053,),
            sd=(0.3760,),
            licence="CC BY 4.0",
            source="Alpaydin and Kaynak 1998, UCI Machine Learning Repository; comes with scikit-learn",
            brightest=16,
        ),
        Dataset(
            name="fashion_mnist",
            summary="70,000 photos of clothes in 10 classes, 28 x 28 grey pixels.",
            validation_images=15_000,
            input_shape=(1, 28, 28),
            class_names=(
                "T-shirt/top",
                "Trouser",
                "Pullover",
                "Dress",
                "Coat",
                "Sandal",
                "Shirt",
                "Sneaker",
                "Bag",
                "Ankle boot",
            ),
            mean=(0.2860,),
            sd=(0.3530,),
            licence="MIT",
            source="Xiao, Rasul and Vollgraf 2017, arXiv:1708.07747",
            files=("fashion_mnist_train.npz", "fashion_mnist_test.npz"),
        ),
        Dataset(
            name="cifar10",
            summary="20,000 of the CIFAR-10 training photos in 10 classes, 32 x 32 colour pixels, slightly JPEG-coded.",
            validation_images=4_000,
            input_shape=(3, 32, 32),
            class_names=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
            mean=(0.4914, 0.4822, 0.4465),
            sd=(0.2470, 0.2435, 0.2616),
            licence="free for research",
            source="Krizhevsky 2009, Learning Multiple Layers of Features from Tiny Images",
            files=("cifar10_train_20k_part1.npz", "cifar10_train_20k_part2.npz"),
        ),
        Dataset(
            name="heart_sounds",
            summary="600 heart sounds of up to 4 s, normal or with one of 3 valve diseases: signals of 8,000 samples "
            "at 2 kHz. Who was recorded more than once is not published, so scores may flatter.",
            validation_images=120,
            input_shape=(1, 8000),
            class_names=("N", "MR", "MS", "MVP"),
            mean=(0.0,),
            sd=(0.0876,),
            licence="none stated",
            source="Yaseen, Son and Kwon 2018, Classification of Heart Sound Signal Using Multiple Features",
            brightest=32_768,
            files=("pcg_heart_sounds_dev.npz",),
        ),
        Dataset(
            name="eeg_eye_state",
            summary="160 windows of half a second from one EEG of one person, 14 channels at 128 Hz: are the eyes "
            "closed? Voltages are cut off at 10 standard deviations. Every 2 s stay together in a split.",
            validation_images=32,
            input_shape=(14, 64),
            class_names=("open", "closed"),
            # Medians, and standard deviations by quartiles: a few gross artefacts are hundreds of times as large.
            mean=(
                *(4293.9, 4002.6, 4261.5, 4118.0, 4335.9, 4616.4, 4067.7),
                *(4612.3, 4198.5, 4229.7, 4198.5, 4276.4, 4601.5, 4354.9),
            ),
            sd=(21.3, 20.9, 12.9, 14.1, 9.5, 10.3, 19.4, 13.3, 13.3, 13.3, 15.6, 13.3, 18.3, 20.5),
            licence="CC BY 4.0",
            source="Roesler 2013, EEG Eye State, UCI Machine Learning Repository",
            brightest=1,
            files=("eeg_eye_state_dev.npz",),
        ),
        Dataset(
            name="adrenalmnist3d",
            summary="1,286 shapes of adrenal glands, healthy or with a mass: volumes of 28 x 28 x 28 voxels, 0 or 255.",
            validation_images=257,
            input_shape=(1, 28, 28, 28),
            class_names=("normal", "mass"),
            mean=(0.0158,),
            sd=(0.1248,),
            licence="CC BY 4.0",
            source="AdrenalMNIST3D of MedMNIST v2; Yang et al. 2023, arXiv:2110.14795",
            files=("adrenalmnist3d_dev.npz",),
        ),
    )
}
