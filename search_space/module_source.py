"""The source text of the torch modules, read without loading torch."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal, TypeAlias

from search_space.axes_source import for_axes

Form: TypeAlias = Literal["training", "inference"]

_TO_OUR_LINTER = re.compile(r"  # noqa: .*")
_FOLDER = Path(__file__).parent / "modules"
_INFERENCE_FORMS = _FOLDER / "folded.py"


@dataclass(frozen=True, slots=True)
class Definition:
    """A class, function or constant of `search_space.modules`: its text, and the names that occur in it."""

    text: str
    names: frozenset[str]


def definitions(names: Iterable[str], form: Form, dims: int) -> Iterator[str]:
    """The text of each of `names` after all that it uses, everything once, as it is for maps of `dims` axes.

    The forms differ in the classes of `folded.py`, which stand for those of the same names in the inference form.
    """
    known = _known(form)
    given: set[str] = set()

    def with_all_it_uses(name: str) -> Iterator[str]:
        if name in known and name not in given:
            given.add(name)
            for used in sorted(known[name].names):
                yield from with_all_it_uses(used)
            yield for_axes(known[name].text, dims)

    for name in names:
        yield from with_all_it_uses(name)


def names_in(source: str) -> set[str]:
    """The names that occur in a piece of Python."""
    return {part.id for part in ast.walk(ast.parse(source)) if isinstance(part, ast.Name)}


@lru_cache
def _known(form: Form) -> dict[str, Definition]:
    files = sorted(set(_FOLDER.glob("*.py")) - {_INFERENCE_FORMS})
    if form == "inference":
        files.append(_INFERENCE_FORMS)
    return {name: definition for path in files for name, definition in _definitions_in(path)}


def _definitions_in(path: Path) -> Iterator[tuple[str, Definition]]:
    source = path.read_text(encoding="utf-8")
    lines = source.splitlines()
    for node in ast.parse(source).body:
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.Assign(targets=[ast.Name(id=name)]):
                decorators = getattr(node, "decorator_list", [])
                first = min(part.lineno for part in (node, *decorators))
                text = _TO_OUR_LINTER.sub("", "\n".join(lines[first - 1 : node.end_lineno]))
                yield name, Definition(text, frozenset(names_in(text)))
