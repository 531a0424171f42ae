"""The Ray that this process starts or joins: beginning with it, asking whether it lives, ending it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import ray
from ray import tune

from service.dispatch.tune import REGISTERED
from workers.trainable import EvaluationTrainable

Result = TypeVar("Result")

LONGEST_FOLDER = 30


def join_ray(address: str) -> None:
    """Has evaluations done by the Ray whose head is at `address`."""
    ray.init(address=address, log_to_driver=False, logging_level="error")
    tune.register_trainable(REGISTERED, EvaluationTrainable)


def start_ray(processors: int, folder: Path | None = None) -> None:
    """A Ray of our own on this machine, on loopback alone; never joins a cluster that happens to be there.

    Its files go into `folder`, or where Ray puts them, and stay there.
    """
    where_ray_may = "/tmp/ray" if len(tempfile.gettempdir()) > LONGEST_FOLDER else None  # noqa: S108
    ray.init(
        address="local",
        num_cpus=processors,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="error",
        # The name of a socket has room for 107 characters, of which Ray takes about 70.
        _temp_dir=str(folder) if folder else where_ray_may,
    )
    tune.register_trainable(REGISTERED, EvaluationTrainable)


def on_a_worker(work: Callable[[], Result]) -> Result:
    """What `work` returns, done once where evaluations are done."""
    result: Result = ray.get(ray.remote(num_cpus=1)(work).remote())
    return result


def ray_lives() -> bool:
    """Whether the processes are alive that `start_ray` started, without which nothing is done any more."""
    node = ray._private.worker._global_node
    ended = {name for name, _ in node.dead_processes()} if node else {"raylet"}
    return not ended & {"raylet", "gcs_server"}


def stop_ray() -> None:
    """Ends the Ray that `start_ray` started, with its workers."""
    ray.shutdown()
