"""What keeps the service from starting is one line that names the setting, and an exit code that is not 0."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from service.store.engine import connect
from service.store.migrate import upgrade
from tests.processes import ROOT


def start(part: str, **settings: object) -> tuple[int, str]:
    """Exit code and standard error of `python -m service PART`."""
    environment = os.environ | {f"CELLSMITH_{name.upper()}": str(value) for name, value in settings.items()}
    environment["PYTHONPATH"] = str(ROOT)
    command = [sys.executable, "-m", "service", part]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    return done.returncode, done.stderr


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A folder in which not even root may write."""
    folder = tmp_path / "read-only"
    folder.mkdir()
    if os.geteuid() != 0:
        folder.chmod(0o555)
        yield folder
        folder.chmod(0o755)
        return
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "ro,size=1m", "none", folder], check=False).returncode != 0:
        pytest.skip("nothing can be mounted here")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("part", ["all", "api", "migrate"])
def test_a_data_folder_that_is_read_only(read_only: Path, part: str) -> None:
    code, told = start(part, data_dir=read_only)
    assert code == 1
    assert told.count("\n") == 1
    assert "CELLSMITH_DATA_DIR" in told


def test_a_scheduler_whose_data_folder_is_read_only_although_its_database_is_elsewhere(
    read_only: Path, tmp_path: Path
) -> None:
    code, told = start("scheduler", data_dir=read_only, database_url=f"sqlite:///{tmp_path / 'record.db'}")
    assert code == 1
    assert told.splitlines()[-1].endswith("set CELLSMITH_DATA_DIR.")


@pytest.mark.parametrize("part", ["all", "api", "scheduler", "migrate"])
def test_a_data_folder_that_cannot_be_made(tmp_path: Path, part: str) -> None:
    (tmp_path / "a file").touch()
    code, told = start(part, data_dir=tmp_path / "a file" / "data")
    assert code == 1
    assert told.count("\n") == 1
    assert "CELLSMITH_DATA_DIR" in told


@pytest.mark.parametrize("part", ["all", "api"])
def test_a_port_that_is_taken(tmp_path: Path, part: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, told = start(part, data_dir=tmp_path, port=taken.getsockname()[1])
    assert code == 1
    assert told.count("\n") == 1
    assert "CELLSMITH_PORT" in told


@pytest.mark.parametrize("host", ["127.0.0.1", "nowhere.invalid"])
def test_an_address_for_ray_that_is_taken_or_not_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN", "0123456789abcdef" * 4)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, told = start("scheduler", data_dir=tmp_path, ray_address=f"{host}:{taken.getsockname()[1]}")
    assert code == 1
    assert told.splitlines()[-1].endswith("set CELLSMITH_RAY_ADDRESS.")
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "eighty"),
        ("workers", "0"),
        ("lease_seconds", "1"),
        ("log_level", "loud"),
        ("database_url", "file.db"),
        ("database_url", "postgresql://u@h:abc/db"),
        ("database_url", "sqlite:///"),
        ("lease_seconds", "inf"),
    ],
)
def test_a_wrong_setting(tmp_path: Path, name: str, value: str) -> None:
    code, told = start("all", data_dir=tmp_path, **{name: value})
    assert code == 1
    assert told.count("\n") == 1
    assert told.startswith(f"CELLSMITH_{name.upper()} cannot be used.")


def test_a_database_server_that_is_not_there(tmp_path: Path) -> None:
    code, told = start("api", data_dir=tmp_path, database_url=f"postgresql://nobody@/none?host={tmp_path}")
    assert code == 1
    assert told.count("\n") == 1
    assert "CELLSMITH_DATABASE_URL" in told


@pytest.mark.parametrize("part", ["all", "api", "scheduler", "migrate"])
def test_a_database_that_a_newer_version_has_written(tmp_path: Path, part: str) -> None:
    engine = connect(f"sqlite:///{tmp_path / 'cellsmith.db'}")
    upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    code, told = start(part, data_dir=tmp_path)
    assert code == 1
    assert told.count("\n") == 1
    assert "schema 9999, which is newer than this Cellsmith: update Cellsmith." in told
