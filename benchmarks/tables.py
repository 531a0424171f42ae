"""Tables of cells that were all trained and timed by others, as problems that a sampler can be let loose on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import moocore
import numpy as np
from numpy.typing import NDArray

from service.sampling.encoding.base import Encoding
from service.sampling.encoding.dense_cell import DenseCell
from service.sampling.encoding.one_hot import OneHot

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Problem:
    """A space with all its losses, one row for each answer, and by how much it misses a limit, if there is one."""

    encoding: Encoding
    rows: Mapping[tuple[int, ...], int]
    losses: Numbers
    excess: Numbers | None = None
    reference: Numbers | None = None

    def share(self, tried: list[int]) -> float:
        """The hypervolume of what was tried, as a share of that of the whole table. What misses the limit is void."""
        assert self.reference is not None
        return _hypervolume(self._kept(np.array(tried, dtype=np.intp)), self.reference) / self._whole

    @cached_property
    def _whole(self) -> float:
        assert self.reference is not None
        return _hypervolume(self._kept(np.arange(len(self.losses))), self.reference)

    def _kept(self, rows: NDArray[np.intp]) -> Numbers:
        return self.losses[rows] if self.excess is None else self.losses[rows][self.excess[rows] <= 0]


class Table:
    """An accuracy table and a latency table in the layout of `nb201_cifar10.npz` and `nb201_latency.npz`.

    Accuracies are in percent, latencies in milliseconds. Cells may be missing; where the simplest form of one is, it
    stands for itself.
    """

    def __init__(self, accuracy: Path, latency: Path) -> None:
        with np.load(accuracy, allow_pickle=False) as file:
            self.answers = file["arch_ops"].astype(np.intp)
            self.validation = file["val_acc_200"].astype(float)
            self.test = file["test_acc_200"].astype(float)
            classes = file["functional_class"]
            self.encoding = _encoding([str(name) for name in file["edge_names"]], [str(n) for n in file["op_names"]])
        with np.load(latency, allow_pickle=False) as file:
            self._latency = dict(zip(map(str, file["device_names"]), file["latency_ms"].astype(float).T, strict=True))
        self._rows = {tuple(row): index for index, row in enumerate(self.answers.tolist())}
        sizes = np.bincount(classes)
        self._averaged = (np.bincount(classes, self.test) / np.maximum(sizes, 1))[classes]
        simplest = self.encoding.simplest(self.answers).tolist()
        self._simplest = np.array([self._rows.get(tuple(row), index) for index, row in enumerate(simplest)])

    @property
    def devices(self) -> list[str]:
        """The devices whose latency is known."""
        return list(self._latency)

    def accuracy(self) -> Problem:
        """One objective: the validation accuracy of one noisy run."""
        return Problem(self.encoding, self._rows, -self.validation[:, None])

    def without_noise(self, device: str, reference_error: float, limit_percentile: float | None = None) -> Problem:
        """Test error averaged over equal functions, and latency without dead edges; a hard limit on it, if any."""
        latency = self._latency[device][self._simplest]
        limit = None if limit_percentile is None else float(np.percentile(latency, limit_percentile))
        return self._two_objectives(100 - self._averaged, latency, reference_error, limit)

    def raw(self, device: str, reference_error: float) -> Problem:
        """Test error and latency of every cell as they were measured."""
        problem = self._two_objectives(100 - self.test, self._latency[device], reference_error, None)
        return replace(problem, encoding=self._raw_encoding)

    @cached_property
    def _raw_encoding(self) -> Encoding:
        return replace(self.encoding, dead_edges_count=True) if isinstance(self.encoding, DenseCell) else self.encoding

    def _two_objectives(self, error: Numbers, latency: Numbers, reference_error: float, limit: float | None) -> Problem:
        if not error.min() < reference_error:
            raise ValueError(f"no cell has an error below {reference_error:g} %: give a higher --reference-error")
        kept = np.full(len(error), True) if limit is None else latency <= limit
        most_accurate = np.where(kept, error, np.inf).argmin()
        reference = np.array([reference_error, 1.05 * latency[most_accurate]])
        excess = None if limit is None else latency - limit
        return Problem(self.encoding, self._rows, np.column_stack([error, latency]), excess, reference)


def _encoding(edges: list[str], operators: list[str]) -> Encoding:
    """A dense cell where the edges are named like "0->1" and make one, plain decisions otherwise.

    Nodes may be numbered from any number, with gaps. Of a cell with a second input or output nothing is known but its
    operators: which of its edges are dead is not told by their names.
    """
    plain = OneHot(dict.fromkeys(edges, len(operators)))
    ends = [re.fullmatch(r"(\d+)->(\d+)", edge) for edge in edges]
    numbered = [(int(found[1]), int(found[2])) for found in ends if found]
    if len(numbered) < len(edges):
        return plain
    order = {node: place for place, node in enumerate(sorted({node for link in numbered for node in link}))}
    links = {edge: (order[source], order[target]) for edge, (source, target) in zip(edges, numbered, strict=True)}
    index = {name: i for i, name in enumerate(operators)}
    identity = next((index[name] for name in ("skip_connect", "identity") if name in index), None)
    try:
        return DenseCell(links, len(operators), none=index.get("none"), identity=identity)
    except ValueError:
        return plain


def _hypervolume(losses: Numbers, reference: Numbers) -> float:
    inside = losses[(losses < reference).all(axis=1)]
    return float(moocore.hypervolume(inside, ref=reference)) if len(inside) else 0.0
