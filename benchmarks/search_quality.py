"""How good the cells are that each sampler finds, after how many trials, over many seeds.

On tables of cells that were all trained: (a) one objective, (b) two without noise, (c) two as measured, (d) two under a
hard limit; and on a far larger space with a known optimum. A trial is one evaluation; who repeats a cell pays for it,
and so does who tries one that the table has nothing of, which fails; `Table` says what answers a cell that is missing.
Figures are named `<sampler>.<quantity>.<trials>[.<device>]`, with half a 95 % interval as `_ci95`. They are means over
seeds, test accuracy over those that found any cell of the table.
`reached_99` is the share of seeds with 99 % of the hypervolume; `proposal_ms` the CPU time of a proposal.

A table is two NumPy archives. That of accuracies holds `arch_ops` (cells, edges), the place of each edge's operator in
`op_names`; `val_acc_200` and `test_acc_200` (cells), in percent; `functional_class` (cells), equal numbers for equal
functions; `edge_names`, such as 0->1, and `op_names`. That of latencies holds `latency_ms` (cells, devices) and
`device_names`. All but the synthetic problem need them.
"""

from __future__ import annotations

import argparse
import math
import os
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import optuna
from optuna.trial import TrialState

from benchmarks import synthetic
from benchmarks.competitors import COMPETITORS, distributions
from benchmarks.report import parser, report
from benchmarks.tables import Problem, Table
from service.sampling.encoding.base import Encoding
from service.sampling.encoding.nasnet_cell import NasnetCell

CHECKPOINTS = (20, 30, 40, 50, 60, 80, 100, 150, 200, 300, 500)
SLOW = ("gp",)
LIMIT_PERCENTILE = 25
SHARES = {"b": "hypervolume_share", "c": "hypervolume_share_raw", "d": "hypervolume_share_limited"}
TABULAR = ("a", *SHARES)
PROBLEMS = (*TABULAR, "synthetic")

Figures = dict[str, float]
Answer = Callable[[dict[str, int]], tuple[list[float] | None, float | None]]
"""The losses of choices, None where they fail, and by how much a limit is missed, if there is one."""


@dataclass(frozen=True)
class Case:
    """One search: which sampler, on what, from which seed."""

    sampler: str
    problem: str
    device: str
    seed: int
    trials: int


def main() -> None:
    """Runs every sampler on every problem, `--seeds` times."""
    options = _options()
    collected: dict[str, list[float]] = defaultdict(list)
    with ProcessPoolExecutor(options.jobs, initializer=_start, initargs=(options,)) as pool:
        for figures in pool.map(_figures, _cases(options)):
            for name, number in figures.items():
                collected[name].append(number)
    means: Figures = {}
    for name, numbers in sorted(collected.items()):
        means[name] = float(np.mean(numbers))
        if len(numbers) > 1:
            head, quantity, tail = name.split(".", 2)  # what comes last is a device, whose name may have dots
            means[f"{head}.{quantity}_ci95.{tail}"] = 1.96 * float(np.std(numbers, ddof=1)) / math.sqrt(len(numbers))
    told = ("seeds", "trials", "slow_seeds", "slow_trials", "reference_error")
    report(means, options.json, {"slow_samplers": SLOW, **{name: getattr(options, name) for name in told}})


