"""How a large record answers: 1,000 jobs with 1,000,000 evaluations in a PostgreSQL of its own.

Jobs with 10,000 and 100,000 trials: their fronts over two and three objectives, how these grew, how far they are; pages
of lists, and how soon a killed search of 5,000 trials goes on. `first` is what a process pays once for each job; every
other answer is asked for after a result more.
"""

from __future__ import annotations

import json
import math
import random
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from statistics import median, quantiles
from typing import Any

from sqlalchemy import Connection, insert, text
from starlette.testclient import TestClient

from api.app import create_app
from benchmarks.report import parser, report
from search_space.genotype import Genotype
from search_space.presets import spaces
from search_space.skeleton import skeletons
from service.domain.job import MOST_TRIALS, Budget, EarlyStopping, JobSpec, JobState, Lease, Sampler
from service.domain.objectives import Objective
from service.domain.trial import Evaluation, Proposal, TrialState
from service.sampling.registry import proposer_for
from service.search import Search
from service.store.engine import connect
from service.store.migrate import upgrade
from service.store.sql import SqlUnitOfWork
from service.store.tables import ArchitectureRow
from tests.postgres import postgres_server
from workers.messages import Evaluated, LatencyMeasurement

LARGEST, LARGE, RESUMED = 100_000, 10_000, 5_000
TWO = (Objective("accuracy"), Objective("latency_ms"))
THREE = (*TWO, Objective("params"))
SAMPLES = 30
POOL = 5_000
SPACE = spaces["nasnet"]

FILL_TRIALS = """
    INSERT INTO trials (job_id, number, architecture_key, choices, attributes, state)
    SELECT CAST(:job AS int), number, key, choices, '{}', 'done'
    FROM generate_series(0, :trials - 1) AS number JOIN pool ON pool.place = number % :pool"""
FILL_EVALUATIONS = """
    INSERT INTO evaluations (trial_id, job_id, fidelity, seed, request_key, seconds, recorded_at,
                             accuracy, latency, latency_ms, params, macs)
    SELECT id, job_id, 6, 0, md5(id::text), 1.5, clock_timestamp(),
           0.7 * (1 - exp(-4 * latency_ms)) + 0.1 * (random() + random() + random()),
           latency, latency_ms, 10000 + 60000 * latency_ms * random(), 1000000 + id % 900000
    FROM trials JOIN pool ON pool.key = architecture_key WHERE job_id = :job"""


def spec(trials: int, objectives: tuple[Objective, ...] = TWO) -> JobSpec:
    """A search whose evaluations are all at full fidelity."""
    return JobSpec(
        dataset="digits",
        space=SPACE,
        skeleton=skeletons["tiny"],
        early_stopping=EarlyStopping("none"),
        objectives=objectives,
        sampler=Sampler("nsga2"),
        budget=Budget(trials=trials, seconds=1e6),
    )


def measured(chance: random.Random) -> LatencyMeasurement:
    """Samples as a quiet machine gives them."""
    middle = 0.5 + 3 * chance.random()
    samples = tuple(middle * (1 + 0.05 * chance.random()) for _ in range(SAMPLES))
    return LatencyMeasurement("local", 1, 1, samples, tuple(1 + 0.05 * chance.random() for _ in range(SAMPLES)))


def fill(connection: Connection, job: int, trials: int) -> None:
    """So many trials of a job, each with one evaluation."""
    connection.execute(text(FILL_TRIALS), {"job": job, "trials": trials, "pool": POOL})
    connection.execute(text(FILL_EVALUATIONS), {"job": job})


def make_pool(connection: Connection) -> None:
    """Different cells with their choices and a latency each, which trials are made of."""
    chance = random.Random(0)
    cells: dict[str, Genotype] = {}
    while len(cells) < POOL:
        genotype = SPACE.sample(chance)
        cells[genotype.key] = genotype
    connection.execute(
        insert(ArchitectureRow), [{"key": key, "genotype": each.to_json()} for key, each in cells.items()]
    )
    connection.execute(text("CREATE TABLE pool (place int, key text, choices json, latency json, latency_ms float8)"))
    rows: list[dict[str, Any]] = []
    for place, (key, genotype) in enumerate(cells.items()):
        latency = measured(chance)
        told = {"place": place, "key": key, "latency_ms": latency.median_ms}
        rows.append(told | {"choices": json.dumps(SPACE.choices(genotype)), "latency": json.dumps(asdict(latency))})
    values = ":place, :key, CAST(:choices AS json), CAST(:latency AS json), :latency_ms"
    connection.execute(text(f"INSERT INTO pool VALUES ({values})"), rows)  # noqa: S608  # our own names
    connection.execute(text("ANALYZE pool"))


def timed(act: Callable[[], object]) -> float:
    """Milliseconds."""
    started = time.perf_counter()
    act()
    return 1000 * (time.perf_counter() - started)


def p95(samples_ms: list[float]) -> float:
    """The time that 19 in 20 requests keep."""
    return quantiles(samples_ms, n=20)[-1]


