"""The reference page of the commands."""

from __future__ import annotations

from pathlib import Path

from typer.main import get_command

from cellsmith.cli import app

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "commands.md"


def test_every_command_has_a_line_on_the_reference_page_and_every_line_a_command() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    described = {line.split("`")[1].split()[1] for line in lines if line.startswith("| `cellsmith ")}
    assert described == set(get_command(app).commands)  # type: ignore[attr-defined]
