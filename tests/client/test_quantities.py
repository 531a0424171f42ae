"""Numbers as people read them."""

from __future__ import annotations

import pytest

from cellsmith.quantities import count, duration, megabytes, milliseconds, percent, rounded_up


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


@pytest.mark.parametrize(("value", "text"), [(0.0956, "0.0956"), (95.61, "95.6"), (112.4, "112"), (12_345.6, "12346")])
def test_megabytes_have_three_digits_and_all_that_are_whole(value: float, text: str) -> None:
    assert megabytes(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(1.23449, "1.235"), (1.1, "1.1"), (1.0, "1"), (0.00123401, "0.001235"), (123_456.0, "123500")]
)
def test_what_is_rounded_up_is_a_limit_that_is_kept(value: float, text: str) -> None:
    assert rounded_up(value) == text
    assert float(text) >= value
