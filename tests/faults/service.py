"""A whole service in processes of its own, spoken to over HTTP."""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.processes import free_port, start, stop, wait_for

TRIALS = 8
QUICK_JOB = {
    "dataset": "digits",
    "space": {"nodes": 2},
    "skeleton": {"channels": 4},
    "training": {"epochs": 2},
    "sampler": {"name": "random", "lag": 4},
    "budget": {"trials": TRIALS, "seconds": 600},
}


@dataclass
class Service:
    """`python -m service`, its folder and its port."""

    process: subprocess.Popen[bytes]
    folder: Path
    port: int

    def ask(self, path: str, body: object = None) -> tuple[int, Any]:
        """Status and JSON of a GET, or of a POST where there is a body."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data)
        request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, json.load(refusal)

    def listens(self) -> bool:
        try:
            return self.ask("/healthz")[0] == 200
        except OSError:
            return False

    def readiness(self) -> str:
        status, told = self.ask("/readyz")
        return told["status"] if status == 200 else str(status)

    def submit(self, **changes: object) -> int:
        status, job = self.ask("/v1/jobs", QUICK_JOB | changes)
        assert status == 201, job
        id: int = job["id"]
        return id

    def ended(self, job: int) -> int:
        """How many trials of the job have ended."""
        status, told = self.ask(f"/v1/jobs/{job}")
        assert status == 200, told
        progress = told["progress"]
        return int(progress["done"] + progress["stopped"] + progress["failed"])

    def trials(self, job: int) -> list[dict[str, Any]]:
        status, page = self.ask(f"/v1/jobs/{job}/trials?limit=500")
        assert status == 200, page
        trials: list[dict[str, Any]] = page["items"]
        return trials

    def state(self, job: int) -> str:
        return str(self.ask(f"/v1/jobs/{job}")[1]["state"])

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def processes(self, name: str) -> list[int]:
        """Those of this service whose command line has `name` in it."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                if name in line and str(self.folder).encode() in (process / "environ").read_bytes():
                    found.append(int(process.name))
            except OSError:
                continue
        return found


@contextmanager
def service(folder: Path, part: str = "all", **settings: object) -> Iterator[Service]:
    """Runs until the end of the context, where it stops in good order."""
    port = free_port()
    process = start(part, folder, port=port, workers=2, **settings)
    running = Service(process, folder, port)
    try:
        wait_for(lambda: running.listens() or process.poll() is not None, 120, "the service answers")
        assert process.poll() is None, running.log()
        yield running
    finally:
        stop(process, 60)
