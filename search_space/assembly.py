"""The torch network of an architecture, made from the very text that is exported for its cells."""

from __future__ import annotations

import linecache
import weakref
from importlib import import_module
from typing import Any

import torch
from torch import Tensor, nn

from search_space.cell_source import cell_source
from search_space.genotype import Genotype
from search_space.modules.activations import use_activation
from search_space.modules.adapter import Adapter
from search_space.modules.cell import Cell
from search_space.modules.convolution import FactorizedReduction, ReLUConvBN
from search_space.modules.drop_path import DropPath
from search_space.modules.initialisation import use_dirac_weights, use_gabor_stem, use_orthonormal_weights
from search_space.modules.network import Network
from search_space.modules.norms import use_norm
from search_space.modules.recursion import share_weights, use_recursion
from search_space.modules.regularised import RegularisedNetwork
from search_space.modules.residual_cell import use_residual_cells
from search_space.modules.reversible import ReversibleNetwork, use_reversible_cells
from search_space.modules.sizes import check_sizes
from search_space.modules.stem import DoubleStem, SingleStem
from search_space.network_source import network_source
from search_space.operators import OPERATORS
from search_space.skeleton import Skeleton

_AROUND_OPERATORS = {
    "torch": torch,
    "Tensor": Tensor,
    "Cell": Cell,
    "Adapter": Adapter,
    "DropPath": DropPath,
    "FactorizedReduction": FactorizedReduction,
    "ReLUConvBN": ReLUConvBN,
}
_AROUND_CELLS = {
    "Network": Network,
    "RegularisedNetwork": RegularisedNetwork,
    "ReversibleNetwork": ReversibleNetwork,
    "check_sizes": check_sizes,
    "share_weights": share_weights,
    "use_dirac_weights": use_dirac_weights,
    "use_gabor_stem": use_gabor_stem,
    "use_orthonormal_weights": use_orthonormal_weights,
    "use_recursion": use_recursion,
    "use_reversible_cells": use_reversible_cells,
    "nn": nn,
    "use_activation": use_activation,
    "use_residual_cells": use_residual_cells,
    "use_norm": use_norm,
    "SingleStem": SingleStem,
    "DoubleStem": DoubleStem,
}


def assemble(genotype: Genotype, skeleton: Skeleton) -> Network:
    """A freshly initialised network: images (N, C, H, W) to logits (N, classes). Draws from torch's generator."""
    drops = skeleton.drop_path is not None
    namespace: dict[str, Any] = _AROUND_CELLS | {
        name: _cell_class(cell_source(name, cell, skeleton, drops), genotype, name, skeleton.dims)
        for name, cell in (("NormalCell", genotype.normal), ("ReductionCell", genotype.reduction))
    }
    exec(network_source(skeleton, "training"), namespace)  # noqa: S102 - our own text, of numbers
    network: Network = namespace["build_model"]()
    return network


def _cell_class(text: str, genotype: Genotype, name: str, dims: int) -> type[Cell]:
    file = f"<{name} of {genotype.key}>"
    # As dataclasses and torch.fx do it: what runs is the text, and a traceback shows its lines.
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    edges = genotype.normal.edges + genotype.reduction.edges
    namespace: dict[str, Any] = _AROUND_OPERATORS | {
        class_name: getattr(import_module(f"search_space.modules.{module}"), class_name)
        for module, class_name in (OPERATORS[edge.operator].module_for(dims).split(":") for edge in edges)
    }
    exec(compile(text, file, "exec"), namespace)  # noqa: S102 - our own text, of numbers and registered operators
    cell_class: type[Cell] = namespace[name]
    # A worker builds thousands of networks: the text goes when its class does.
    weakref.finalize(cell_class, linecache.cache.pop, file, None)
    return cell_class
