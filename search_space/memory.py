"""How much memory a network takes at its fullest moment, from its description alone."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from search_space.cost import cost
from search_space.counting import BYTES_PER_NUMBER
from search_space.network import Architecture
from search_space.places import Face, Place, PreparationKind, places_of


def peak_memory_bytes(architecture: Architecture) -> int:
    """All weights and, of one image in float32, the maps of the cell that keeps most of them at once.

    That is: the three newest tensors of the network, of which the cell reads two, what it prepares of these, its nodes
    and its result. What an operator needs for itself while it is at work is left out, so that this is never more than
    what is taken: of cells of the NASNet and DARTS spaces that is up to a quarter more, and much more where operators
    expand their channels.
    """
    return BYTES_PER_NUMBER * (cost(architecture).params + max(_numbers(architecture)))


def peak_memory_mb(architecture: Architecture) -> float:
    """The same in MB, of 1,000,000 bytes each."""
    return peak_memory_bytes(architecture) / 1e6


def _numbers(architecture: Architecture) -> Iterator[int]:
    """How many numbers the maps around and in each cell have."""
    genotype, skeleton = architecture.genotype, architecture.skeleton
    cells = dict(genotype.cells)
    places = places_of(skeleton, Face.of(genotype.normal), Face.of(genotype.reduction))
    for number, place in enumerate(places):
        cell = cells[place.cell]
        yield (
            # The oldest is what the cell before read as its older one; at first, all three are the stem's.
            (_older(places[number - 1]) if number > 1 else 0)
            + (_older(place) if number else 0)
            + place.newest[0].channels_in * prod(place.size_in)
            + (0 in cell.inputs and place.older.kind is not PreparationKind.UNTOUCHED) * _prepared(place, 0)
            + (1 in cell.inputs) * _prepared(place, 1)
            + (len(cell.nodes) + len(cell.outputs)) * place.channels * prod(place.size)
        )


def _older(place: Place) -> int:
    return place.older.channels_in * prod(place.older.size_in)


def _prepared(place: Place, node: int) -> int:
    return place.width_of(node) * prod(place.size_in)
