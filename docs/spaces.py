"""Writes the reference page of the search spaces: `python -m docs.spaces`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from search_space.genotype import Genotype, InvalidGenotype
from search_space.presets import spaces
from search_space.published import published
from search_space.space import CellSpace

PAGE = Path(__file__).parent / "reference" / "spaces.md"

_INTRODUCTION = """\
# Search spaces

What cells a job tries. Generated from `search_space/presets.py` by `python -m docs.spaces`; a test fails when this page
is out of date.

A job names one, `{"space": {"preset": "darts"}}`, and may restrict it: `"operators": ["sep_conv_3x3", "max_pool_3x3"]`
leaves it these alone, `"nodes": 3` makes its cells smaller or larger. For signals and volumes it has those of its
operators that are for them. The size is the exact number of ways to answer all decisions of a cell pair, and, where the
two operands of a node have an order, of those that are left without it; some answers describe the same cell, which is
trained once. A random sample is uniform over the answers, each decision by itself, and so not over the cells: one that
twice as many answers describe comes twice as often. Of the 9,216 answers for a cell of `tiny`, 1 to 8 describe each of
its 2,178 cells. [Operators](operators.md) says what each of them does.

NASNet-A and AmoebaNet-A lie in no space: their released code gives out some nodes that others read too, the older input
first of all, where a search, as its paper has it, gives out those that no operator reads. With these outputs they would
lie in `nasnet-paper` and in `amoeba`. A job may begin with them all the same, `"seed_with": ["nasnet-a"]`, or compare
with them.
"""

_WIRING = {
    "pairs": "every node reads two earlier ones, or one of them twice",
    "distinct": "every node reads two different earlier ones",
    "dense": "every node reads all earlier ones but the older input",
}
_OUTPUTS = {"all": "all nodes", "loose": "all nodes and inputs that no operator reads"}
_REDUCTION = {
    "searched": "searched too",
    "same": "the same cell with a stride",
    "fixed": "fixed: a residual block",
}


def page() -> str:
    """The whole page, as Markdown."""
    return "\n".join([_INTRODUCTION, *("\n".join(_entry(space)) for space in spaces.values())])


def _entry(space: CellSpace) -> Iterator[str]:
    yield f"## `{space.name}`\n"
    yield f"{space.summary}\n"
    unordered = f"; {space.unordered_size:,} without an order of operands" if space.wiring == "pairs" else ""
    yield f"- Size: {space.size:,}{unordered}"
    combined = " or ".join({"add": "added", "concat": "concatenated"}[name] for name in space.combines)
    yield f"- Cells: {space.nodes} nodes; {_WIRING[space.wiring]}, {combined}"
    outputs = "the last node" if space.wiring == "dense" else _OUTPUTS[space.outputs]
    yield f"- Result: {outputs}"
    yield f"- Reduction cell: {_REDUCTION[space.reduction]}"
    held = [f"`{name}`" for name, genotype in published.items() if _holds(space, genotype)]
    yield f"- Published cells in it: {', '.join(held) or 'none'}"
    yield f"- Operators: {', '.join(f'`{name}`' for name in space.operators)}\n"


def _holds(space: CellSpace, genotype: Genotype) -> bool:
    try:
        space.choices(genotype)
    except InvalidGenotype:
        return False
    return True


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
