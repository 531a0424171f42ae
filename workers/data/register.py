"""Registers a data set of your own, so that jobs may name it. No code is needed, only a NumPy archive:

    np.savez("mine.npz", x=..., y=...)      # x: (N, C, length), (N, C, H, W) or (N, C, D, H, W); y: N classes
    python -m workers.data.register mine    # mine.npz lies in the folder that CELLSMITH_DATA names

Classes are whole numbers or texts; texts that pandas holds as objects are written by `y=labels.astype(str)`.
Two more arrays may be there: `groups`, what must not be torn apart by a split (a patient, a recording), and `test`,
True for items that are kept for the end. Writes what is known of the data into mine.dataset.json beside it.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search_space.skeleton import INPUTS, InvalidSkeleton, Skeleton
from workers.data.archive import Archive, Unsuitable, read
from workers.data.catalogue import DATA_VARIABLE, DATASETS, Dataset, data_folder
from workers.data.registered import ENDING, datasets, write
from workers.data.splits import Split, split

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
LEAST_SD = 1e-6  # of the mean: what float32 can still tell apart
SMALLEST = float(np.finfo(np.float32).tiny)
AT_ONCE = 1024


def main() -> None:
    """Registers the data set, or says in one line what it lacks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", help="what jobs will call it; NAME.npz is its file")
    parser.add_argument("--licence", default="not stated")
    parser.add_argument("--source", default="its user", help="who made it, for the card of exported networks")
    given = parser.parse_args()
    folder = data_folder()
    try:
        if folder is None:
            raise Unsuitable(f"Set {DATA_VARIABLE} to the folder of {given.name}.npz, here and for the service.")
        dataset = register(given.name, folder, given.licence, given.source)
    except Unsuitable as error:
        sys.exit(str(error))
    told = [f"{dataset.name}: {dataset.summary} Classes: {', '.join(dataset.class_names)}."]
    if _ends_in_channels(dataset.input_shape):
        told.append("Channels come second: if they are last in x, register np.moveaxis(x, -1, 1) under another name.")
    told.append(f"cellsmith submit --dataset {dataset.name}")
    sys.stdout.write("\n".join(told) + "\n")


def register(name: str, folder: Path, licence: str = "not stated", source: str = "its user") -> Dataset:
    """The data set of NAME.npz in `folder`, looked at and written down; Unsuitable, and nothing written, otherwise.

    A name stands for one content for good, as results that jobs have recorded under it do. Mean and standard deviation
    are those of all items that `test` does not mark. With groups of unequal sizes, how many items score a network
    depends a little on a job's seed; `validation_images` is what it is with seed 0. A job whose seed leaves a part
    without one of the classes is refused when its turn comes.
    """
    file = folder / f"{name}.npz"
    if name in DATASETS:
        raise Unsuitable(f"{name!r} is a data set that comes with Cellsmith: use another name.")
    if not NAME.fullmatch(name):
        ending = " without .npz" if name.endswith(".npz") else ""
        raise Unsuitable(f"A data set cannot be called {name!r}: use another name{ending}, of a to z, 0 to 9, _ and -.")
    if not file.is_file():
        raise Unsuitable(f"Put {file.name} into {folder}, the folder named by {DATA_VARIABLE}.")
    archive, sha256 = read(file)
    known = datasets(folder).get(name)
    if known is None and (folder / f"{name}{ENDING}").exists():
        raise Unsuitable(f"{name}{ENDING} cannot be read, and results may rest on it: use another name.")
    if known is not None and known.sha256 != sha256:
        raise Unsuitable(f"{name!r} is registered with another content, which results rest on: use another name.")
    shape, classes = archive.x.shape[1:], archive.class_names
    try:
        Skeleton(shape, max(2, len(classes)), stages=1)
    except InvalidSkeleton as error:
        raise Unsuitable(f"No network takes such items: {error}.") from error
    parts = _parts(archive)
    mean, sd = _moments(archive.x if archive.test is None else archive.x[~archive.test])
    constant = np.flatnonzero((sd <= LEAST_SD * np.abs(mean)) | (sd < SMALLEST))
    if len(constant):
        raise Unsuitable(f"Channel {constant[0]} of x (from 0) is constant, as far as float32 can tell: leave it out.")
    dataset = Dataset(
        name=name,
        summary=_summary(archive, parts),
        validation_images=len(parts.validation),
        input_shape=shape,
        class_names=classes,
        mean=tuple(mean.tolist()),
        sd=tuple(sd.tolist()),
        licence=licence,
        source=source,
        brightest=1,
        files=(file.name,),
        sha256=sha256,
    )
    try:
        write(dataset, folder)
    except OSError as error:
        raise Unsuitable(f"{name}{ENDING} cannot be written ({error}): let {folder} be written to.") from error
    return dataset


def _parts(archive: Archive) -> Split:
    """What a job of seed 0 makes of it; Unsuitable where a class would not be trained on, or not be scored."""
    nothing_NCL = np.zeros((len(archive.y), 1, 1), dtype=np.float32)
    try:
        parts = split(archive.labelled(nothing_NCL))
    except ValueError as error:
        raise Unsuitable(f"{error}: give it more; where there is a `test`, mark some and not all.") from error
    if lack := parts.search.lacks(len(archive.class_names)):
        part, absent = lack
        name = archive.class_names[absent]
        raise Unsuitable(f"Class {name} would have no item in the {part} part: give it more, in more groups.")
    if len(archive.class_names) < 2:
        raise Unsuitable("y holds one class alone: give it two or more.")
    return parts


def _moments(x: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation of each channel, a few items at once."""
    axes = (0, *range(2, x.ndim))
    mean_C = x.mean(axes, dtype=np.float64)
    mean_C11 = mean_C.reshape(-1, *[1] * (x.ndim - 2))
    squares_C = sum(np.square(x[at : at + AT_ONCE] - mean_C11).sum(axes) for at in range(0, len(x), AT_ONCE))
    return mean_C, np.sqrt(squares_C / (x.size / len(mean_C)))


def _ends_in_channels(shape: Sequence[int]) -> bool:
    """Whether the last axis of an item may be meant for its channels, which are its first; no proof, so no refusal."""
    return shape[-1] <= 4 and shape[-1] < shape[0]


def _summary(archive: Archive, parts: Split) -> str:
    """What was understood of its shape, so that a wrong order of axes is seen, and what is done with it."""
    count, channels, *axes = archive.x.shape
    size = " x ".join(map(str, axes))
    train, validation, test = map(len, (parts.train, parts.validation, parts.test))
    return (
        f"{count:,} {INPUTS[len(axes)]} of size {size}, {channels} channel{'s' if channels > 1 else ''} each; "
        f"with seed 0, {train:,} train, {validation:,} score, and {test:,} are kept for the end."
    )


if __name__ == "__main__":
    main()
