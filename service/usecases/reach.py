"""What the cells of a job can reach, and the refusal of limits that none of them can keep."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from typing import Any, TypeAlias

from search_space.cost import cost
from search_space.genotype import Genotype
from search_space.network import Architecture
from search_space.places import Face, places_of
from search_space.space import CellSpace
from service.domain.errors import Invalid
from service.domain.job import JobSpec
from service.domain.limits import KNOWN_BEFORE
from service.domain.objectives import METRICS, Objective
from workers.device_profile import DeviceProfile

SAMPLES = 200
Measure: TypeAlias = Callable[[Genotype], float]


def refuse_out_of_reach(spec: JobSpec, profiles: Mapping[str, Mapping[str, Any]]) -> None:
    """Invalid where a limit cannot be met by any cell of the job's space, with the range that can be reached.

    `profiles` say what is known of each device, see `Store.devices`. A latency limit on a device that nothing is
    known of passes.
    """
    for index, objective in enumerate(spec.objectives):
        field = f"objectives.{index}.limit"
        if objective.limit is None:
            continue
        if objective.metric == "accuracy" and objective.limit > 1:
            raise Invalid(
                field, "Accuracy is a share of the images, from 0 to 1; give a limit of 1 or less, such as 0.9."
            )
        measure = _measure(spec, objective, profiles)
        if measure is not None:
            _refuse(field, objective, objective.limit, spec.space, measure)


def _measure(spec: JobSpec, objective: Objective, profiles: Mapping[str, Mapping[str, Any]]) -> Measure | None:
    """What is known of a metric before anything is trained; never more than will be measured."""
    match objective.metric:
        case "params":
            return lambda genotype: cost(Architecture(genotype, spec.skeleton)).params
        case "macs":
            return lambda genotype: cost(Architecture(genotype, spec.skeleton)).macs
        case "latency_ms" if objective.device and objective.device in profiles:
            known = profiles[objective.device]
            profile = DeviceProfile(**{field.name: known[field.name] for field in fields(DeviceProfile)})
            return lambda genotype: _least_latency_ms(Architecture(genotype, spec.skeleton), profile)
    return None


def _least_latency_ms(architecture: Architecture, profile: DeviceProfile) -> float:
    genotype = architecture.genotype
    places = places_of(architecture.skeleton, Face.of(genotype.normal), Face.of(genotype.reduction))
    # An identity is often no layer at all; everything else is at least one.
    own = {name: sum(edge.operator != "identity" for edge in cell.edges) for name, cell in genotype.cells}
    layers = sum(own[place.cell] for place in places)
    return profile.least_latency_ms(layers, cost(architecture).macs)


def _refuse(field: str, objective: Objective, limit: float, space: CellSpace, measure: Measure) -> None:
    values = []
    for genotype in _spread(space):
        values.append(measure(genotype))
        if values[-1] <= limit:
            return
    lowest = _least(space, measure)
    if lowest > limit:
        metric, least = METRICS[objective.metric], _rounded_up(lowest)
        sure = "" if metric.name in KNOWN_BEFORE else " at the very least"
        raise Invalid(
            field,
            f"No cell of this space has {metric.name} of {limit:.15g} or less; cells reach from {least} to "
            f"{_rounded_up(max(values))} {metric.unit}{sure}: give a limit of {least} or more, or fewer channels, "
            "cells or nodes.",
        )


def _rounded_up(value: float) -> str:
    """1234567 and 0.042 and 0.0000171: whole from 100 on, else three digits, so that a limit of it is kept."""
    places = max(0, 2 - math.floor(math.log10(value)))
    return f"{math.ceil(value * 10**places) / 10**places:.{places}f}"


def _spread(space: CellSpace) -> Iterator[Genotype]:
    """Always the same cells, so that the same request gets the same answer."""
    rng = random.Random(0)
    return (space.sample(rng) for _ in range(SAMPLES))


def _least(space: CellSpace, measure: Measure) -> float:
    """The least that is found by improving one decision after the other, until none helps.

    Costs nearly add up over the decisions of a cell, so this ends at the bottom or very close to it.
    """
    choices = {decision.name: 0 for decision in space.decisions}
    lowest = measure(space.genotype(choices))
    while True:
        before = lowest
        for decision in space.decisions:
            for choice in range(len(decision.choices)):
                value = measure(space.genotype(choices | {decision.name: choice}))
                if value < lowest:
                    lowest, choices = value, choices | {decision.name: choice}
        if lowest == before:
            return lowest
