"""What keeps a process from starting is told before anything is made."""

from __future__ import annotations

import fcntl
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from service.domain.errors import CannotStart
from service.parts import migrate, run_api, run_scheduler
from service.settings import Settings
from service.supervisor import run_all
from tests.processes import free_port, start


@pytest.mark.parametrize("start", [run_all, run_api])
@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_a_port_that_is_taken_is_refused_before_any_folder_is_made(
    tmp_path: Path, host: str, start: Callable[[Settings], None]
) -> None:
    family = socket.AF_INET6 if host == "::1" else socket.AF_INET
    try:
        listener = socket.create_server((host, 0), family=family)
    except OSError:
        pytest.skip(f"this machine has no {host}")
    with listener:
        settings = Settings(data_dir=tmp_path / "data", host=host, port=listener.getsockname()[1])
        with pytest.raises(CannotStart, match="CELLSMITH_PORT"):
            start(settings)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("start", [run_all, run_api, run_scheduler])
def test_a_folder_of_data_sets_that_is_not_there_is_named(
    tmp_path: Path, start: Callable[[Settings], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CELLSMITH_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(CannotStart, match=r"nowhere is no folder here: set CELLSMITH_DATA"):
        start(Settings(data_dir=tmp_path / "data", port=free_port()))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("host", ["192.0.2.1", "." * 300])
def test_a_host_that_is_none_of_this_machine_is_named(tmp_path: Path, host: str) -> None:
    settings = Settings(data_dir=tmp_path / "data", host=host, port=free_port())
    with pytest.raises(CannotStart, match="CELLSMITH_HOST") as refusal:
        run_api(settings)
    assert "\n" not in str(refusal.value)


def test_a_file_that_is_no_database_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "cellsmith.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(CannotStart, match=r"^The database cannot be used: ") as refusal:
        migrate(Settings(data_dir=tmp_path))
    assert "\n" not in str(refusal.value)


def test_a_damaged_record_is_not_written_to(tmp_path: Path) -> None:
    migrate(Settings(data_dir=tmp_path))
    file = tmp_path / "cellsmith.db"
    content = bytearray(file.read_bytes())
    content[-4096:] = b"x" * 4096
    file.write_bytes(content)
    with pytest.raises(CannotStart, match=r"is damaged .* restore FILE --replace") as refusal:
        migrate(Settings(data_dir=tmp_path))
    assert "\n" not in str(refusal.value)
    assert file.read_bytes() == content


@pytest.mark.parametrize("held", ["service.lock", "scheduler.lock"])
def test_a_second_service_on_one_data_folder_is_refused_before_it_listens(tmp_path: Path, held: str) -> None:
    with (tmp_path / held).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert start("all", tmp_path, port=free_port()).wait(60) == 1
    told = (tmp_path / "log").read_text()
    assert told == f"Another service, scheduler or restore uses {tmp_path}: stop it, or set CELLSMITH_DATA_DIR.\n"
    assert {path.name for path in tmp_path.iterdir()} == {"log", held}
