"""Writes the images that the service trains and scores on, for the scripts of an exported folder.

    python -m workers.data.save digits images.pt --seed 0

`seed` is the job's. x_test and y_test are the validation images that the accuracy of a trial was measured on.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from workers.data.load import load
from workers.data.registered import datasets
from workers.data.splits import split


def main() -> None:
    """Writes the file, or says in one line that there is no folder for it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", choices=list(datasets()))
    parser.add_argument("file")
    parser.add_argument("--seed", type=int, default=0, help="that of the job")
    given = parser.parse_args()
    if not Path(given.file).absolute().parent.is_dir():
        parser.error(f"there is no folder for {given.file}")
    if given.seed < 0:
        parser.error(f"argument --seed: 0 or more, as that of a job, not {given.seed}")
    save(given.dataset, given.file, given.seed)


def save(dataset: str, file: str, seed: int = 0) -> None:
    """x_train, y_train, x_test and y_test as the scripts read them: prepared float32 (N, C, H, W), int64 (N,)."""
    parts = split(load(dataset), seed)
    images = {"train": parts.search.train, "test": parts.search.validation}
    tensors = {
        f"{letter}_{name}": torch.tensor(values)
        for name, part in images.items()
        for letter, values in (("x", part.images_NCHW), ("y", part.labels_N))
    }
    torch.save(tensors, file)


if __name__ == "__main__":
    main()
