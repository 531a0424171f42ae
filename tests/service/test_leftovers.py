"""What a killed scheduler left is ended and removed, and nothing of anybody else's."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from service.leftovers import MARK, end_leftovers, new_scratch, remove_scratch
from tests.processes import alive_with, wait_for

STARTS_MANY = """
import os, time
for _ in range(400):
    if os.fork() == 0:
        break
    time.sleep(0.0005)
time.sleep(60)
"""


@pytest.fixture(autouse=True)
def _unmarked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mark that this process takes on goes again with the test."""
    monkeypatch.setenv(MARK, "none")


def test_a_process_that_is_just_starting_others_is_ended_with_all_of_them(tmp_path: Path) -> None:
    left = subprocess.Popen([sys.executable, "-c", STARTS_MANY], env=os.environ | {MARK: str(tmp_path)})
    wait_for(lambda: len(alive_with(f"{MARK}={tmp_path}")) > 3, 10, "it starts others")
    assert end_leftovers(tmp_path) > 3
    assert alive_with(f"{MARK}={tmp_path}") == []
    left.wait()


def test_a_helper_of_rays_without_the_mark_is_known_by_a_file_in_rays_folder_that_it_has_open(tmp_path: Path) -> None:
    _, ray = new_scratch(tmp_path)
    sleep = shutil.which("sleep")
    with (
        (ray / "raylet.out").open("w") as log,
        subprocess.Popen(["ray::Helper", "60"], executable=sleep, stdout=log) as left,
        subprocess.Popen(["somebody", "60"], executable=sleep, stdout=log) as reader,
    ):
        assert end_leftovers(tmp_path) == 1
        assert left.wait() == -signal.SIGKILL
        assert reader.poll() is None
        reader.kill()
    remove_scratch(tmp_path)


def test_what_another_data_folder_runs_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"], env=os.environ | {MARK: str(tmp_path / "other")}) as other:
        assert end_leftovers(tmp_path) == 0
        assert other.poll() is None
        other.kill()


def test_scratch_folders_of_a_killed_scheduler_are_gone_when_the_next_one_starts(tmp_path: Path) -> None:
    tune, ray = new_scratch(tmp_path)
    (tune / "trial").mkdir()
    (ray / "session").mkdir()
    again = new_scratch(tmp_path)
    assert not ray.exists()
    assert [list(folder.iterdir()) for folder in again] == [[], []]
    remove_scratch(tmp_path)
    assert not any(folder.exists() for folder in again)
    assert list(tmp_path.iterdir()) == []


def test_a_link_that_leads_elsewhere_is_removed_alone(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (tmp_path / "data" / "scratch").mkdir(parents=True)
    (tmp_path / "data" / "scratch" / "ray").symlink_to(mine)
    remove_scratch(tmp_path / "data")
    assert mine.is_dir()
    assert not (tmp_path / "data" / "scratch").exists()
