"""Which operators an exported network's other formats cannot take."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import lru_cache

from search_space.genotype import Genotype
from search_space.scripts import script


def resisting(genotype: Genotype) -> dict[str, list[str]]:
    """For each file that convert.py would refuse to make of this genotype, the operators that are why."""
    operators = {edge.operator for _, cell in genotype.cells for edge in cell.edges}
    found = {file: sorted(name for name in operators if name.startswith(begins)) for file, begins in _resist().items()}
    return {file: names for file, names in found.items() if names}


@lru_cache
def _resist() -> Mapping[str, tuple[str, ...]]:
    """RESIST of convert.py, which stands there because users run that file alone."""
    for statement in ast.parse(script("convert.py")).body:
        match statement:
            case ast.Assign(targets=[ast.Name(id="RESIST")], value=value):
                resist: Mapping[str, tuple[str, ...]] = ast.literal_eval(value)
                return resist
    raise LookupError("convert.py says nowhere what resists")