def _options() -> argparse.Namespace:
    """What was asked for, once it is known that it can be; ends the process with a word on what cannot."""
    arguments = parser(__doc__)
    data = Path(os.environ.get("CELLSMITH_DATA", "."))
    slow = ", ".join(SLOW)
    for name, told, file in (
        ("--accuracy", "the archive of accuracies", "nb201_cifar10.npz"),
        ("--latency", "the archive of latencies", "nb201_latency.npz"),
    ):
        arguments.add_argument(
            name, type=Path, default=data / file, metavar="FILE", help=f"{told}; default %(default)s"
        )
    arguments.add_argument(
        "--device", action="append", help="for (b), (c) and (d); may be repeated; by default all in the file"
    )
    arguments.add_argument(
        "--reference-error", type=float, default=10, help="hypervolume counts below it; in percent, default %(default)s"
    )
    arguments.add_argument(
        "--seeds", type=_count, default=30, help="searches of each sampler on each problem; default %(default)s"
    )
    arguments.add_argument("--trials", type=_count, default=500, help="of each search; default %(default)s")
    for name, known in (("--samplers", COMPETITORS), ("--problems", PROBLEMS)):
        told = f"some, with commas between; by default all: {', '.join(known)}"
        arguments.add_argument(name, default=",".join(known), metavar="NAMES", help=told)
    arguments.add_argument("--slow-seeds", type=_count, help=f"seeds for {slow}; by default as many as for the others")
    arguments.add_argument(
        "--slow-trials", type=_count, default=100, help=f"the most trials for {slow}; default %(default)s"
    )
    arguments.add_argument(
        "--lag", type=_count, default=1, help="a result is told once so many wait to be; default %(default)s"
    )
    arguments.add_argument("--jobs", type=_count, default=1, help="processes; default %(default)s")
    options = arguments.parse_args()
    options.slow_seeds = options.slow_seeds or options.seeds
    options.slow_trials = min(options.trials, options.slow_trials)
    try:
        options.samplers = _known_names("sampler", options.samplers.split(","), COMPETITORS)
        options.problems = _known_names("problem", options.problems.split(","), PROBLEMS)
        if set(options.problems) & set(TABULAR):
            table = Table(options.accuracy, options.latency)
            options.device = _known_names("device", options.device or table.devices, table.devices)
            for problem, device in _tasks(options):
                if problem in TABULAR:
                    _problem(table, problem, device, options.reference_error)
    except (OSError, KeyError, ValueError) as error:
        arguments.error(str(error))
    return options


