"""What a process loads that only answers users."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
SCRIPT = """
import sys
import service.usecases.architectures, service.usecases.exports, service.usecases.front
import service.usecases.jobs, service.usecases.trials, service.settings, service.store.migrate
print(sorted({"torch", "ray", "optuna", "sklearn", "fastapi"} & sys.modules.keys()))
"""


def test_use_cases_and_store_load_no_torch_ray_or_optuna() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
