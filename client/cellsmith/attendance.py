"""Whether anybody works on the jobs of a service, for whoever watches one."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from cellsmith.client import Client
from cellsmith.errors import ApiError, Unreachable
from cellsmith.results import Job

WAITING = ("queued", "running")
INTERVAL_S = 2.0
GRACE_S = 30.0  # a scheduler takes seconds to start, with its Ray, and longer on a busy machine


class Attendance:
    """Asks now and then whether a scheduler works, and says once that none does, and once that one does again."""

    def __init__(self, client: Client, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._clock = clock
        self._asked_at = -math.inf
        self._missing_since: float | None = None
        self._told = False

    def news(self, job: Job) -> str | None:
        """One line where this has changed, for a job that waits for one."""
        now = self._clock()
        if job["state"] not in WAITING or now - self._asked_at < INTERVAL_S:
            return None
        self._asked_at = now
        try:
            ready = self._client.readiness()
        except (ApiError, Unreachable):
            return None  # whoever follows the job has patience with that
        if ready["status"] == "ok":
            back, self._told, self._missing_since = self._told, False, None
            return "A scheduler works now." if back else None
        if self._missing_since is None:
            self._missing_since = now
        if self._told or now - self._missing_since < GRACE_S:
            return None
        self._told = True
        return ready["detail"]
