"""Jobs and fronts as tables that fit 80 columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from cellsmith.quantities import count, duration, megabytes, milliseconds, percent
from cellsmith.results import Front, JobSummary, Point

STATE_STYLES = {"running": "cyan", "done": "green", "failed": "red", "cancelled": "yellow", "paused": "yellow"}


def jobs_table(jobs: Iterable[JobSummary]) -> Table:
    """One line a job."""
    table = _table()
    table.add_column("job", justify="right")
    table.add_column("name", max_width=28)
    table.add_column("data set")
    table.add_column("state")
    table.add_column("used", justify="right")
    table.add_column("submitted (UTC)")
    for job in jobs:
        state = Text(job["state"], style=STATE_STYLES.get(job["state"], ""))
        submitted = job["created_at"][:16].replace("T", " ")
        used = duration(job["seconds_used"])
        table.add_row(str(job["id"]), Text(job["name"]), Text(job["dataset"]), state, used, submitted)
    return table


def jobs_notes(jobs: Iterable[JobSummary]) -> list[str]:
    """What is told of single jobs: why one failed, or ended before its trials were spent."""
    return [f"Job {job['id']}: {told}" for job in jobs if (told := message(job))]


def message(job: JobSummary) -> str:
    """What the service tells of the job; nothing of one that waits, whose message is of another time."""
    return "" if job["state"] == "queued" else job["message"]


def front_table(front: Front) -> Table:
    """One line a point, in the order of the front; the knee is marked. Memory is told where it is an objective."""
    memory = any(objective["metric"] == "peak_memory_mb" for objective in front["objectives"])
    table = _table(gap=1 if memory else 2)
    table.add_column("")
    for heading in ("trial", "accuracy", "latency ms (95 %)", "params", "MACs", *(["memory MB"] if memory else [])):
        table.add_column(heading, justify="right")
    table.add_column("key")
    for point in front["points"]:
        table.add_row(*_cells(point, memory), style="bold" if point["knee"] else "")
    return table


def front_notes(front: Front) -> list[str]:
    """What must be known to read the table."""
    notes = []
    if any(point["knee"] for point in front["points"]):
        notes.append("* the knee: the best compromise")
    if pairs := _alike(front["points"]):
        notes.append(f"Cannot be told apart, for their intervals overlap, in accuracy too: {pairs}.")
    limits = [_limit(objective) for objective in front["objectives"] if objective["limit"] is not None]
    if limits:
        notes.append("Every cell keeps " + " and ".join(limits) + ".")
    if unsure := _not_surely_fast_enough(front):
        notes.append(f"Not surely, for their intervals reach beyond the limit on latency: {', '.join(unsure)}.")
    return notes


def _not_surely_fast_enough(front: Front) -> list[str]:
    """The numbers of the points whose latency may be over the limit, if there is one."""
    limits = [own["limit"] for own in front["objectives"] if own["metric"] == "latency_ms" and own["limit"] is not None]
    return [
        str(point["number"]) for point in front["points"] for most in limits if point["latency_interval_ms"][1] > most
    ]


def _alike(points: Sequence[Point]) -> str:
    """Each pair of points that cannot be told apart, once: "5 from 11 and 15; 15 from 21"."""
    told, seen = [], set[int]()
    for point in points:
        seen.add(point["number"])
        others = [str(number) for number in point["alike"] if number not in seen]
        if others:
            told.append(f"{point['number']} from {' and '.join(others)}")
    return "; ".join(told)


def finds_table(finds: Iterable[dict[str, Any]]) -> Table:
    """One line a network, the most accurate first; with its epochs, which differ between jobs."""
    table = _table()
    for heading in ("job", "trial", "accuracy", "epochs", "latency ms", "params", "MACs"):
        table.add_column(heading, justify="right")
    table.add_column("key")
    for find in finds:
        origin = (str(find["job"]), str(find["trial"]))
        trained = (percent(find["accuracy"]), str(find["training"]["epochs"]))
        sizes = (count(find["params"]), count(find["macs"]))
        table.add_row(*origin, *trained, milliseconds(find["latency_ms"]), *sizes, find["key"])
    return table


def _cells(point: Point, memory: bool) -> tuple[str, ...]:
    peak = point["peak_memory_mb"]
    low, high = (milliseconds(bound) for bound in point["latency_interval_ms"])
    return (
        "*" if point["knee"] else "",
        str(point["number"]),
        percent(point["accuracy"]),
        f"{milliseconds(point['latency_ms'])} ({low} - {high})",
        count(point["params"]),
        count(point["macs"]),
        *(["-" if peak is None else megabytes(peak)] if memory else []),
        point["key"],
    )


def _limit(objective: dict[str, Any]) -> str:
    sign = "≥" if objective["maximise"] else "≤"
    device = f" on {objective['device']}" if objective["device"] else ""
    return f"{objective['metric']} {sign} {objective['limit']:g}{device}"


def _table(gap: int = 2) -> Table:
    """A table with `gap` spaces between its columns: one where it would else be wider than 80 columns."""
    return Table(box=None, padding=(0, gap, 0, 0), pad_edge=False, header_style="dim")
