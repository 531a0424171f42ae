"""What a user may know of an architecture, and take away of it as code."""

from __future__ import annotations

from dataclasses import dataclass

from search_space.cost import Cost, auxiliary_cost, cost
from search_space.export import to_python
from search_space.genotype import Genotype, InvalidGenotype
from search_space.module_source import Form
from search_space.network import Architecture
from search_space.operators import OPERATORS
from search_space.published import published
from search_space.skeleton import Skeleton
from service.domain.errors import Invalid, NotFound
from service.domain.latency_forecast import LatencyForecast, forecast
from service.ports import Store, UnitOfWork
from service.usecases.devices import LOCAL, refuse_unknown_device
from service.usecases.reach import MOST_MEASURED, bounded, profile_of


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


def called(name: str, store: Store) -> Genotype:
    """A published cell by its name, or a registered or tried one by its key; NotFound where there is neither."""
    if name in published:
        return published[name]
    try:
        return store.genotype(name)
    except NotFound as error:
        known = ", ".join(published)
        raise NotFound(f"{name!r} is no key of a cell that was tried or registered, and none of {known}.") from error


def get(key: str, work: UnitOfWork) -> Known:
    """The architecture with this key or published name; NotFound where there is none."""
    with work() as store:
        genotype = called(key, store)
        return Known(genotype, tuple(store.tried_in(genotype.key)))


@dataclass(frozen=True, slots=True)
class Grown:
    """An architecture in a skeleton of the user's choice: what it costs, and how long it is predicted to take.

    `auxiliary` is what its auxiliary head costs beside that, in training alone; None without one.
    """

    architecture: Architecture
    cost: Cost
    auxiliary: Cost | None
    latency: LatencyForecast | None


def grown(key: str, skeleton: Skeleton, work: UnitOfWork, device: str = LOCAL) -> Grown:
    """The architecture in a skeleton; NotFound as above, Invalid where it cannot stand in it, with what would work."""
    with work() as store:
        refuse_unknown_device(device, store)
        genotype, measured = called(key, store), store.latencies(device, skeleton, MOST_MEASURED)
        profile = profile_of(store.devices(), device)
    try:
        architecture = Architecture(genotype, skeleton)
        latency = forecast(device, architecture, measured)
        auxiliary = auxiliary_cost(architecture) if skeleton.auxiliary else None
        return Grown(architecture, cost(architecture), auxiliary, latency and bounded(latency, architecture, profile))
    except InvalidGenotype as error:
        blamed = "auxiliary" if skeleton.auxiliary else "input"
        raise Invalid(blamed, f"This cell cannot stand in such a network: {error}.") from error
    except ValueError as error:
        raise Invalid("channels", f"This cell cannot stand in such a network: {error}.") from error


def code(key: str, skeleton: Skeleton, work: UnitOfWork, form: Form = "inference", device: str = LOCAL) -> str:
    """The architecture in a skeleton as the text of one Python file; NotFound and Invalid as above."""
    found = grown(key, skeleton, work, device)
    told = str(found.latency) if found.latency else f"not predicted, too few networks were measured on {device}"
    return to_python(found.architecture, form=form, head={"latency of the inference form": told})
