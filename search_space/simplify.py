"""What a cell can do without: edges that carry nothing, and nodes that only copy another.

By definition nothing comes along an edge with operator "none", nor out of a node that gets nothing, whatever the
operator on the way: what no input reaches is left out, as is what reaches no output.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TypeAlias

NOTHING = "none"
COPIES = frozenset({"identity", "skip_connect"})
"""Operators that give their input itself where neither size nor width change: from inner nodes always."""

Incoming: TypeAlias = dict[int, list[tuple[int, str]]]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A cell as drawn: for every inner node its (source, operator) pairs, and which are given out and joined."""

    incoming: Incoming
    outputs: tuple[int, ...]
    concat: frozenset[int]


def simplified(drawing: Drawing, copied_inputs: Collection[int] = ()) -> Drawing:
    """The same function of the inputs with fewer edges and nodes.

    An edge from one of `copied_inputs` copies too; where stride or width might change, an input is not among them.
    A cell that nothing passes becomes one node that is zero.
    """
    if any(operator == NOTHING for links in drawing.incoming.values() for _, operator in links):
        drawing = _without_nothing(drawing)
    copies = {
        node: links[0]
        for node, links in drawing.incoming.items()
        if len(links) == 1
        and links[0][1] in COPIES
        and node not in drawing.concat
        and (links[0][0] in drawing.incoming or links[0][0] in copied_inputs)
    }
    return _without_copies(drawing, copies) if copies else drawing


def _without_nothing(drawing: Drawing) -> Drawing:
    incoming = {node: [link for link in links if link[1] != NOTHING] for node, links in drawing.incoming.items()}
    while empty := {node for node, links in incoming.items() if not links}:
        incoming = {
            node: [link for link in links if link[0] not in empty]
            for node, links in incoming.items()
            if node not in empty
        }
    outputs = tuple(node for node in drawing.outputs if node in incoming or node not in drawing.incoming)
    if not outputs:
        return Drawing({2: [(1, NOTHING)]}, (2,), frozenset())
    return Drawing(incoming, outputs, drawing.concat.intersection(incoming))


def _without_copies(drawing: Drawing, copies: dict[int, tuple[int, str]]) -> Drawing:
    """Readers read the original. Of outputs that are one and the same, all but the first remain as copies of it."""

    def original(node: int) -> int:
        while node in copies:
            node = copies[node][0]
        return node

    incoming = {
        node: [(original(source), operator) for source, operator in links] for node, links in drawing.incoming.items()
    }
    # An original that is given out itself comes first, then its copies by their operators.
    by_operator = sorted(drawing.outputs, key=lambda node: copies[node][1] if node in copies else "")
    outputs: list[int] = []
    for node in by_operator:
        first = original(node)
        outputs.append(node if first in outputs else first)
    return Drawing(incoming, tuple(outputs), drawing.concat)
