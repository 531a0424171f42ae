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
from search_space.settled import NOTHING, Settled

Form: TypeAlias = Literal["training", "inference"]

_TO_OUR_LINTER = re.compile(r"  # noqa: .*")
_FOLDER = Path(__file__).parent / "modules"
_INFERENCE_FORMS = _FOLDER / "folded.py"
_WITH_FOLDED_NORMS = ("ConvNorm", "DilatedRep", "DistanceL2")


@dataclass(frozen=True, slots=True)
class Definition:
    """A class, function or constant of `search_space.modules`: its text for some axes, and the names in that."""

    text: str
    names: frozenset[str]


def definitions(
    names: Iterable[str], form: Form, dims: int, settled: Settled = NOTHING, *, folds_norms: bool = True
) -> Iterator[str]:
    """The text of each of `names` after all that it uses, everything once, as it is for maps of `dims` axes.

    It is without what is `settled`. The forms differ in the classes of `folded.py`, which stand for those of the same
    names in the inference form: all of them, or where it does not fold norms, those without any.
    """
    known = _known(form, folds_norms)
    given: set[str] = set()

    def with_all_it_uses(name: str) -> Iterator[str]:
        if name in known and name not in given:
            given.add(name)
            definition = _definition(known[name], dims, settled)
            for used in sorted(definition.names):
                yield from with_all_it_uses(used)
            yield definition.text

    for name in names:
        yield from with_all_it_uses(name)


def names_in(source: str) -> set[str]:
    """The names that occur in a piece of Python."""
    return {part.id for part in ast.walk(ast.parse(source)) if isinstance(part, ast.Name)}


@lru_cache(4096)
def _definition(text: str, dims: int, settled: Settled) -> Definition:
    written = settled.written(for_axes(text, dims))
    return Definition(written, frozenset(names_in(written)))


@lru_cache
def _known(form: Form, folds_norms: bool) -> dict[str, str]:
    files = sorted(set(_FOLDER.glob("*.py")) - {_INFERENCE_FORMS})
    known = {name: text for path in files for name, text in _definitions_in(path)}
    if form == "inference":
        known |= {
            n: text for n, text in _definitions_in(_INFERENCE_FORMS) if folds_norms or n not in _WITH_FOLDED_NORMS
        }
    return known


def _definitions_in(path: Path) -> Iterator[tuple[str, str]]:
    """Each definition's name and text."""
    source = path.read_text(encoding="utf-8")
    lines = source.splitlines()
    for node in ast.parse(source).body:
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.Assign(targets=[ast.Name(id=name)]):
                decorators = getattr(node, "decorator_list", [])
                first = min(part.lineno for part in (node, *decorators))
                yield name, _TO_OUR_LINTER.sub("", "\n".join(lines[first - 1 : node.end_lineno]))
