"""The reference page of the operators follows the code."""

from docs.operators import PAGE, page


def test_the_page_of_the_operators_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python -m docs.operators`"
