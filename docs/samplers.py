"""Writes the reference page of the samplers: `python -m docs.samplers`."""

from __future__ import annotations

from pathlib import Path

from service.domain.job import Sampler
from service.domain.samplers import SAMPLERS

PAGE = Path(__file__).parent / "reference" / "samplers.md"

_INTRODUCTION = f"""\
# Samplers

Who proposes the cells of a job. Generated from `service/domain/samplers.py` by `python -m docs.samplers`; a test fails
when this page is out of date.

A job names one, `{{"sampler": {{"name": "tpe"}}}}`. Its `lag`, {Sampler().lag} where nothing is said, is by how many
trials its knowledge may lag behind, so that a search depends neither on the number of workers nor on which of them is
faster.
[Measured figures](../benchmarks.md) compares the cells that they find.

| sampler | how it proposes |
|---|---|
"""


def page() -> str:
    """The whole page, as Markdown."""
    return _INTRODUCTION + "".join(f"| `{name}` | {summary} |\n" for name, summary in SAMPLERS.items())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
