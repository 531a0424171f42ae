"""What `make` tells whoever sets the project up."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_a_virtual_environment_that_was_cut_off_is_told_what_to_do(tmp_path: Path) -> None:
    stale = tmp_path / "stale"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", stale], check=True)
    command = ["make", f"VENV={stale}", f"{stale}/.runs"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode != 0
    assert f"{stale} has no pip" in done.stdout
    assert "make clean, then try again" in done.stdout
    assert not (stale / ".runs").exists()
