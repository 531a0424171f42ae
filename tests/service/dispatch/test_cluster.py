"""A worker waits for its head, and is told where there is none."""

from __future__ import annotations

import socket
import threading

import pytest

from service.dispatch import cluster
from service.domain.errors import CannotStart
from service.parts import run_worker
from service.settings import Settings
from tests.processes import free_port


def test_a_worker_waits_for_a_head_that_begins_after_it() -> None:
    port = free_port()
    waiting = threading.Thread(target=cluster.await_head, args=[f"127.0.0.1:{port}"])
    waiting.start()
    waiting.join(1)
    assert waiting.is_alive()
    with socket.create_server(("127.0.0.1", port)):
        waiting.join(30)
    assert not waiting.is_alive()


@pytest.mark.parametrize("host", ["127.0.0.1", "nowhere.invalid"])
def test_a_worker_without_a_head_is_told_so_in_one_line(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setattr(cluster, "LONGEST_UNTIL_HEAD_S", 0.0)
    monkeypatch.setenv("RAY_AUTH_TOKEN", "0123456789abcdef" * 4)
    monkeypatch.delenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", raising=False)
    address = f"{host}:{free_port()}"
    with pytest.raises(CannotStart, match=f"^Nobody answers at {address} .* set CELLSMITH_RAY_ADDRESS.$") as refusal:
        run_worker(Settings(ray_address=address))
    assert "\n" not in str(refusal.value)