def _count(text: str) -> int:
    """A number from 1 on."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text} is no number from 1 on")
    return int(text)


def _known_names(kind: str, names: Iterable[str], there_are: Iterable[str]) -> list[str]:
    """`names`, each once. Raises ValueError for one that there is not."""
    unknown = [name for name in names if name not in there_are]
    if unknown:
        raise ValueError(f"unknown {kind} {', '.join(unknown)}; there are {', '.join(there_are)}")
    return list(dict.fromkeys(names))


def _cases(options: argparse.Namespace) -> Iterator[Case]:
    for sampler in options.samplers:
        slow = sampler in SLOW
        seeds, trials = (options.slow_seeds, options.slow_trials) if slow else (options.seeds, options.trials)
        for problem, device in _tasks(options):
            yield from (Case(sampler, problem, device, seed, trials) for seed in range(seeds))


def _tasks(options: argparse.Namespace) -> Iterator[tuple[str, str]]:
    """Each problem on each device that it is on, "" where it is on none."""
    for problem in options.problems:
        yield from ((problem, device) for device in (options.device if problem in SHARES else [""]))


class _Worker:
    """What each process has loaded once."""

    options: argparse.Namespace
    table: Table


def _start(options: argparse.Namespace) -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore")
    _Worker.options = options
    if set(options.problems) & set(TABULAR):
        _Worker.table = Table(options.accuracy, options.latency)


def _figures(case: Case) -> Figures:
    """All figures of one search."""
    if case.problem == "synthetic":
        return _synthetic(case)
    problem = _problem(_Worker.table, case.problem, case.device, _Worker.options.reference_error)
    if case.problem in SHARES:
        return _shares(case, SHARES[case.problem], problem)
    return _best_found(case, _Worker.table, problem)


def _problem(table: Table, name: str, device: str, reference_error: float) -> Problem:
    """Raises ValueError where nothing of the table is left to search."""
    match name:
        case "a":
            return table.accuracy()
        case "b":
            return table.without_noise(device, reference_error)
        case "c":
            return table.raw(device, reference_error)
        case "d":
            return table.without_noise(device, reference_error, LIMIT_PERCENTILE)
    raise ValueError(f"there is no problem {name!r}")


def _best_found(case: Case, table: Table, problem: Problem) -> Figures:
    rows, figures = _searched(case, problem)
    for count in _checkpoints(case):
        known = _known(rows[:count])
        least = min(problem.losses[known, 0], default=math.inf)
        figures[f"{case.sampler}.best_found.{count}"] = float(least == np.nanmin(problem.losses))
        if known:
            best = min(known, key=lambda row: problem.losses[row, 0])
            figures[f"{case.sampler}.test_accuracy.{count}"] = table.test[best]
    return figures


def _shares(case: Case, quantity: str, problem: Problem) -> Figures:
    rows, figures = _searched(case, problem)
    for count in _checkpoints(case):
        known = _known(rows[:count])
        share = problem.share(known)
        figures[f"{case.sampler}.{quantity}.{count}.{case.device}"] = share
        figures[f"{case.sampler}.{quantity.replace('hypervolume_share', 'reached_99')}.{count}.{case.device}"] = float(
            share >= 0.99
        )
        if problem.excess is not None:
            feasible = float((problem.excess[known] <= 0).sum() / count)
            figures[f"{case.sampler}.feasible_share.{count}.{case.device}"] = feasible
    return figures


def _synthetic(case: Case) -> Figures:
    exact: list[tuple[float, float]] = []

    def answer(choices: dict[str, int]) -> tuple[list[float], None]:
        seen = synthetic.loss(choices)
        exact.append((seen, synthetic.loss(choices, noisy=False)))
        return [seen], None

    milliseconds = _search(case, NasnetCell(synthetic.SPACE), 1, answer)
    figures = {f"{case.sampler}.proposal_ms.{case.trials}.synthetic": milliseconds}
    for count in _checkpoints(case):
        figures[f"{case.sampler}.synthetic_regret.{count}"] = min(exact[:count])[1]
    return figures


def _searched(case: Case, problem: Problem) -> tuple[list[int | None], Figures]:
    """The rows of the table in the order tried, None for what it lacks, and what the search itself has to say."""
    rows: list[int | None] = []

    def answer(choices: dict[str, int]) -> tuple[list[float] | None, float | None]:
        row = problem.row(tuple(choices[name] for name in problem.encoding.choices))
        rows.append(row)
        if row is None:
            return None, None
        return problem.losses[row].tolist(), None if problem.excess is None else float(problem.excess[row])

    milliseconds = _search(case, problem.encoding, problem.losses.shape[1], answer)
    suffix = f"{case.trials}.{case.problem}" + (f".{case.device}" if case.device else "")
    known = _known(rows)
    repeated = 1 - len(set(_simplest(problem, known))) / max(1, len(known))
    return rows, {
        f"{case.sampler}.proposal_ms.{suffix}": milliseconds,
        f"{case.sampler}.repeated_share.{suffix}": repeated,
    }


def _known(rows: Sequence[int | None]) -> list[int]:
    """Without what the table lacks."""
    return [row for row in rows if row is not None]


def _simplest(problem: Problem, rows: Sequence[int]) -> list[tuple[int, ...]]:
    """The answers of rows of the table, as far as they matter."""
    return [tuple(row) for row in problem.encoding.simplest(problem.answers[list(rows)]).tolist()]


def _search(case: Case, encoding: Encoding, objectives: int, answer: Answer) -> float:
    """Asks and tells `case.trials` times; the CPU milliseconds of a proposal."""
    decided = distributions(encoding)
    sampler = COMPETITORS[case.sampler](encoding, case.seed, objectives)
    study = optuna.create_study(directions=["minimize"] * objectives, sampler=sampler)
    waiting: list[tuple[optuna.Trial, list[float] | None]] = []
    spent = 0.0
    for _ in range(case.trials):
        before = time.process_time()
        trial = study.ask(decided)
        spent += time.process_time() - before
        losses, excess = answer({name: int(value) for name, value in trial.params.items()})
        if excess is not None:
            trial.set_constraint("limit", excess)
        waiting.append((trial, losses))
        if len(waiting) >= _Worker.options.lag:
            told, values = waiting.pop(0)
            study.tell(told, values, TrialState.FAIL if values is None else None)
    return 1000 * spent / case.trials


def _checkpoints(case: Case) -> list[int]:
    return [*(count for count in CHECKPOINTS if count < case.trials), case.trials]


if __name__ == "__main__":
    main()
