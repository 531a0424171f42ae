"""What the workers of the quick service do; they load no more than that."""

from __future__ import annotations

import time
from collections.abc import Iterator

from tests import fake_evaluations
from workers.messages import EvaluationReport, EvaluationRequest

EVALUATION_S = 0.05


def evaluate(request: EvaluationRequest, data: object) -> Iterator[EvaluationReport]:
    """A function of the cell and the fidelity, after a moment."""
    for report in fake_evaluations.evaluate(request):
        time.sleep(EVALUATION_S)
        yield report
