"""The torch network of an architecture, made from the very text that is exported for its cells."""

from __future__ import annotations

import linecache
import weakref
from importlib import import_module
from typing import Any

import torch
from torch import Tensor

from search_space.cell_source import cell_source
from search_space.genotype import Genotype
from search_space.modules.adapter import Adapter
from search_space.modules.cell import Cell
from search_space.modules.convolution import FactorizedReduction, ReLUConvBN
from search_space.modules.network import Network
from search_space.modules.stem import DoubleStem, Stem
from search_space.operators import OPERATORS
from search_space.skeleton import Skeleton

_AROUND_OPERATORS = {
    "torch": torch,
    "Tensor": Tensor,
    "Cell": Cell,
    "Adapter": Adapter,
    "FactorizedReduction": FactorizedReduction,
    "ReLUConvBN": ReLUConvBN,
}


def assemble(genotype: Genotype, skeleton: Skeleton) -> Network:
    """A freshly initialised network: images (N, C, H, W) to logits (N, classes). Draws from torch's generator."""
    return Network(
        _stem(skeleton),
        _cell_class(cell_source("NormalCell", genotype.normal, 1), genotype, "NormalCell"),
        _cell_class(cell_source("ReductionCell", genotype.reduction, 2), genotype, "ReductionCell"),
        classes=skeleton.classes,
        channels=skeleton.channels,
        cells_per_stage=skeleton.cells_per_stage,
        stages=skeleton.stages,
        stem_reductions=2 if skeleton.stem == "imagenet" else 0,
        skip_reduction_input=skeleton.skip_reduction_input,
        reduction_in_stage=skeleton.reduction_in_stage,
        raw_first_input=skeleton.raw_first_input,
        final_relu=skeleton.final_relu,
    )


def _stem(skeleton: Skeleton) -> Stem | DoubleStem:
    if skeleton.stem == "imagenet-darts":
        return DoubleStem(skeleton.input_shape[0], skeleton.stem_width)
    return Stem(skeleton.input_shape[0], skeleton.stem_width, shrinks=skeleton.stem == "imagenet")


def _cell_class(text: str, genotype: Genotype, name: str) -> type[Cell]:
    file = f"<{name} of {genotype.key}>"
    # As dataclasses and torch.fx do it: what runs is the text, and a traceback shows its lines.
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    edges = genotype.normal.edges + genotype.reduction.edges
    namespace: dict[str, Any] = _AROUND_OPERATORS | {
        class_name: getattr(import_module(f"search_space.modules.{module}"), class_name)
        for module, class_name in (OPERATORS[edge.operator].module.split(":") for edge in edges)
    }
    exec(compile(text, file, "exec"), namespace)  # noqa: S102 - our own text, of numbers and registered operators
    cell_class: type[Cell] = namespace[name]
    # A worker builds thousands of networks: the text goes when its class does.
    weakref.finalize(cell_class, linecache.cache.pop, file, None)
    return cell_class
