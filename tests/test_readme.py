"""Every command that the README shows exists, with the options it is shown with."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from importlib.util import find_spec

import pytest
from typer.main import get_command

from cellsmith.cli import app
from service.__main__ import PARTS
from tests.processes import ROOT

BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
SETTING = re.compile(r"[A-Z_]+=.*")


def shown() -> Iterator[list[str]]:
    """The words of each command: in a block with prompts they follow one, else every line is a command."""
    for block in BLOCK.findall((ROOT / "README.md").read_text()):
        lines = block.splitlines()
        prompted = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
        for line in prompted or lines:
            words = shlex.split(line, comments=True)
            yield [word for word in words if word != "&" and not SETTING.fullmatch(word)]


COMMANDS = [words for words in shown() if words]


def test_the_readme_shows_how_to_start_submit_and_export() -> None:
    firsts = {tuple(words[:2]) for words in COMMANDS}
    assert {("make", "demo"), ("make", "test"), ("cellsmith", "submit"), ("cellsmith", "export")} <= firsts


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_command_of_the_readme_exists(words: list[str]) -> None:
    match words:
        case ["make", target]:
            assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
        case ["cellsmith", name, *arguments]:
            # parsed by the command's own parser, and not run
            get_command(app).commands[name].make_context(name, arguments)  # type: ignore[attr-defined]
        case ["python", "-m", "service", *part]:
            assert set(part) <= set(PARTS)
        case ["python", "-m", module, _]:
            assert find_spec(module) is not None
        case ["export"]:
            pass  # the setting itself is none of the words
        case [".", script]:
            assert script == ".venv/bin/activate"
        case _:
            pytest.fail(f"nobody checks {' '.join(words)}")