class Client:
    """Asks the API in this process, and makes sure that it answers."""

    def __init__(self, work: SqlUnitOfWork, reading: SqlUnitOfWork) -> None:
        self._http = TestClient(create_app(work, reading))

    def get(self, path: str) -> Any:
        """The JSON of the answer."""
        answer = self._http.get(f"/v1{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()


def one_more(work: SqlUnitOfWork, lease: Lease, number: int, chance: random.Random) -> None:
    """Records a trial and its result, as a running search does."""
    genotype = SPACE.sample(chance)
    latency = measured(chance)
    accuracy = 0.7 * (1 - math.exp(-4 * latency.median_ms)) + 0.1 * sum(chance.random() for _ in range(3))
    params = int(10_000 + 60_000 * latency.median_ms * chance.random())
    result = Evaluated(6, accuracy, latency, params, 1_000_000, 1.0)
    with work() as store:
        store.add_trial(lease, Proposal(number, SPACE.choices(genotype), genotype))
        store.add_evaluation(lease, number, Evaluation(result), TrialState.DONE)


def growing(
    client: Client, work: SqlUnitOfWork, lease: Lease, trials: int, name: str, repeats: int
) -> dict[str, float]:
    """What is told of a search that goes on: the first answers, and those after a result more."""
    chance = random.Random(trials)
    job = f"/jobs/{lease.job_id}"
    paths = {"front": f"{job}/front", "history": f"{job}/front/history", "job": job}
    asked: dict[str, list[float]] = {told: [timed(lambda at=path: client.get(at))] for told, path in paths.items()}  # type: ignore[misc]
    for number in range(trials, trials + repeats):
        one_more(work, lease, number, chance)
        for told, path in paths.items():
            asked[told].append(timed(lambda at=path: client.get(at)))  # type: ignore[misc]
    figures: dict[str, float] = {
        f"front{name}.members": len(client.get(paths["front"])["points"]),
        f"history{name}.steps": len(client.get(paths["history"])["steps"]),
    }
    for told, (first, *later) in asked.items():
        figures |= {f"{told}{name}.first_ms": first, f"{told}{name}.median_ms": median(later)}
        figures[f"{told}{name}.p95_ms"] = p95(later)
    return figures


def pages(client: Client, path: str, cursors: list[int]) -> list[float]:
    """How long each page takes."""
    return [timed(lambda at=cursor: client.get(f"{path}?cursor={at}&limit=100")) for cursor in cursors]  # type: ignore[misc]


def main() -> None:
    """Fills a record and asks it."""
    arguments = parser(__doc__)
    arguments.add_argument("--jobs", type=int, default=1000)
    arguments.add_argument("--evaluations", type=int, default=1_000_000)
    arguments.add_argument("--repeats", type=int, default=60)
    options = arguments.parse_args()
    large = ((LARGEST, TWO), (LARGE, TWO), (RESUMED, TWO), (LARGEST, THREE))
    others = options.jobs - len(large)
    rest = (options.evaluations - sum(trials for trials, _ in large)) // others
    with postgres_server() as server:
        engine = connect(server.url)
        upgrade(engine)
        work, reading = SqlUnitOfWork(engine), SqlUnitOfWork(engine, read_only=True)
        leases: dict[tuple[int, tuple[Objective, ...]], Lease] = {}
        started = time.perf_counter()
        with engine.begin() as connection:
            make_pool(connection)
        for trials, objectives in (*large, *([(rest, TWO)] * others)):
            with work() as store:
                job = store.add_job(spec(min(MOST_TRIALS, trials + options.repeats), objectives))
                claimed = store.claim_job(f"the scheduler of job {job.id}", 1e6)
                assert claimed is not None
                if (trials, objectives) in large:
                    leases[trials, objectives] = claimed[1]
                else:
                    store.release(claimed[1], JobState.DONE, 1.0)
            with engine.begin() as connection:
                fill(connection, job.id, trials)
        with engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("VACUUM ANALYZE"))
            rows = connection.execute(text("SELECT count(*) FROM evaluations")).scalar_one()
        figures = {"jobs": float(options.jobs), "evaluations": float(rows), "fill_s": time.perf_counter() - started}
        client = Client(work, reading)
        for trials, objectives in ((LARGE, TWO), (LARGEST, TWO), (LARGEST, THREE)):
            name = f"_{trials}" if objectives == TWO else f"_of_three_{trials}"
            figures |= growing(client, work, leases[trials, objectives], trials, name, options.repeats)
        chance = random.Random(1)
        asked = pages(client, "/jobs", [chance.randint(2, options.jobs) for _ in range(options.repeats)])
        trial_pages = pages(
            client,
            f"/jobs/{leases[LARGEST, TWO].job_id}/trials",
            [chance.randrange(LARGEST) for _ in range(options.repeats)],
        )
        figures |= {"job_page.p95_ms": p95(asked), "trial_page.p95_ms": p95(trial_pages)}
        for sampler in ("nsga2", "default"):
            figures[f"resume_{RESUMED}.{sampler}_s"] = resumed(work, leases[RESUMED, TWO], sampler)
        report(figures, options.json)
        engine.dispose()


def resumed(work: SqlUnitOfWork, lease: Lease, sampler: str) -> float:
    """Seconds from a claimed job to its next trial."""
    with work() as store:
        job = store.job(lease.job_id)
    started = time.perf_counter()
    asked = replace(job, spec=replace(job.spec, sampler=Sampler(sampler)))
    assert Search(asked, lease, proposer_for(asked.spec), work).next() is not None
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
