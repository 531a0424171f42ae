"""What is known of a job before it begins, as lines."""

from __future__ import annotations

from collections.abc import Iterator

from cellsmith.quantities import count, duration, megabytes, milliseconds
from cellsmith.results import Forecast, Reach, TimeAhead

NAMES = {"params": "parameters", "macs": "multiply-accumulates", "latency_ms": "latency", "peak_memory_mb": "memory"}
FORMS = {"latency_ms": (milliseconds, " ms"), "peak_memory_mb": (megabytes, " MB")}
ENDS = {
    "trials": "when its trials are spent",
    "seconds": "when its seconds are spent",
    "epochs": "when its epochs are",
    "cells": "when every cell was tried",
}


def forecast_lines(forecast: Forecast) -> Iterator[str]:
    """How large the space is, what its cells cost, and how long the search will take."""
    pairs = "pair of cells" if forecast["size"] == "1" else "pairs of cells"
    different = "" if forecast["different"] is None else f", {forecast['different']:,} of them different"
    yield f"The space holds {_large(forecast['size'])} {pairs}{different}. Of {forecast['samples']} drawn by chance:"
    for reach in forecast["reaches"]:
        yield f"  {_reach(reach)}"
    if forecast["keeping"] is not None:
        yield f"  {forecast['keeping']} keep every limit that can be judged before training"
    yield _time(forecast["time"])


def _large(number: str) -> str:
    return count(int(number)) if len(number) < 13 else f"{number[0]}.{number[1]}e{len(number) - 1}"


def _reach(reach: Reach) -> str:
    form, unit = FORMS.get(reach["metric"], (count, ""))
    low, middle, high = (form(reach[which]) for which in ("lowest", "median", "highest"))
    known = ""
    if reach["ratios"] is not None:
        least, most = reach["ratios"]
        where = " in other skeletons" if reach["elsewhere"] else ""
        known = (
            f", predicted from {reach['networks']} measured networks{where}, 90 % of which took {least:.2g} to "
            f"{most:.2g} times what is foreseen"
        )
    told = f"{low}{unit}" if low == high else f"{low} to {high}{unit}, half below {middle}"
    return f"{NAMES.get(reach['metric'], reach['metric'])}: {told}{known}"


def _time(time: TimeAhead) -> str:
    workers = f"{time['workers']} worker{'s' * (time['workers'] > 1)}"
    if time["seconds"] is not None:
        where = "in this skeleton" if time["basis"] == "recorded" else "in other skeletons"
        ends = f" and ends {ENDS[time['ends_by']]}" if time["ends_by"] else ""
        return (
            f"With {workers} it takes about {duration(time['seconds'])}{ends}, by {time['reports']} recorded "
            f"trainings of this data set {where}."
        )
    unknown = "How long it takes is not known: too few such trainings are recorded yet."
    if time["at_least_seconds"] is None or time["at_least_seconds"] < 1:
        return unknown
    least = duration(time["at_least_seconds"])
    return f"{unknown} With {workers} at least {least}, were the device at its best all the time."
