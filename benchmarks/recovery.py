"""How soon a killed part of the service is back: from kill -9 until another does its work and three trials have ended.

A whole service with two workers on SQLite, in processes of its own, in the middle of a search whose evaluations take
50 ms. Parts are killed in turn: the API, an evaluation's process, a Ray worker, the scheduler, Ray's raylet.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import median

from benchmarks.report import parser, report
from tests.faults.killing import PARTS, Service, a_job
from tests.processes import wait_for

GOALS_S = {"api": 5.0, "evaluation": 5.0, "worker": 5.0, "scheduler": 30.0, "raylet": 30.0}
MOST_TRIALS = 10_000


def main() -> None:
    """Kills every part `--repeats` times, in turn."""
    arguments = parser(__doc__)
    arguments.add_argument("--repeats", type=int, default=5)
    options = arguments.parse_args()
    took: dict[str, list[float]] = {part: [] for part in PARTS}
    with tempfile.TemporaryDirectory(prefix="cellsmith-recovery-") as folder:
        service = Service(Path(folder) / "data")
        with service.running():
            wait_for(service.answers, 300, "the service answers")
            with service.client as client:
                job = client.submit(a_job(0, MOST_TRIALS, sampler={"name": "random", "lag": 8}))["id"]
            for _ in range(options.repeats):
                for part in PARTS:
                    took[part].append(service.back_after_a_kill(part, job))
            with service.client as client:
                client.move(job, "cancel")
    figures = {f"{part}.median_s": median(seconds) for part, seconds in took.items()}
    figures |= {f"{part}.longest_s": max(seconds) for part, seconds in took.items()}
    figures |= {f"{part}.goal_s": GOALS_S[part] for part in PARTS}
    report(figures, options.json, {"seconds": took})


if __name__ == "__main__":
    main()
