"""The data sets that users have registered, beside those of the catalogue; read without loading them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from workers.data.catalogue import DATASETS, Dataset, data_folder

ENDING = ".dataset.json"


def datasets(folder: Path | None = None) -> Mapping[str, Dataset]:
    """Every data set by its name: the catalogue's, then those registered in `folder` (None: what CELLSMITH_DATA names).

    A description that cannot be read is passed over, as if nobody had registered it.
    """
    folder = folder or data_folder()
    files = sorted(folder.glob(f"*{ENDING}")) if folder else []
    registered = [dataset for file in files if (dataset := _read(file))]
    return {**DATASETS, **{dataset.name: dataset for dataset in registered if dataset.name not in DATASETS}}


def write(dataset: Dataset, folder: Path) -> None:
    """Registers a data set in `folder`, where its file lies; whole or not at all."""
    whole = folder / f"{dataset.name}.new"
    whole.write_text(json.dumps(asdict(dataset), indent=1) + "\n")
    whole.replace(folder / f"{dataset.name}{ENDING}")


def _is_whole(dataset: Dataset, file: Path) -> bool:
    """Whether what was read is what `write` writes, so that nobody stumbles over it later."""
    texts = (dataset.name, dataset.summary, dataset.licence, dataset.source, dataset.sha256, *dataset.class_names)
    numbers = (dataset.validation_images, *dataset.input_shape, *dataset.mean, *dataset.sd)
    return (
        all(isinstance(text, str) for text in texts)
        and all(isinstance(number, int | float) for number in numbers)
        and file.name == f"{dataset.name}{ENDING}"
        and dataset.files == (f"{dataset.name}.npz",)
    )


def _read(file: Path) -> Dataset | None:
    try:
        fields = json.loads(file.read_text())
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()
        }
        dataset = Dataset(**values)
        return dataset if _is_whole(dataset, file) else None
    except (OSError, ValueError, TypeError, AttributeError):
        return None
