"""A job's specification as plain JSON data, and back, exactly."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from search_space.genotype import Genotype
from search_space.skeleton import Skeleton
from search_space.space import CellSpace
from service.domain.job import Budget, EarlyStopping, JobSpec, Resources, Sampler
from service.domain.objectives import Objective
from workers.messages import Recipe

VERSION = 1


def spec_to_data(spec: JobSpec) -> dict[str, Any]:
    """What json.dumps takes; `version` says how it is read."""
    given = [json.loads(genotype.to_json()) for genotype in spec.seed_with]
    return {"version": VERSION, **asdict(replace(spec, seed_with=())), "seed_with": given}


def is_newer(data: object) -> bool:
    """Whether a newer version than this one wrote it, and may read it."""
    version = data.get("version") if isinstance(data, Mapping) else None
    return isinstance(version, int) and version > VERSION


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
        priority=data.get("priority", 0),  # jobs of earlier versions have none
        # what was written before jobs could begin with given cells has none
        seed_with=tuple(Genotype.from_json(json.dumps(genotype)) for genotype in data.get("seed_with", ())),
        reuse=data.get("reuse"),
        data_sha256=data.get("data_sha256", ""),
    )
