"""A data set of one's own from one NumPy archive with named arrays."""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workers.data.labelled import Images, LabelledData

NEEDED, OPTIONAL = ("x", "y"), ("groups", "test")
LARGEST = float(np.finfo(np.float32).max)
UNREADABLE = (ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError)
"""What numpy and zipfile raise of files that are torn, encrypted, or packed in a way that they do not know."""


class Unsuitable(ValueError):
    """An archive that is no data set; the message is one line that says what to do."""


@dataclass(frozen=True, slots=True, eq=False)
class Archive:
    """Items `x` of any plain numbers, shaped N, C and one to three axes, each with its class `y`, a number or a text.

    Items with equal `groups` are never torn apart by a split; those marked in `test` are kept for the end.
    """

    x: NDArray[Any]
    y: NDArray[Any]
    groups: NDArray[Any] | None = None
    test: NDArray[Any] | None = None

    def __post_init__(self) -> None:
        if self.x.dtype.kind not in "biuf":
            raise Unsuitable(f"x holds {self.x.dtype}; give it plain numbers, such as float32 or uint8.")
        if self.x.ndim not in (3, 4, 5):
            told = "(N, C, length), (N, C, height, width) or (N, C, depth, height, width), the channels before the axes"
            raise Unsuitable(f"x has the shape {self.x.shape}; it should be {told}: x[:, None] adds one channel.")
        if not self.x.size:
            raise Unsuitable(f"x has the shape {self.x.shape}, so it holds no {'numbers' if len(self.x) else 'items'}.")
        low, high = float(self.x.min()), float(self.x.max())  # either is NaN where one number is
        if not -LARGEST <= low <= high <= LARGEST:
            raise Unsuitable("x holds NaN, infinity or more than float32 can hold: clean it.")
        for name, array in (("y", self.y), ("groups", self.groups), ("test", self.test)):
            if array is not None and array.shape != (len(self.x),):
                raise Unsuitable(
                    f"{name} has the shape {array.shape}; it should be ({len(self.x)},), one for each item."
                )
        for name, array in (("y", self.y), ("groups", self.groups)):
            if array is not None and array.dtype.kind not in "biuU":
                told = f"give it whole numbers, {name}.astype(int), or texts, {name}.astype(str)"
                raise Unsuitable(f"{name} holds {array.dtype}; {told}.")
        if self.test is not None and self.test.dtype.kind != "b":
            raise Unsuitable(f"test holds {self.test.dtype}; give it True and False: test.astype(bool).")
        if self.test is not None and self.groups is not None:
            torn = np.intersect1d(self.groups[self.test], self.groups[~self.test])
            if len(torn):
                raise Unsuitable(
                    f"test marks some items of group {torn[0]} and not all: a group must not be torn apart."
                )

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes in the order of a network's outputs: by number, or by the alphabet."""
        return tuple(map(str, np.unique(self.y)))

    def labelled(self, images_NCHW: Images) -> LabelledData:
        """These images, one for each item, with what is known of the items."""
        groups_N = None if self.groups is None else _numbered(self.groups)
        return LabelledData(images_NCHW, _numbered(self.y), groups_N, self.test)


def read(file: Path) -> tuple[Archive, str]:
    """What the file holds, and its SHA-256.

    Unsuitable where it is no archive of the arrays x and y and, where wanted, groups and test.
    """
    advice = f"write it by np.savez({file.name!r}, x=..., y=...)"
    if not zipfile.is_zipfile(file):
        raise Unsuitable(f"{file.name} is no NumPy archive: {advice}.")
    try:
        with file.open("rb") as content:
            sha256 = hashlib.file_digest(content, "sha256").hexdigest()
            content.seek(0)
            with np.load(content, allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in archive.files}
    except UNREADABLE as error:
        raise Unsuitable(
            f"{file.name} cannot be read ({error}): {advice}, of plain numbers, or texts: y.astype(str)."
        ) from error
    if missing := [name for name in NEEDED if name not in arrays]:
        raise Unsuitable(
            f"{file.name} has no {' and no '.join(missing)}, but {', '.join(arrays) or 'nothing'}: {advice}."
        )
    if unknown := sorted(arrays.keys() - {*NEEDED, *OPTIONAL}):
        # One that is misspelt would be passed over, and groups torn apart.
        raise Unsuitable(
            f"{file.name} has {', '.join(unknown)} too; only x, y, groups and test are known: leave it out."
        )
    if odd := [name for name, array in arrays.items() if not isinstance(array, np.ndarray)]:
        raise Unsuitable(f"{odd[0]} in {file.name} is no NumPy array: {advice}.")
    return Archive(**arrays), sha256


def _numbered(names_N: NDArray[Any]) -> NDArray[np.int64]:
    return np.unique(names_N, return_inverse=True)[1].astype(np.int64)
