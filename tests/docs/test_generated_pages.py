"""The generated pages of reference follow the code."""

from types import ModuleType

import pytest

from docs import operators, samplers, spaces


@pytest.mark.parametrize("generator", [operators, samplers, spaces])
def test_a_generated_page_is_up_to_date(generator: ModuleType) -> None:
    assert generator.PAGE.read_text(encoding="utf-8") == generator.page(), f"run `python -m {generator.__name__}`"
