"""Numbers as people read them."""

from __future__ import annotations

import pytest

from cellsmith.quantities import count, duration, milliseconds, percent


@pytest.mark.parametrize(("share", "text"), [(0.9731, "97.3 %"), (1.0, "100.0 %"), (None, "-")])
def test_a_share_is_told_in_percent(share: float | None, text: str) -> None:
    assert percent(share) == text


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (75.4, "1:15"), (3700, "1:01:40"), (None, "-")])
def test_a_duration_is_told_as_a_clock_does(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("number", "text"), [(7, "7"), (999, "999"), (1000, "1k"), (12_345, "12.3k"), (999_999, "1M"), (3_346_538, "3.35M")]
)
def test_a_count_has_three_digits(number: int, text: str) -> None:
    assert count(number) == text


@pytest.mark.parametrize(("value", "text"), [(0.834, "0.83"), (12.54, "12.5"), (112.4, "112")])
def test_milliseconds_have_three_digits(value: float, text: str) -> None:
    assert milliseconds(value) == text
