"""Merges what train.py has trained into the inference form, as a folder to take away.

    python -m workers.merged config.json trained.safetensors -o merged
    python -m workers.merged config.json trained.safetensors -o merged --channels 32   # where training made it larger

`config.json` is that of the export. Writes model.py and weights.safetensors.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from search_space.export import to_python
from search_space.genotype import Genotype
from search_space.merge import merge
from search_space.network import Architecture
from search_space.skeleton import Skeleton

SIZES = ("channels", "cells_per_stage", "stages", "classes", "norm", "head")


def main() -> None:
    """Writes the folder, or says in one line why there is none."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path)
    parser.add_argument("weights", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--input-channels", type=int)
    for name in SIZES:
        parser.add_argument(f"--{name.replace('_', '-')}", type=str if name in ("norm", "head") else int)
    given = parser.parse_args()
    for file in (given.config, given.weights):
        if not file.is_file():
            sys.exit(f"There is no file {file}.")
    changes = {name: value for name in SIZES if (value := getattr(given, name)) is not None}
    try:
        architecture = _architecture(_config(given.config), given.input_channels, changes)
        merge_trained(architecture, given.weights, given.output)
    except (OSError, KeyError, TypeError, ValueError) as error:
        sys.exit(str(error))


def merge_trained(architecture: Architecture, weights: Path, folder: Path) -> None:
    """Writes the inference form of the architecture with these trained weights; ValueError where they are another's."""
    try:
        tensors = load_file(weights)
    except SafetensorError as error:
        raise ValueError(f"{weights} is no safetensors file, as train.py writes it: {error}") from error
    state = {name: tensor for name, tensor in tensors.items() if not name.startswith("auxiliary.")}
    network = architecture.build()
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise ValueError(f"{weights} is of another network: give the sizes that it was trained with") from error
    folder.mkdir(parents=True, exist_ok=True)
    merged = merge(network).state_dict()
    save_file({name: tensor.contiguous() for name, tensor in merged.items()}, folder / "weights.safetensors")
    text = to_python(architecture, form="inference", head={"weights": "trained anew, measured by nobody"})
    (folder / "model.py").write_text(text)


def _config(file: Path) -> dict[str, Any]:
    """What an export's config.json holds; ValueError, which names the file, where this is none."""
    try:
        config = json.loads(file.read_text())
    except ValueError as error:
        raise ValueError(f"{file} is no JSON, as the config.json of an export is: {error}") from error
    if not isinstance(config, dict) or not {"genotype", "skeleton"} <= config.keys():
        raise ValueError(f"{file} is no config.json of an export: it holds no genotype and skeleton")
    return config


def _architecture(config: dict[str, Any], input_channels: int | None, changes: dict[str, Any]) -> Architecture:
    """That of an export's config, in other sizes; its helps for training are no part of what is merged."""
    skeleton = replace(Skeleton(**config["skeleton"]), auxiliary=None, **changes)
    if input_channels is not None:
        skeleton = replace(skeleton, input_shape=(input_channels, *skeleton.size))
    return Architecture(Genotype.from_json(json.dumps(config["genotype"])), skeleton)


if __name__ == "__main__":
    main()
