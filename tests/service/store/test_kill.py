"""What was recorded before a kill -9 is there afterwards, and nothing by halves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from service.domain.trial import TrialState
from service.store.engine import connect
from service.store.migrate import upgrade
from service.store.sql import SqlUnitOfWork
from tests.builders import job_spec

ROOT = Path(__file__).parents[3]
WRITER = """
import sys
from itertools import count
from service.domain.trial import TrialState
from service.store.engine import connect
from service.store.sql import SqlUnitOfWork
from tests.builders import evaluation, genotype, proposal

work = SqlUnitOfWork(connect(sys.argv[1]))
with work() as store:
    _, lease = store.claim_job("writer", 1000)
weights = {"training": bytes(200_000)}
for number in count():
    with work() as store:
        store.add_trial(lease, proposal(number, genotype=genotype(number % 343)))
        store.add_evaluation(lease, number, evaluation(6, weights=weights), TrialState.DONE)
    print(number, flush=True)
"""


def test_a_killed_writer_loses_nothing_that_it_had_recorded(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'record.db'}"
    engine = connect(url)
    upgrade(engine)
    work = SqlUnitOfWork(engine)
    with work() as store:
        job = store.add_job(job_spec())
    writer = subprocess.Popen([sys.executable, "-c", WRITER, url], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert writer.stdout
    acknowledged = [int(writer.stdout.readline()) for _ in range(15)]
    writer.kill()
    acknowledged += map(int, writer.communicate()[0].split())
    with work() as store:
        trials = store.trials(job.id)
        assert [trial.number for trial in trials][: len(acknowledged)] == acknowledged
        assert len(trials) <= len(acknowledged) + 1
        assert {trial.state for trial in trials} == {TrialState.DONE}
        assert all(store.weights(job.id, trial.number, "training") for trial in trials)
        assert store.claim_job("writer", 30)
