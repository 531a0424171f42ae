"""What the process of the HTTP face loads."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = "import sys, api.app; print([name for name in ('torch', 'ray', 'optuna', 'sklearn') if name in sys.modules])"


def test_the_http_face_loads_neither_torch_nor_ray_nor_optuna() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
