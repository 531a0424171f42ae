"""What is told of a search before it begins."""

from __future__ import annotations

from cellsmith.beforehand import forecast_lines
from cellsmith.results import Forecast, Reach


def of(reach: Reach) -> str:
    time = {"basis": "unknown", "seconds": None, "at_least_seconds": None, "ends_by": None, "reports": 0, "workers": 2}
    told = Forecast(size="1000", different=None, samples=200, keeping=None, reaches=[reach], time=time)  # type: ignore[typeddict-item]
    return list(forecast_lines(told))[1].strip()


def test_what_is_exact_is_told_without_more() -> None:
    reach = Reach(
        metric="params", unit="", lowest=1000, median=2000, highest=30_000, networks=None, ratios=None, elsewhere=None
    )
    assert of(reach) == "parameters: 1k to 30k, half below 2k"


def test_memory_is_told_as_everywhere_and_what_is_the_same_for_all_once() -> None:
    exact = {"unit": "", "networks": None, "ratios": None, "elsewhere": None}
    memory = Reach(metric="peak_memory_mb", lowest=0.0956, median=12.34, highest=105.4, **exact)  # type: ignore[typeddict-item]
    assert of(memory) == "memory: 0.0956 to 105 MB, half below 12.3"
    assert of(Reach(metric="params", lowest=258, median=258, highest=258, **exact)) == "parameters: 258"  # type: ignore[typeddict-item]


def test_what_is_predicted_says_how_far_off_that_may_be() -> None:
    reach = Reach(
        metric="latency_ms", unit="ms", lowest=1, median=2, highest=9, networks=12, ratios=[0.05, 21.4], elsewhere=True
    )
    assert of(reach) == (
        "latency: 1.00 to 9.00 ms, half below 2.00, predicted from 12 measured networks in other skeletons, "
        "90 % of which took 0.05 to 21 times what is foreseen"
    )


def test_how_many_cells_of_a_small_space_are_different_is_told() -> None:
    time = {
        "basis": "recorded",
        "seconds": 9.0,
        "at_least_seconds": None,
        "ends_by": "cells",
        "reports": 12,
        "workers": 1,
    }
    told = Forecast(size="16", different=9, samples=200, keeping=None, reaches=[], time=time)  # type: ignore[typeddict-item]
    assert list(forecast_lines(told)) == [
        "The space holds 16 pairs of cells, 9 of them different. Of 200 drawn by chance:",
        "With 1 worker it takes about 0:09 and ends when every cell was tried, by 12 recorded trainings of this data "
        "set in this skeleton.",
    ]
