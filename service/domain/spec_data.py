"""A job's specification as plain JSON data, and back, exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from search_space.skeleton import Skeleton
from search_space.space import CellSpace
from service.domain.job import Budget, EarlyStopping, JobSpec, Resources, Sampler
from service.domain.objectives import Objective
from workers.messages import Recipe

VERSION = 1


def spec_to_data(spec: JobSpec) -> dict[str, Any]:
    """What json.dumps takes; `version` says how it is read."""
    return {"version": VERSION, **asdict(spec)}


def spec_from_data(data: Mapping[str, Any]) -> JobSpec:
    """The specification that `spec_to_data` was given; ValueError where it was written by a newer version."""
    if data["version"] != VERSION:
        raise ValueError(f"a job specification of version {data['version']} cannot be read here")
    return JobSpec(
        dataset=data["dataset"],
        space=CellSpace(**data["space"]),
        skeleton=Skeleton(**data["skeleton"]),
        name=data["name"],
        recipe=Recipe(**data["recipe"]),
        objectives=tuple(Objective(**objective) for objective in data["objectives"]),
        sampler=Sampler(**data["sampler"]),
        early_stopping=EarlyStopping(**data["early_stopping"]),
        budget=Budget(**data["budget"]),
        resources=Resources(**data["resources"]),
        seed=data["seed"],
    )
