"""The encoding that fits a space of genotypes."""

from __future__ import annotations

from search_space.simplify import NOTHING
from search_space.space import CellSpace
from service.sampling.encoding.base import Encoding
from service.sampling.encoding.canonical import Canonical
from service.sampling.encoding.dense_cell import DenseCell
from service.sampling.encoding.nasnet_cell import NasnetCell
from service.sampling.encoding.one_hot import OneHot

PASS_ON = ("skip_connect", "identity")


def encoding_of(space: CellSpace) -> Encoding:
    """By what its cells compute; of a dense cell that reduces too no more is known than its operators.

    In a reduction a copy of the newest input is none, so that what is one function as a normal cell is two there.
    """
    if space.wiring != "dense":
        return NasnetCell(space)
    if space.reduction != "fixed":
        return Canonical(OneHot({decision.name: len(decision.choices) for decision in space.decisions}), space)
    ends = [(source - 1, node - 1) for node in range(2, 2 + space.nodes) for source in range(1, node)]
    links = {decision.name: link for decision, link in zip(space.decisions, ends, strict=True)}
    index = {name: place for place, name in enumerate(space.operators)}
    identity = next((index[name] for name in PASS_ON if name in index), None)
    cell = DenseCell(links, len(space.operators), none=index.get(NOTHING), identity=identity)
    return Canonical(cell, space)
