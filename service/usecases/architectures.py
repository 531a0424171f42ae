"""What a user may know of an architecture, and take away of it as code."""

from __future__ import annotations

from dataclasses import dataclass

from search_space.cost import Cost, cost
from search_space.export import to_python
from search_space.genotype import Genotype, InvalidGenotype
from search_space.module_source import Form
from search_space.network import Architecture
from search_space.operators import OPERATORS
from search_space.skeleton import Skeleton
from service.domain.errors import Invalid
from service.ports import UnitOfWork


@dataclass(frozen=True, slots=True)
class Known:
    """A genotype, and the (job id, trial number) pairs it was tried as."""

    genotype: Genotype
    tried_in: tuple[tuple[int, int], ...]


def register(genotype: Genotype, work: UnitOfWork) -> Genotype:
    """Keeps a genotype of the user's own under its key; one that is there already stays as it is.

    Invalid where it names an operator that there is not.
    """
    try:
        genotype.check_operators(OPERATORS)
    except InvalidGenotype as error:
        raise Invalid("genotype", f"This genotype cannot be built: {error}. GET /v1/operators lists them.") from error
    with work() as store:
        store.add_genotype(genotype)
    return genotype


def get(key: str, work: UnitOfWork) -> Known:
    """The architecture with this key; NotFound where there is none."""
    with work() as store:
        return Known(store.genotype(key), tuple(store.tried_in(key)))


def cost_in(key: str, skeleton: Skeleton, work: UnitOfWork) -> Cost:
    """What the architecture costs in a skeleton; NotFound as above."""
    return cost(Architecture(get(key, work).genotype, skeleton))


def code(key: str, skeleton: Skeleton, work: UnitOfWork, form: Form = "inference") -> str:
    """The architecture in a skeleton as the text of one Python file; NotFound as above."""
    genotype = get(key, work).genotype
    try:
        return to_python(Architecture(genotype, skeleton), form=form)
    except InvalidGenotype as error:
        raise Invalid("auxiliary", f"This cell cannot stand in such a network: {error}.") from error
