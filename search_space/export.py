"""An architecture as one Python file that needs torch alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from textwrap import wrap
from types import MappingProxyType
from typing import Any

from search_space.allowed_syntax import check_syntax
from search_space.axes_source import for_axes
from search_space.cell_source import cell_source
from search_space.cost import auxiliary_cost, cost
from search_space.genotype import Cell, InvalidGenotype
from search_space.module_source import Form, definitions, names_in
from search_space.network import Architecture
from search_space.network_source import load_source, network_source
from search_space.regularisation import Auxiliary, DropPath
from search_space.settled import Settled
from search_space.skeleton import FROM_IMAGES, INPUTS, InvalidSkeleton, Skeleton
from search_space.unread_attributes import without_unmade, without_unread

_LINE = 116
_IMPORTS = """\
import torch
import torch.nn.functional as F
from torch import Tensor, nn"""


def to_python(
    architecture: Architecture, form: Form = "training", head: Mapping[str, str] = MappingProxyType({})
) -> str:
    """The text of a file with `build_model` and `load`, which computes what `architecture` computes built and trained.

    It holds the very classes that were trained, as far as they are used, and the two cells written out. Its tensors
    have the names of the network's (form "training") or of the merged network's (form "inference"). What `head` says
    is put into its docstring; that may be any text.
    """
    genotype, skeleton, dims = architecture.genotype, architecture.skeleton, architecture.skeleton.dims
    offered = _offered(architecture) if form == "training" else skeleton
    drops = form == "training" and offered.drop_path is not None
    faster = [*(["use_early_strides"] if _strides_early(genotype.reduction) else []), "use_shared_activations"]
    if dims == 2:
        faster.insert(0, "put_channels_last" if _is_surely_wide(architecture) else "use_channels_last")
    network = for_axes(network_source(skeleton, form, offered, faster if form == "inference" else ()), dims)
    settled = _settled(architecture, form, offered, network)
    network = _without_constants(network, settled.constants)
    cells = [
        settled.written(for_axes(cell_source("NormalCell", genotype.normal, skeleton, drops), dims)),
        settled.written(for_axes(cell_source("ReductionCell", genotype.reduction, skeleton, drops), dims)),
    ]
    of_cells = sorted(names_in("\n".join(cells)) - {"Cell"})
    below = list(definitions([*of_cells, "Cell"], form, dims, settled, folds_norms=skeleton.folds_norms))
    beginning = [FROM_IMAGES[skeleton.initialisation]] if skeleton.initialisation in FROM_IMAGES else []
    used = [*sorted(names_in(network) - {"Network"}), "Network", *beginning * (form == "training"), "load_weights"]
    above = [
        text for text in definitions(used, form, dims, settled, folds_norms=skeleton.folds_norms) if text not in below
    ]
    parts = [
        *("# What the cells are made of.", *below),
        *("# The cells that were found.", *cells),
        *("# The network around them.", *above),
        *("# From here on it is used.", network, load_source(skeleton, form, offered)),
    ]
    code = without_unmade(without_unread("\n\n\n".join(parts)))
    text = f"{_docstring(architecture, form, offered, head)}\n\n{_IMPORTS}\n\n{code}\n"
    check_syntax(text)
    return text


def _offered(architecture: Architecture) -> Skeleton:
    """The skeleton with all that can help training, where there is room for it."""
    offered = architecture.skeleton
    helps: list[dict[str, Any]] = []
    if offered.drop_path is None:
        helps.append({"drop_path": DropPath(1.0)})
    if offered.auxiliary is None:
        helps.append({"auxiliary": Auxiliary()})
    for help in helps:
        with suppress(InvalidSkeleton, InvalidGenotype):
            offered = Architecture(architecture.genotype, replace(offered, **help)).skeleton
    return offered


def _strides_early(reduction: Cell) -> bool:
    """Whether an activation stands before a 1x1 convolution that reduces."""
    return any(edge.source < 2 and edge.operator in ("identity", "conv_1x1") for edge in reduction.edges)


# Operators with a depthwise convolution or a pool at any width, for which channels last are faster.
_DEPTHWISE_OR_POOLS = (
    *("sep_conv", "dil_sep_conv", "lk_", "band_", "pfg", "dcls_", "mbconv", "convnext", "smix", "cmix"),
    *("avg_pool", "max_pool", "pool_sandwich"),
)


def _is_surely_wide(architecture: Architecture) -> bool:
    """Whether its maps have their channels last in the inference form in all sizes; see `use_channels_last`."""
    normal, reduction = (
        any(edge.operator.startswith(_DEPTHWISE_OR_POOLS) for edge in cell.edges)
        for _, cell in architecture.genotype.cells
    )
    # The last cell is always there, which is a normal one or, with this option, may be a reduction.
    return normal and (reduction or not architecture.skeleton.reduction_in_stage)


def _without_constants(network: str, constants: Mapping[str, Any]) -> str:
    """The text of `build_model` without the keywords that say what is settled."""
    for name, value in constants.items():
        network = re.sub(rf"\n *{name}={value!r},|, {name}={value!r}(?=[,)])", "", network)
    return network


def _settled(architecture: Architecture, form: Form, offered: Skeleton, network: str) -> Settled:
    """What holds for this network in all sizes, where `network` is how it is made."""
    genotype, skeleton = architecture.genotype, architecture.skeleton
    calls = [node for node in ast.walk(ast.parse(network)) if isinstance(node, ast.Call)]
    given: dict[str, frozenset[str]] = {}
    constants: dict[str, Any] = {}
    for call in calls:
        if isinstance(call.func, ast.Name) and call.func.id.endswith(("Network", "Stem")):
            passed = {str(keyword.arg): keyword.value for keyword in call.keywords}
            own = {name: value.value for name, value in passed.items() if isinstance(value, ast.Constant)}
            given[re.sub(r"^.*Network$", "Network", call.func.id)] = frozenset(passed.keys() - own.keys())
            constants |= own
    variables: dict[str, Any] = {}
    attributes: dict[str, Any] = {
        "older_input": skeleton.older_input,
        "newest_units": skeleton.newest_units,
        "older_is_larger": skeleton.stem == "imagenet-darts",
    }
    parameters: dict[str, Any] = {} if skeleton.older_input == "raw-first" else {"raw_h0": False}
    if form == "inference" and not skeleton.folds_norms:
        parameters["replacement"] = skeleton.norm
    gone: set[str] = {"SingleStem" if skeleton.stem == "imagenet-darts" else "DoubleStem"}
    is_plain = not skeleton.reversible and skeleton.residual_scale is None and skeleton.norm != "ibn_b"
    are: dict[str, str] = {}
    if not skeleton.skip_reduction_input:
        attributes["skipping"] = frozenset()
    if all(cell.inputs == (0, 1) for _, cell in genotype.cells):
        attributes["reads"] = (0, 1)
    if all(1 in cell.inputs for _, cell in genotype.cells):
        variables["unread"] = frozenset()
        gone |= {"unread", "leave_out_newest", "Unread"}
        if form == "inference" and is_plain and skeleton.recursion == 1:
            are["cell"] = "Cell"
    if offered.auxiliary is None:
        attributes["watched"] = None
        gone |= {"auxiliary", "add_auxiliary", "auxiliary_weight"}
    if offered.drop_path is None:
        gone |= {"schedule_drop_path", "set_progress", "keep", "by_layer", "by_time"}
    if form == "training":
        pass_on = {"finish", "layout", *(() if skeleton.final_relu else ("final_relu",))}
    else:
        pass_on = {"dropout", *(() if skeleton.dims == 2 else ("layout",))}
    return Settled(given, constants, variables, attributes, parameters, frozenset(pass_on), are, frozenset(gone))


def _docstring(architecture: Architecture, form: Form, offered: Skeleton, head: Mapping[str, str]) -> str:
    genotype, skeleton = architecture.genotype, architecture.skeleton
    total = cost(architecture)
    shape = ", ".join(str(number) for number in skeleton.input_shape)
    inputs = f"{INPUTS[skeleton.dims]} (N, {shape})"
    one = INPUTS[skeleton.dims].removesuffix("s")
    in_training = f"{total.params:,} parameters and {total.macs:,} multiply-accumulates"
    merged = f"{total.inference_params:,} parameters and {total.inference_macs:,} multiply-accumulates"
    if form == "training":
        told = [f"It has {in_training} for one {one}."]
        if offered.auxiliary is not None:
            more = auxiliary_cost(replace(architecture, skeleton=offered))
            more_in_training = f"{more.params:,} parameters and {more.macs:,} multiply-accumulates"
            whose = "With auxiliary_weight, its auxiliary head"
            if skeleton.auxiliary is not None:
                whose = "Its auxiliary head, which auxiliary_weight=0 leaves out,"
            told.append(f"{whose} has {more_in_training} more, in training.")
        if merged != in_training:
            told.append(f"Merged for inference, it has {merged}.")
    else:
        told = [f"It has {merged} for one {one}."]
        if merged != in_training:
            told.append(f"Its training form has {in_training}.")
    if skeleton.dims != 2:
        axes = {1: "length L", 3: "depth D, height H and width W"}[skeleton.dims]
        told.append(f"Its maps have {axes}: read that where names and shapes below say H and W.")
    return "\n".join(
        [
            '"""A network written by Cellsmith, as one file that needs torch alone.',
            "",
            f"build_model() makes it in its {form} form: {inputs} to logits (N, {skeleton.classes}).",
            'load("weights.safetensors") makes it with its weights, ready to predict.',
            "",
            *(line for sentence in told for line in wrap(sentence, _LINE, break_on_hyphens=False)),
            "",
            *(line for key, text in head.items() for line in _escaped(f"{key}: {text}")),
            *([""] if head else []),
            f"Genotype {genotype.key}:",
            # Only known operators are in it, so it holds nothing to escape.
            *wrap(genotype.to_json().replace("],", "], "), _LINE, break_long_words=False, break_on_hyphens=False),
            '"""',
        ]
    )


def _escaped(text: str) -> Iterator[str]:
    """Lines that a docstring may hold, whatever the text: ASCII, without quotes and lone backslashes."""
    for line in wrap(text, _LINE):
        yield line.encode("unicode_escape").decode("ascii").replace('"', r"\x22")
