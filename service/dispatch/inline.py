"""Evaluations done one after another in this process: for tests, and for reading."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from service.search import Search
from workers.messages import EvaluationReport, EvaluationRequest


class InlineDispatcher:
    """Runs `evaluate` here. It yields a report for each fidelity, and is left when the search has heard enough."""

    def __init__(self, evaluate: Callable[[EvaluationRequest], Iterator[EvaluationReport]]) -> None:
        self._evaluate = evaluate

    def run(self, search: Search) -> None:
        """Returns when the search has no more work to hand out."""
        while (assignment := search.next()) is not None:
            for report in self._evaluate(assignment.request):
                if not search.report(assignment.number, report):
                    break
