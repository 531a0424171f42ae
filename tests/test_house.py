"""The four floors are this checkout's, and nothing stands beside them unseen."""

from __future__ import annotations

import configparser
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = ("api", "service", "workers", "search_space")
AROUND = {"benchmarks", "docs", "examples", "tests"}


@pytest.mark.parametrize("name", FLOORS)
def test_our_names_are_those_of_this_checkout(name: str) -> None:
    assert importlib.import_module(name).__file__ == str(ROOT / name / "__init__.py")


def test_every_package_is_under_the_import_contracts_or_around_the_house() -> None:
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter")
    under_contract = set(contracts["importlinter"]["root_packages"].split())
    packages = {file.parent.name for file in [*ROOT.glob("*/__init__.py"), *ROOT.glob("client/*/__init__.py")]}
    assert packages == under_contract | AROUND
    assert under_contract == {*FLOORS, "cellsmith"}


@pytest.mark.xdist_group("ray")
def test_tests_of_a_group_share_a_process_where_tests_run_side_by_side(request: pytest.FixtureRequest) -> None:
    """pytest 9.2 and xdist 3.8 together lose the groups: tests that fill the machine then run beside each other."""
    grouped = getattr(request.config.option, "loadgroup", False)
    assert request.node.nodeid.endswith("@ray") == grouped
