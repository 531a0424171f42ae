"""Genotypes as other tools write them: DARTS, NAS-Bench-201, NNI."""

from __future__ import annotations

import ast
import re
import reprlib
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Literal

from search_space.genotype import Cell, Edge, Genotype, InvalidGenotype
from search_space.space import FIXED_REDUCTION

_OPERATORS: Mapping[str, str] = MappingProxyType(
    {
        "none": "none",
        "skip_connect": "skip_connect",
        "max_pool_3x3": "max_pool_3x3",
        "max_pool_5x5": "max_pool_5x5",
        "max_pool_7x7": "max_pool_7x7",
        "avg_pool_3x3": "avg_pool_3x3",
        "avg_pool_5x5": "avg_pool_5x5",
        "sep_conv_3x3": "sep_conv_3x3",
        "sep_conv_5x5": "sep_conv_5x5",
        "sep_conv_7x7": "sep_conv_7x7",
        # What others call dilated convolutions are one depthwise unit, which here have it in their name.
        "dil_conv_3x3": "dil_sep_conv_3x3",
        "dil_conv_5x5": "dil_sep_conv_5x5",
        "conv_1x1": "conv_1x1",
        "conv_3x3": "conv_3x3",
        "conv_3x1_1x3": "conv_1x3_3x1",
        "conv_7x1_1x7": "conv_1x7_7x1",
        "nor_conv_1x1": "conv_1x1",
        "nor_conv_3x3": "conv_3x3",
    }
)


_DARTS = "Genotype(normal=[('sep_conv_3x3', 1), ...], normal_concat=[2, ...], reduce=[...], reduce_concat=range(2, 6))"
_DARTS_FIELDS = {"normal", "normal_concat", "reduce", "reduce_concat"}


def from_darts(text: str) -> Genotype:
    """Reads `Genotype(normal=[('sep_conv_3x3', 1), ...], normal_concat=..., reduce=[...], reduce_concat=...)`.

    It may have a name, as in `DARTS_V2 = Genotype(...)`. Two pairs of operator and source for each node, as in
    quark0/darts (Liu et al. 2018, arXiv 1806.09055) and what descends from it; a concat is a list or a range.
    InvalidGenotype for anything else.
    """
    _check_text(text, "DARTS")
    try:
        match ast.parse(text.strip()).body:
            case [ast.Expr(ast.Call(args=[]) as call)] | [ast.Assign(value=ast.Call(args=[]) as call)]:
                fields = {str(keyword.arg): _literal(keyword.value) for keyword in call.keywords}
            case _:
                fields = {}
        if fields.keys() != _DARTS_FIELDS:
            raise InvalidGenotype(f"a genotype of DARTS is written {_DARTS}")
        normal = _paired("normal", fields["normal"], fields["normal_concat"])
        reduction = _paired("reduction", fields["reduce"], fields["reduce_concat"])
    except (SyntaxError, ValueError, TypeError, OverflowError, RecursionError, MemoryError) as error:
        if isinstance(error, InvalidGenotype):
            raise
        raise InvalidGenotype(f"a genotype of DARTS is written {_DARTS}") from error
    return Genotype(normal, reduction)


def from_nas_bench_201(text: str) -> Genotype:
    """Reads `|nor_conv_3x3~0|+|none~0|skip_connect~1|+|...|`, of any number of nodes, as a dense cell.

    The reduction cell is the fixed one of space "nb201". (Dong, Yang 2020, arXiv 2001.00326.) InvalidGenotype for
    anything else.
    """
    _check_text(text, "NAS-Bench-201")
    edges = []
    for target, node in enumerate(text.strip().split("+"), start=2):
        terms = re.fullmatch(r"\|((?:\w+~\d{1,3}\|)+)", node)
        if terms is None:
            raise InvalidGenotype(
                f"node {target - 1} of a cell of NAS-Bench-201 is |operator~source|..., not {reprlib.repr(node)}"
            )
        for term in terms[1].rstrip("|").split("|"):
            name, source = term.split("~")
            if int(source) >= target - 1:
                raise InvalidGenotype(
                    f"edge {term} of node {target - 1} starts at node {source}, which is no earlier one"
                )
            # Nodes count from 0 there, where the older input is none.
            edges.append(Edge(int(source) + 1, target, _operator(name, f"edge {term} of node {target - 1}")))
    return Genotype(Cell(tuple(edges), outputs=(edges[-1].target,)), FIXED_REDUCTION)


