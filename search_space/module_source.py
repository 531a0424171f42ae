"""The source text of the torch modules, read without loading torch."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal, TypeAlias

Form: TypeAlias = Literal["training", "inference"]

_FOLDER = Path(__file__).parent / "modules"
_OF_THE_OTHER_FORM = {"training": "folded.py", "inference": "conv_norm.py"}


@dataclass(frozen=True, slots=True)
class Definition:
    """A class or function of `search_space.modules`: its text, and the names that occur in it."""

    text: str
    names: frozenset[str]


def definitions(names: Iterable[str], form: Form) -> Iterator[str]:
    """The text of each of `names` after all that it uses, everything once.

    The forms differ in one class, ConvNorm, which is a convolution and a batch norm in training and one convolution
    in inference.
    """
    known = _known(form)
    given: set[str] = set()

    def with_all_it_uses(name: str) -> Iterator[str]:
        if name in known and name not in given:
            given.add(name)
            for used in sorted(known[name].names):
                yield from with_all_it_uses(used)
            yield known[name].text

    for name in names:
        yield from with_all_it_uses(name)


def names_in(source: str) -> set[str]:
    """The names that occur in a piece of Python."""
    return {part.id for part in ast.walk(ast.parse(source)) if isinstance(part, ast.Name)}


@lru_cache
def _known(form: Form) -> dict[str, Definition]:
    known = {}
    for path in sorted(_FOLDER.glob("*.py")):
        if path.name != _OF_THE_OTHER_FORM[form]:
            source = path.read_text(encoding="utf-8")
            lines = source.splitlines()
            for node in ast.parse(source).body:
                if isinstance(node, ast.ClassDef | ast.FunctionDef):
                    text = "\n".join(lines[node.lineno - 1 : node.end_lineno])
                    known[node.name] = Definition(text, frozenset(names_in(text)))
    return known
