"""What the cells of a job can reach, and the refusal of limits that none of them can keep."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from functools import lru_cache
from typing import Any, TypeAlias

from search_space.cost import cost
from search_space.network import Architecture
from search_space.places import Face, places_of
from search_space.skeleton import Skeleton
from search_space.space import CellSpace
from service.domain.errors import Invalid
from service.domain.job import JobSpec
from service.domain.latency_forecast import Latencies, LatencyForecast, LatencyModel, in_same_skeleton
from service.domain.limits import KNOWN_BEFORE, rounded_up
from service.domain.objectives import METRICS, Objective
from workers.device_profile import DeviceProfile, no_processor_beats

SAMPLES = 200
MOST_MEASURED = 200
Measure: TypeAlias = Callable[[Architecture], float]
Profiles: TypeAlias = Mapping[str, Mapping[str, Any]]


def refuse_out_of_reach(spec: JobSpec, profiles: Profiles, measured: Latencies = ()) -> None:
    """Invalid where a limit cannot be met by any cell of the job's space, with the range that can be reached.

    `profiles` say what is known of each device, see `Store.devices`; `measured` are networks with their latencies on
    the job's own. One that nothing is known of yet is taken for the fastest that there could be.
    """
    for index, objective in enumerate(spec.objectives):
        field = f"objectives.{index}.limit"
        if objective.limit is None:
            continue
        if objective.metric == "accuracy" and objective.limit > 1:
            raise Invalid(
                field, "Accuracy is a share of the images, from 0 to 1; give a limit of 1 or less, such as 0.9."
            )
        for measure, how in _measures(spec, objective, profiles, measured):
            _refuse(field, objective, objective.limit, spec, measure, how)


def profile_of(profiles: Profiles, device: str) -> DeviceProfile | None:
    """What is known of a device, if all of it is."""
    names, known = [field.name for field in fields(DeviceProfile)], profiles.get(device, {})
    # An older version may have measured less.
    return DeviceProfile(**{name: known[name] for name in names}) if set(names) <= known.keys() else None


def _measures(
    spec: JobSpec, objective: Objective, profiles: Profiles, measured: Latencies
) -> Iterator[tuple[Measure, str]]:
    """What is known of a metric before anything is trained, not more than will be measured, and how it is known.

    Empty where it is known exactly; all else is less than what a network really takes.
    """
    if objective.metric in KNOWN_BEFORE:
        yield KNOWN_BEFORE[objective.metric], ""
    if objective.metric == "latency_ms" and objective.device:
        profile = profile_of(profiles, objective.device) or no_processor_beats(spec.resources.cpus)
        yield lambda architecture: _least_latency_ms(architecture, profile), ", by what the device can compute at best"
        # Networks of other skeletons say too little of these to refuse a job by.
        if model := LatencyModel.fitted(objective.device, in_same_skeleton(spec.skeleton, measured)):
            told = f", as {model.networks} measured networks predict it"
            yield lambda architecture: model.forecast(architecture).interval_ms[0], told


def bounded(told: LatencyForecast, architecture: Architecture, profile: DeviceProfile | None) -> LatencyForecast:
    """The forecast, which is not below what the device takes at the very least where its profile is known."""
    return told.at_least(_least_latency_ms(architecture, profile)) if profile else told


def _least_latency_ms(architecture: Architecture, profile: DeviceProfile) -> float:
    genotype = architecture.genotype
    places = places_of(architecture.skeleton, Face.of(genotype.normal), Face.of(genotype.reduction))
    # An identity is often no layer at all; everything else is at least one.
    own = {name: sum(edge.operator != "identity" for edge in cell.edges) for name, cell in genotype.cells}
    layers = sum(own[place.cell] for place in places)
    return profile.least_latency_ms(layers, cost(architecture).macs)


def _refuse(field: str, objective: Objective, limit: float, spec: JobSpec, measure: Measure, how: str) -> None:
    values = []
    for architecture in spread(spec.space, spec.skeleton):
        values.append(measure(architecture))
        if values[-1] <= limit:
            return
    lowest = _least(spec, measure, limit)
    if lowest > limit:
        metric, least = METRICS[objective.metric], rounded_up(lowest)
        what = "at the very least cells take" if how else "cells reach from"
        advised = f"well above {least}" if how else f"of {least} or more"
        raise Invalid(
            field,
            f"No cell of this space has {metric.name} of {limit:.15g} or less; {what} {least} to "
            f"{rounded_up(max(values))} {metric.unit}{how}: give a limit {advised}, or fewer channels, cells or "
            "nodes.",
        )


@lru_cache(maxsize=8)  # of some megabytes each
def spread(space: CellSpace, skeleton: Skeleton) -> tuple[Architecture, ...]:
    """SAMPLES cells of a space by chance: always the same, so that the same request gets the same answer."""
    rng = random.Random(0)
    return tuple(Architecture(space.sample(rng), skeleton) for _ in range(SAMPLES))


def _least(spec: JobSpec, measure: Measure, enough: float) -> float:
    """The least that is found by improving one decision after the other, until none helps or `enough` is reached.

    Costs nearly add up over the decisions of a cell, so this ends at the bottom or very close to it.
    """
    space = spec.space

    def measured(choices: Mapping[str, int]) -> float:
        return measure(Architecture(space.genotype(choices), spec.skeleton))

    choices = {decision.name: 0 for decision in space.decisions}
    lowest = measured(choices)
    while True:
        before = lowest
        for decision in space.decisions:
            for choice in range(len(decision.choices)):
                value = measured(choices | {decision.name: choice})
                if value < lowest:
                    lowest, choices = value, choices | {decision.name: choice}
                if lowest <= enough:
                    return lowest
        if lowest == before:
            return lowest
