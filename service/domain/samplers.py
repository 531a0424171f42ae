"""The samplers a job may name, each with what it does in one sentence."""

from __future__ import annotations

from collections.abc import Mapping

SAMPLERS: Mapping[str, str] = {
    "default": "Predicts every objective of a cell, and proposes what promises the greatest gain in hypervolume.",
    "tpe": "Tree-structured Parzen estimator over all decisions together (Bergstra et al. 2011, Falkner et al. 2018).",
    "nsga2": "Genetic search by non-dominated sorting and crowding distance (Deb et al. 2002).",
    "nsga3": "Genetic search by non-dominated sorting and reference directions (Deb and Jain 2014).",
    "gp": "Optuna's Gaussian process over the plain decisions; takes a second and more a proposal.",
    "evolution": "Regularised evolution of genotypes: the oldest die (Real et al. 2019).",
    "random": "Cells drawn uniformly; the yardstick for every other sampler.",
}
