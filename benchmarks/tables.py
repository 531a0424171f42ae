"""Tables of cells that were all trained and timed by others, as problems that a sampler can be let loose on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from service.domain.front import hypervolume
from service.sampling.encoding.base import Answers, Encoding
from service.sampling.encoding.dense_cell import DenseCell
from service.sampling.encoding.one_hot import OneHot

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Problem:
    """A space with the losses of its cells, and by how much they miss a limit, if there is one.

    One row for each cell of a table, in its order; one column of `answers` a decision, one of `losses` an objective.
    Losses are NaN where the table does not tell them: such a cell is none of the problem's.
    """

    encoding: Encoding
    answers: Answers
    losses: Numbers
    excess: Numbers | None = None
    reference: Numbers | None = None

    def row(self, asked: tuple[int, ...]) -> int | None:
        """Where the cell is that was asked for, or else one of the same simplest form; None where there is none."""
        return self._rows[asked] if asked in self._rows else self._of_form.get(self._forms(np.array([asked]))[0])

    def share(self, tried: list[int]) -> float:
        """The hypervolume of what was tried, as a share of that of the whole table. What misses the limit is void."""
        return self._hypervolume(np.array(tried, dtype=np.intp)) / self._whole

    @cached_property
    def _whole(self) -> float:
        return self._hypervolume(np.arange(len(self.losses)))

    def _hypervolume(self, rows: NDArray[np.intp]) -> float:
        assert self.reference is not None
        kept = rows if self.excess is None else rows[self.excess[rows] <= 0]
        return hypervolume([tuple(point) for point in self.losses[kept].tolist()], tuple(self.reference.tolist()))

    @cached_property
    def _rows(self) -> Mapping[tuple[int, ...], int]:
        told = np.flatnonzero(np.isfinite(self.losses).all(axis=1)).tolist()
        return {tuple(self.answers[row].tolist()): row for row in told}

    @cached_property
    def _of_form(self) -> Mapping[tuple[int, ...], int]:
        """For each simplest form the row that it has itself, or else the first of a cell that has this form."""
        first: dict[tuple[int, ...], int] = {}
        told = np.array(list(self._rows), dtype=np.intp)
        for form, row in zip(self._forms(told), self._rows.values(), strict=True):
            first.setdefault(form, row)
        return {form: self._rows.get(form, row) for form, row in first.items()}

    def _forms(self, answers: Answers) -> list[tuple[int, ...]]:
        return [tuple(row) for row in self.encoding.simplest(answers).tolist()]


class Table:
    """An accuracy table and a latency table in the layout of `nb201_cifar10.npz` and `nb201_latency.npz`.

    Of accuracies: `arch_ops` (cells, edges), the place of each edge's operator in `op_names`; `val_acc_200` and
    `test_acc_200` (cells), in percent; `functional_class` (cells), equal numbers for equal functions; `edge_names`, as
    `_encoding` reads them; `op_names`. Of latencies: `latency_ms` (cells, devices), in milliseconds; `device_names`.

    Cells may be missing, and single values may be NaN: a cell is missing from every problem that needs what is not told
    of it. One that is there twice is what it is at first.

    But in the raw table, a cell that is missing is answered by one of the same simplest form, since that is the same
    function trained once more: the form itself, or else the first in the table. So no sampler loses a function that
    was trained for asking for it in another form; the trial fails only where no cell of that form is there. Where noise
    is removed, the answer is the same whichever cell gives it: the mean accuracy of its functional class, and the
    latency of its simplest form. Where that was not timed, its latency is the least of the cells that have this form,
    since dead edges only add to it.

    Raises ValueError for tables of different lengths, OSError and KeyError for what is not there.
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
        for device, timed in self._latency.items():
            if len(timed) != len(self.answers):
                raise ValueError(f"{len(self.answers)} cells were trained, but {len(timed)} timed on {device}")
        first = np.unique(self.answers, axis=0, return_index=True)[1]
        again = np.setdiff1d(np.arange(len(self.answers)), first)
        for column in (self.validation, self.test, *self._latency.values()):
            column[again] = np.nan
        self._averaged = _means(self.test, classes)
        simplest = self.encoding.simplest(self.answers)
        self._is_simplest = (simplest == self.answers).all(axis=1)
        self._forms = np.unique(simplest, axis=0, return_inverse=True)[1].reshape(-1)

    @property
    def devices(self) -> list[str]:
        """The devices whose latency is known."""
        return list(self._latency)

    def accuracy(self) -> Problem:
        """One objective: the validation accuracy of one noisy run, of cells whose test accuracy is told too.

        Raises ValueError where there is no such cell.
        """
        losses = np.where(np.isfinite(self.validation) & np.isfinite(self.test), -self.validation, np.nan)
        if np.isnan(losses).all():
            raise ValueError("no cell has a validation accuracy and a test accuracy")
        return Problem(self.encoding, self.answers, losses[:, None])

    def without_noise(self, device: str, reference_error: float, limit_percentile: float | None = None) -> Problem:
        """Test error averaged over equal functions, and latency without dead edges; a hard limit on it, if any.

        Raises ValueError where no cell within the limit has both, or an error below `reference_error`, and where the
        most accurate of them took no time.
        """
        return self._two_objectives(self._averaged, self._without_dead_edges(device), reference_error, limit_percentile)

    def raw(self, device: str, reference_error: float) -> Problem:
        """Test error and latency of every cell as they were measured. Raises ValueError as `without_noise` does."""
        problem = self._two_objectives(self.test, self._latency[device], reference_error, None)
        return replace(problem, encoding=self._raw_encoding)

    @cached_property
    def _raw_encoding(self) -> Encoding:
        return replace(self.encoding, dead_edges_count=True) if isinstance(self.encoding, DenseCell) else self.encoding

    def _without_dead_edges(self, device: str) -> Numbers:
        """The latency of the simplest form of each cell in milliseconds, NaN where no cell of that form was timed."""
        latency = self._latency[device]
        timed = np.isfinite(latency)
        of_form = np.full(self._forms.max(initial=-1) + 1, np.inf)
        np.minimum.at(of_form, self._forms[timed], latency[timed])
        own = timed & self._is_simplest
        of_form[self._forms[own]] = latency[own]
        return np.where(np.isfinite(of_form), of_form, np.nan)[self._forms]

    def _two_objectives(
        self, accuracy: Numbers, latency: Numbers, reference_error: float, limit_percentile: float | None
    ) -> Problem:
        told = np.isfinite(accuracy) & np.isfinite(latency)
        if not told.any():
            raise ValueError("no cell has both a test accuracy and a latency")
        error, latency = np.where(told, [100 - accuracy, latency], np.nan)
        limit = np.inf if limit_percentile is None else float(np.percentile(latency[told], limit_percentile))
        kept_error = np.where(latency <= limit, error, np.inf)
        most_accurate = kept_error.argmin()
        if not kept_error[most_accurate] < reference_error:
            within = "" if limit_percentile is None else f" of the fastest {limit_percentile:g} %"
            raise ValueError(f"no cell{within} has an error below {reference_error:g} %")
        if not latency[most_accurate] > 0:
            raise ValueError(f"the most accurate cell took {latency[most_accurate]:g} ms; latencies are above 0")
        excess = None if limit_percentile is None else latency - limit
        reference = np.array([reference_error, 1.05 * latency[most_accurate]])
        return Problem(self.encoding, self.answers, np.column_stack([error, latency]), excess, reference)


def _means(values: Numbers, groups: NDArray[np.integer]) -> Numbers:
    """For each value the mean of those of its group that are told, NaN where none is."""
    told = np.isfinite(values)
    numbers = np.unique(groups, return_inverse=True)[1].reshape(-1)
    sizes = np.bincount(numbers, told)
    sums = np.bincount(numbers, np.where(told, values, 0))
    means: Numbers = np.where(sizes > 0, sums / np.maximum(sizes, 1), np.nan)[numbers]
    return means


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
