"""The samplers a job may name, each with what it does in one sentence."""

from __future__ import annotations

from collections.abc import Mapping

SAMPLERS: Mapping[str, str] = {
    "default": "NSGA-II, after random cells have filled the first population.",
    "nsga2": "Genetic search by non-dominated sorting and crowding distance (Deb et al. 2002).",
    "random": "Cells drawn uniformly; the yardstick for every other sampler.",
}
