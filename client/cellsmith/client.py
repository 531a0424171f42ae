"""A client of the service: one method for one wish."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Literal, Self, cast
from urllib.parse import quote

import httpx2

from cellsmith import DEFAULT_URL
from cellsmith.errors import ApiError, Unreachable
from cellsmith.results import Forecast, Front, Job, JobSummary, NewJob, Page, Readiness, Trial

LOOPBACK = ("127.0.0.1", "localhost", "::1")
ATTEMPTS = 4
FIRST_PAUSE_S = 0.2


class Client:
    """Speaks to the service at `base_url`.

    Every method raises ApiError where the service refuses and Unreachable where nobody answers. What may be
    repeated without harm (reading, and submitting under one idempotency key) is repeated after a connection error.
    """

    def __init__(
        self,
        base_url: str = DEFAULT_URL,
        *,
        timeout_s: float = 30.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.url = base_url.rstrip("/")
        self._sleep = sleep
        try:
            # a proxy from the environment cannot reach a service on this very machine
            proxied = httpx2.URL(self.url).host not in LOOPBACK
            self._http = httpx2.Client(base_url=self.url, timeout=timeout_s, trust_env=proxied)
        except httpx2.InvalidURL as error:
            raise Unreachable(self.url, str(error)) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def submit(self, job: Mapping[str, Any], *, idempotency_key: str | None = None) -> NewJob:
        """Asks for a search. The same key with the same job gives the job that was made before."""
        headers = {"Idempotency-Key": idempotency_key or str(uuid.uuid4())}
        return cast(NewJob, self._call("POST", "/v1/jobs", repeat=True, json=dict(job), headers=headers).json())

    def forecast(self, job: Mapping[str, Any]) -> Forecast:
        """What is known of a search before it is asked for; nothing is stored."""
        return cast(Forecast, self._call("POST", "/v1/jobs/forecast", repeat=True, json=dict(job)).json())

    def jobs(self) -> Iterator[JobSummary]:
        """Every job, newest first."""
        return self._pages("/v1/jobs")

    def job(self, id: int) -> Job:
        """One job with its progress."""
        return cast(Job, self._read(f"/v1/jobs/{id}"))

    def readiness(self) -> Readiness:
        """What the service can do now: degraded where no scheduler works, so that jobs wait."""
        return cast(Readiness, self._call("GET", "/readyz").json())

    def move(self, id: int, move: Literal["cancel", "pause", "resume"]) -> JobSummary:
        """Cancels, pauses or resumes a job."""
        return cast(JobSummary, self._call("POST", f"/v1/jobs/{id}/{move}").json())

    def trials(self, id: int) -> Iterator[Trial]:
        """Every trial of a job, in the order of their numbers."""
        return self._pages(f"/v1/jobs/{id}/trials")

    def trial(self, id: int, number: int) -> dict[str, Any]:
        """One trial with each of its evaluations."""
        return cast(dict[str, Any], self._read(f"/v1/jobs/{id}/trials/{number}"))

    def front(self, id: int, *, max_latency_ms: float | None = None) -> Front:
        """The front of a job, also while it searches."""
        query = {} if max_latency_ms is None else {"max_latency_ms": max_latency_ms}
        return cast(Front, self._read(f"/v1/jobs/{id}/front", params=query))

    def front_history(self, id: int) -> dict[str, Any]:
        """How the hypervolume of a job's front grew, trial by trial, from one reference point."""
        return cast(dict[str, Any], self._read(f"/v1/jobs/{id}/front/history"))

    def export(self, id: int, number: int, *, form: str = "inference", scripts: Sequence[str] = ()) -> bytes:
        """A zip with model.py, weights.safetensors, config.json, README.md, front.svg.

        `scripts` adds train.py, convert.py or both; `form` is "inference", or "training" to train on.
        """
        wishes = {"form": form, "scripts": list(scripts)}
        return self._call("POST", f"/v1/jobs/{id}/trials/{number}/exports", repeat=True, params=wishes).content

    def register(self, genotype: Mapping[str, Any] | str, format: str = "cellsmith") -> dict[str, Any]:
        """Keeps a cell of one's own under its key.

        `format` is cellsmith, darts, nas-bench-201, nni or nni-loose-end, the last for NNI's NASNet, ENAS, AmoebaNet.
        """
        body = {"genotype": genotype if isinstance(genotype, str) else dict(genotype), "format": format}
        return cast(dict[str, Any], self._call("POST", "/v1/architectures", repeat=True, json=body).json())

    def architecture(self, key: str) -> dict[str, Any]:
        """An architecture: its genotype, what it costs, where it was tried."""
        return cast(dict[str, Any], self._read(f"/v1/architectures/{quote(key, safe='')}"))

    def code(self, key: str, **choices: str | int | float) -> str:
        """The one PyTorch file of an architecture.

        `choices` are the query of the route: dataset or input and classes, channels, cells_per_stage,
        stages, stem, norm, head, activation, residual_scale, recursion, reversible, initialisation,
        dropout, auxiliary, drop_path, form, device.
        """
        return self._call("GET", f"/v1/architectures/{quote(key, safe='')}/code", repeat=True, params=choices).text

    def script(self, name: str) -> str:
        """A script to lie beside a model.py: `name` is train.py or convert.py."""
        return self._call("GET", f"/v1/scripts/{quote(name, safe='')}", repeat=True).text

    def cost(self, key: str, **choices: str | int | float) -> dict[str, Any]:
        """Parameters, multiply-accumulates and predicted latency of an architecture; `choices` as for `code`.

        `auxiliary` has the parameters and multiply-accumulates of the auxiliary head, or None without one.
        """
        return cast(dict[str, Any], self._read(f"/v1/architectures/{quote(key, safe='')}/cost", choices))

    def best(self, dataset: str, device: str = "local", *, limit: int = 20) -> list[dict[str, Any]]:
        """The most accurate networks that any job has found for a data set and a device, with job and trial."""
        query = {"dataset": dataset, "device": device, "limit": limit}
        return cast(list[dict[str, Any]], self._read("/v1/best", query))

    def _read(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        return self._call("GET", path, repeat=True, params=dict(params or {})).json()

    def _pages(self, path: str) -> Iterator[Any]:
        params: dict[str, int] = {}
        while True:
            page = cast(Page, self._read(path, params))
            yield from page["items"]
            if page["next_cursor"] is None:
                return
            params["cursor"] = page["next_cursor"]

    def _call(self, method: str, path: str, *, repeat: bool = False, **request: Any) -> httpx2.Response:
        last = ATTEMPTS if repeat else 1
        for attempt in range(1, last + 1):
            try:
                response = self._http.request(method, path, **request)
            except (httpx2.TransportError, httpx2.InvalidURL) as error:
                if attempt == last:
                    raise Unreachable(self.url, str(error) or type(error).__name__) from error
                self._sleep(FIRST_PAUSE_S * 2 ** (attempt - 1))
            else:
                break
        if response.is_error:
            raise _problem(response)
        return response


def _problem(response: httpx2.Response) -> ApiError:
    """The error that a response describes, also where something between us and the service answered in its place."""
    try:
        body = response.json()
        return ApiError(response.status_code, body["title"], body["detail"], tuple(body.get("errors", ())))
    except (ValueError, KeyError, TypeError):
        return ApiError(response.status_code, response.reason_phrase, f"HTTP {response.status_code}, no explanation.")
