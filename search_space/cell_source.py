"""The text of a torch class for a cell of a genotype."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from textwrap import wrap
from types import MappingProxyType

from search_space.genotype import Cell, Edge
from search_space.operators import OPERATORS
from search_space.skeleton import Skeleton

STRIDES: Mapping[str, int] = MappingProxyType({"NormalCell": 1, "ReductionCell": 2})
"""The cells that a network is made of, and with what stride they read their inputs."""

_TERMS_A_LINE, _DROPPED_TERMS_A_LINE = 4, 3


def cell_source(name: str, cell: Cell, skeleton: Skeleton, drop_path: bool = False) -> str:
    """The class `name`, NormalCell or ReductionCell, for `cell` in `skeleton`; with `drop_path`, it may drop paths."""
    stride, dims = STRIDES[name], skeleton.dims
    raw_first = skeleton.older_input == "raw-first"
    lines = [
        f"class {name}(Cell):",
        f'    """{_summary(cell)}',
        "",
        "    Its operators, and where they are from:",
        "",
        *_sources(cell),
        '    """',
        "",
        f"    stride = {stride}",
        f"    reads = {cell.inputs!r}",
        f"    outputs = {len(cell.outputs)}",
        *([] if raw_first else [f'    older_input = "{skeleton.older_input}"']),
        *([f"    newest_units = {skeleton.newest_units}"] if skeleton.newest_units != 1 else []),
        *([f"    dims = {dims}"] if dims != 2 else []),
        "",
        "    def __init__(self, older: int, newest: int, channels: int, halves: bool, raw_h0: bool) -> None:",
        "        super().__init__(older, newest, channels, halves, raw_h0)",
        *(f"        {line}" for line in _parts(cell, stride, dims, raw_first)),
        *(["        self.drop = DropPath()"] if drop_path else []),
        "",
        "    def forward(self, h0: Tensor, h1: Tensor) -> Tensor:",
        f'        """The concatenated outputs, {_shape(len(cell.outputs), stride)} where h1 is (N, newest, H, W)."""',
        "        h0, h1 = self.prepare(h0, h1)",
        *(f"        {line}" for line in _steps(cell, stride, drop_path)),
        # One output is copied too, as its cost is counted: what is written over a result is then never over an input.
        f"        return torch.cat([{', '.join(_output(node, stride) for node in cell.outputs)}], 1)",
    ]
    return "\n".join(lines)


def _summary(cell: Cell) -> str:
    count = len(cell.nodes)
    return f"The searched cell: {count} node{'' if count == 1 else 's'} between its inputs and its output."


def _sources(cell: Cell) -> Iterator[str]:
    """A line or more for each operator, by name, with the paper it is from."""
    for name in sorted({edge.operator for edge in cell.edges}):
        yield from wrap(f"{name}: {OPERATORS[name].source}", 120, initial_indent="    - ", subsequent_indent="      ")


def _shape(outputs: int, stride: int) -> str:
    sides = "H, W" if stride == 1 else f"ceil(H/{stride}), ceil(W/{stride})"
    return f"(N, {_channels(outputs)}, {sides})"


def _channels(times: int) -> str:
    return "channels" if times == 1 else f"{times} * channels"


def _parts(cell: Cell, stride: int, dims: int, raw_first: bool) -> Iterator[str]:
    axes = "" if dims == 2 else f", dims={dims}"
    for node in cell.nodes:
        edges = cell.edges_into(node)
        for index, edge in enumerate(edges):
            yield f"self.h{node}_{index} = {_construction(edge, stride, dims, raw_first)}"
        if node in cell.concat:
            yield f"self.h{node}_join = ReLUConvBN({_channels(len(edges))}, channels{axes})"
    for node in (0, 1):
        if node in cell.outputs and _is_fitted(node, stride):
            fit = "Adapter" if stride == 1 else "FactorizedReduction"
            yield f"self.h{node}_out = {fit}({_width(node, raw_first)}, channels{axes})"


def _construction(edge: Edge, stride: int, dims: int, raw_first: bool) -> str:
    operator = OPERATORS[edge.operator]
    _, class_name = operator.module_for(dims).split(":")
    arguments = operator.arguments(channels_in=0, channels=0, dims=dims)
    own = [f"{key}={_literal(arguments[key])}" for key in arguments if key not in ("channels_in", "channels", "stride")]
    strided = [str(stride)] if stride != 1 and edge.source < 2 else []
    return f"{class_name}({', '.join([_width(edge.source, raw_first), 'channels', *strided, *own])})"


def _literal(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _steps(cell: Cell, stride: int, drop_path: bool) -> Iterator[str]:
    at_once = _DROPPED_TERMS_A_LINE if drop_path else _TERMS_A_LINE
    for node in cell.nodes:
        terms = []
        for index, edge in enumerate(cell.edges_into(node)):
            term = f"self.h{node}_{index}(h{edge.source})"
            terms.append(_dropped(term, edge, stride) if drop_path else term)
        if node in cell.concat:
            yield from _concatenation(node, terms, at_once)
            yield f"h{node} = self.h{node}_join(h{node})"
        else:
            # Long sums are written over several lines, each going on where the one before it ended.
            for first in range(0, len(terms), at_once):
                line = [*([f"h{node}"] if first else []), *terms[first : first + at_once]]
                yield f"h{node} = {' + '.join(line)}"


def _concatenation(node: int, terms: list[str], at_once: int) -> list[str]:
    """One call, however many lines it takes: what is copied once is not copied again."""
    if len(terms) <= at_once:
        return [f"h{node} = torch.cat([{', '.join(terms)}], 1)"]
    return [f"h{node} = torch.cat(", "    [", *(f"        {term}," for term in terms), "    ],", "    1,", ")"]


def _dropped(term: str, edge: Edge, stride: int) -> str:
    """Drop path spares identities: NASNet's always, the skip connections of ENAS and DARTS where they are their input.

    They are not where they are strided, nor where the older input has another width, which only the cell knows.
    """
    if edge.operator == "identity":
        return term
    if edge.operator == "skip_connect" and edge.source == 0 and stride == 1:
        return f"self.drop({term}, h0)"
    if edge.operator == "skip_connect" and (edge.source > 1 or stride == 1):
        return term
    return f"self.drop({term})"


def _output(node: int, stride: int) -> str:
    return f"self.h{node}_out(h{node})" if _is_fitted(node, stride) else f"h{node}"


def _is_fitted(node: int, stride: int) -> bool:
    """Whether an output may have another shape than the cell's: h0 in width, both inputs where the cell reduces."""
    return node == 0 or (node == 1 and stride != 1)


def _width(node: int, raw_first: bool) -> str:
    return "self.channels_h0" if node == 0 and raw_first else "channels"
