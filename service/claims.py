"""Which evaluations are being done at this moment, so that no two jobs train the same cell at once."""

from __future__ import annotations

import threading


class Claims:
    """The claims of the jobs that one scheduler drives; each has a thread of its own."""

    def __init__(self) -> None:
        self._holders: dict[str, int] = {}
        self._ended = 0
        self._ended_of: dict[int, int] = {}
        self._alone = threading.Lock()

    def claim(self, request_key: str, job_id: int) -> bool:
        """Whether this job may do the evaluation: False while another one does it."""
        with self._alone:
            return self._holders.setdefault(request_key, job_id) == job_id

    def give_up(self, request_key: str, job_id: int) -> None:
        """The evaluation has ended; what came of it is recorded by now."""
        with self._alone:
            if self._holders.get(request_key) == job_id:
                del self._holders[request_key]
                self._ended += 1
                self._ended_of[job_id] = self._ended_of.get(job_id, 0) + 1

    def give_up_all(self, job_id: int) -> None:
        """The job has no evaluation out any more."""
        with self._alone:
            for request_key in [key for key, holder in self._holders.items() if holder == job_id]:
                del self._holders[request_key]

    def ended_for_others(self, job_id: int) -> int:
        """How many evaluations of other jobs have ended so far: while this stays, they have recorded nothing new."""
        with self._alone:
            return self._ended - self._ended_of.get(job_id, 0)
