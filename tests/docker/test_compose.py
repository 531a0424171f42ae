"""The compose file asks for what there is: commands, settings, images."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.__main__ import COMMANDS
from service.settings import Settings

ROOT = Path(__file__).parents[2]
CLIENT_OF_DEBIAN = {"bookworm": "15", "trixie": "17"}  # pg_dump refuses a server that is newer than itself
OURS = ("migrate", "api", "scheduler", "worker")


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    described: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    return described


def test_every_command_is_one_that_the_service_knows(services: dict[str, Any]) -> None:
    assert set(services) == {"postgres", *OURS}
    for name in OURS:
        (command,) = services[name]["command"]
        assert command in COMMANDS


def test_every_setting_is_one_that_there_is(services: dict[str, Any]) -> None:
    known = {f"CELLSMITH_{name.upper()}" for name in Settings.model_fields} | {"PGPASSWORD", "RAY_AUTH_TOKEN"}
    for name in OURS:
        assert set(services[name]["environment"]) <= known


def test_every_image_is_a_stage_of_the_dockerfile_and_what_it_copies_is_there(services: dict[str, Any]) -> None:
    text = (ROOT / "docker" / "Dockerfile").read_text()
    stages = set(re.findall(r"^FROM \S+ AS (\S+)$", text, re.MULTILINE))
    assert {services[name]["build"]["target"] for name in OURS} <= stages
    for line in re.findall(r"^COPY (.+) \S+$", text, re.MULTILINE):
        assert all((ROOT / source).exists() for source in line.split())


def test_the_images_have_the_client_of_the_database_server(services: dict[str, Any]) -> None:
    base = (ROOT / "docker" / "Dockerfile").read_text().split(" AS base")
    assert "apt-get install --yes --no-install-recommends postgresql-client " in base[1].split("FROM")[0]
    (debian,) = re.findall(r"^FROM python:3\.11-slim-(\w+)$", base[0], re.MULTILINE)
    (server,) = re.findall(r"^postgres:(\d+)-alpine$", services["postgres"]["image"])
    assert server == CLIENT_OF_DEBIAN[debian]


def modules_of_the_compute_image_alone() -> list[str]:
    """Those of the extras that the image of the API does not install."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    missing = {re.split(r"[<>=\[]", each)[0] for each in (*extras["compute"], *extras["onnx"])}
    return sorted(name.replace("scikit-learn", "sklearn") for name in missing)


def test_the_image_of_the_api_installs_no_torch_and_needs_none(services: dict[str, Any]) -> None:
    """Nothing of the extras `compute` and `onnx` can be imported, and the API is made all the same."""
    assert services["api"]["build"]["target"] == services["migrate"]["build"]["target"] == "api"
    stage = (ROOT / "docker" / "Dockerfile").read_text().split("FROM base AS api")[1].split("FROM")[0]
    assert 'pip install --constraint constraints.txt ".[server,postgres]"' in stage
    modules = modules_of_the_compute_image_alone()
    program = f"""
import sys
for name in {modules!r}:
    sys.modules[name] = None  # importing it raises ImportError
from service import __main__, parts, supervisor, upkeep
from api.app import create_app
from service.store.memory import MemoryUnitOfWork
print(len(create_app(MemoryUnitOfWork()).routes))
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "torch" in modules
