"""How every benchmark speaks: a table on the terminal, and JSON for whoever compares."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

VERSIONS_OF = ("torch", "optuna", "ray", "sqlalchemy", "numpy")


def parser(description: str | None) -> argparse.ArgumentParser:
    """A parser with the option that every benchmark has."""
    made = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    return made


def report(figures: Mapping[str, float], json_file: Path | None, details: Mapping[str, Any] | None = None) -> None:
    """Prints `figures` (name with unit -> number) and writes them with the command, machine and versions."""
    width = max(map(len, figures))
    for name, number in figures.items():
        print(f"{name:<{width}}  {number:12,.3f}")
    if json_file is not None:
        document = {
            "figures": dict(figures),
            "details": dict(details or {}),
            "command": shlex.join(["python", "-m", *_module_and_arguments()]),
            "machine": {"processor": _processor(), "cores": os.cpu_count(), "system": platform.platform()},
            "versions": {"python": platform.python_version(), **{name: version(name) for name in VERSIONS_OF}},
        }
        json_file.write_text(json.dumps(document, indent=2) + "\n")


def _module_and_arguments() -> list[str]:
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    return [spec.name if spec else Path(sys.argv[0]).stem, *sys.argv[1:]]


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor()
