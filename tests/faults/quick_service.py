"""The service itself, whose evaluations take 50 ms: `python -m tests.faults.quick_service`, as `python -m service`.

What it acknowledges is written to the file CELLSMITH_TEST_LEDGER once it is committed.
"""

from __future__ import annotations

import os
import sys

from service import supervisor
from service.__main__ import main
from workers.messages import EvaluationReport

LEDGER = "CELLSMITH_TEST_LEDGER"


def _the_cores_alone() -> dict[str, object]:
    return {"cores": os.cpu_count()}


def _write_what_is_acknowledged() -> None:
    from service.search import Search

    report = Search.report

    def told(self: Search, number: int, found: EvaluationReport) -> bool:
        goes_on = report(self, number, found)
        if self.trials[number].at(found.fidelity):
            line = f"{self.job.id} {number} {found.fidelity} {getattr(found, 'accuracy', None)!r}\n"
            with open(os.environ[LEDGER], "a", buffering=1) as ledger:  # noqa: PTH123 - one write, appended
                ledger.write(line)
        return goes_on

    Search.report = told  # type: ignore[assignment, method-assign]


if __name__ == "__main__":
    supervisor.PROGRAM = (sys.executable, "-m", "tests.faults.quick_service")
    if sys.argv[1:] == ["scheduler"]:
        from service import wiring
        from tests.faults.quick_evaluations import evaluate

        vars(wiring).update(evaluate=evaluate, profile_device=_the_cores_alone)
        _write_what_is_acknowledged()
    sys.exit(main())