def from_nni(fields: Mapping[str, Any], merge: Literal["all", "loose_end"] = "all") -> Genotype:
    """Reads `{"normal/op_2_0": "sep_conv_3x3", "normal/input_2_0": 1, ..., "reduce/op_2_0": ...}` of NNI.

    An input is a number or a list of one. The result is "all" inner nodes (PNAS, DARTS) or the "loose_end" ones that
    nothing reads (NASNet, ENAS, AmoebaNet); an input of the cell is never among them, read or not. Its two stacked
    dilated units, dil_sep_conv_3x3, are no operator here. InvalidGenotype for anything else, other entries too.
    """
    if not isinstance(fields, Mapping):
        raise InvalidGenotype(
            f"a genotype of NNI is a mapping of entries like 'normal/op_2_0', not {reprlib.repr(fields)}"
        )
    if merge not in ("all", "loose_end"):
        raise InvalidGenotype(f"merge is 'all' or 'loose_end', not {reprlib.repr(merge)}")
    others = [key for key in fields if not _is_entry(key, fields)]
    if others:
        raise InvalidGenotype(
            f"a genotype of NNI has entries like 'normal/op_2_0' and 'normal/input_2_0' alone: leave out "
            f"{', '.join(map(reprlib.repr, others[:3]))}{', ...' if len(others) > 3 else ''}"
        )
    cells = {}
    for name in ("normal", "reduce"):
        edges = list(_nni_edges(fields, name))
        if not edges:
            raise InvalidGenotype(f"a genotype of NNI has an entry '{name}/op_2_0'")
        nodes = {edge.target for edge in edges}
        read = {edge.source for edge in edges}
        cells[name] = _cell(name, edges, nodes if merge == "all" else nodes - read)
    return Genotype(cells["normal"], cells["reduce"])


def _check_text(text: object, tool: str) -> None:
    if not isinstance(text, str):
        raise InvalidGenotype(f"a genotype of {tool} is text, not {reprlib.repr(text)}")


def _is_entry(key: object, fields: Mapping[str, Any]) -> bool:
    """Whether it says what an edge carries, or where one of these starts."""
    match = re.fullmatch(r"(normal|reduce)/(op|input)_(\d+_\d+)", key, re.ASCII) if isinstance(key, str) else None
    return match is not None and f"{match[1]}/op_{match[3]}" in fields


def _nni_edges(fields: Mapping[str, Any], name: str) -> Iterator[Edge]:
    for key, operator in fields.items():
        match = re.fullmatch(rf"{name}/op_([0-9]+)_([0-9]+)", key)
        if match is not None:
            node, operand = match.groups()
            source = fields.get(f"{name}/input_{node}_{operand}")
            if isinstance(source, list) and len(source) == 1:
                source = source[0]
            if len(node) > 3:
                raise InvalidGenotype(f"{reprlib.repr(key)}: no cell has so many nodes")
            if type(source) is not int:
                raise InvalidGenotype(f"'{name}/input_{node}_{operand}' is the number of a node, not {source!r}")
            yield Edge(source, int(node), _operator(operator, f"{name} cell: edge {source}->{node}"))


def _paired(name: str, pairs: Any, outputs: Any) -> Cell:
    if len(pairs) % 2:
        raise InvalidGenotype(f"{name} cell: an odd number of edges, where every node has two")
    edges = []
    for number, (operator, source) in enumerate(pairs):
        target = 2 + number // 2
        edges.append(Edge(_node(source), target, _operator(operator, f"{name} cell: edge {source}->{target}")))
    return _cell(name, edges, [_node(output) for output in outputs])


def _literal(value: ast.expr) -> Any:
    """A literal, or range(...) of literals."""
    match value:
        case ast.Call(func=ast.Name(id="range"), args=arguments, keywords=[]):
            found = range(*[_node(ast.literal_eval(argument)) for argument in arguments])
            if found[100:]:
                raise InvalidGenotype("a cell has no more than 100 outputs")
            return found
    return ast.literal_eval(value)


def _node(value: Any) -> int:
    if type(value) is not int:
        raise InvalidGenotype(f"a node is a number, not {value!r}")
    return value


def _operator(name: Any, edge: str) -> str:
    if not isinstance(name, str) or name not in _OPERATORS:
        raise InvalidGenotype(
            f"{edge} carries {reprlib.repr(name)}, and no operator here is what that is there; known are "
            f"{', '.join(_OPERATORS)}"
        )
    return _OPERATORS[name]


def _cell(name: str, edges: Iterable[Edge], outputs: Iterable[int]) -> Cell:
    try:
        return Cell(tuple(edges), tuple(outputs))
    except InvalidGenotype as error:
        raise InvalidGenotype(f"{name} cell: {error}") from error
