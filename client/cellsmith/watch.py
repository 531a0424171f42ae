"""Following a job until it has ended: a live view on a terminal, a line a change elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from cellsmith.attendance import Attendance
from cellsmith.client import Client
from cellsmith.errors import ApiError, Unreachable
from cellsmith.quantities import duration, percent
from cellsmith.results import Job
from cellsmith.tables import STATE_STYLES, message

ENDED = ("done", "failed", "cancelled")
INTERVAL_S = 0.5
PATIENCE_S = 60.0
MOMENTARY = (503, 507)


def follow(
    client: Client, id: int, *, sleep: Callable[[float], None] = time.sleep, clock: Callable[[], float] = time.monotonic
) -> Iterator[Job]:
    """The job again and again, until it has ended; a service that is away has `PATIENCE_S` to come back."""
    heard_at = beat_at = clock()
    used = 0.0
    while True:
        try:
            job = client.job(id)
        except (Unreachable, ApiError) as error:
            passes = isinstance(error, Unreachable) or error.status in MOMENTARY
            if not passes or clock() - heard_at > PATIENCE_S:
                raise
        else:
            heard_at = clock()
            if job["progress"]["seconds_used"] != used or job["state"] != "running":
                used, beat_at = job["progress"]["seconds_used"], heard_at
            _pass(job, heard_at - beat_at)
            yield job
            if job["state"] in ENDED:
                return
        sleep(INTERVAL_S)


def _pass(job: Job, seconds: float) -> None:
    """Lets the seconds pass that the service has not counted yet: it writes them down only now and then."""
    progress = job["progress"]
    progress["seconds_used"] += seconds
    if progress["seconds_left"] is not None:
        progress["seconds_left"] = max(0.0, progress["seconds_left"] - seconds)


def watch(client: Client, id: int, console: Console) -> Job:
    """Shows the job until it has ended, and gives it as it was then."""
    return _live(client, id, console) if console.is_terminal else _lines(client, id, console)


def line(job: Job) -> str:
    """The state of a job on one line with its message, without the times that change by themselves."""
    progress = job["progress"]
    parts = [
        f"job {job['id']} {job['state']}",
        f"{ended(job)}/{progress['budget']} trials",
        f"best {percent(progress['best_accuracy'])}",
        f"front {progress['front']}",
    ]
    if progress["failed"]:
        parts.append(f"{progress['failed']} failed")
    parts += saved(job)
    if told := message(job):
        parts.append(told)
    return "  ".join(parts)


def saved(job: Job) -> list[str]:
    """What was not trained: evaluations that the record had, and proposals that miss a limit."""
    progress = job["progress"]
    told = {"reused": progress["reused_evaluations"], "turned down": progress["rejected"]}
    return [f"{number} {how}" for how, number in told.items() if number]


def ended(job: Job) -> int:
    """How many trials of the budget are spent."""
    progress = job["progress"]
    return progress["done"] + progress["stopped"] + progress["failed"]


def times(job: Job) -> str:
    """Time used, and the forecast where there is one."""
    left = job["progress"]["seconds_left"]
    used = f"{duration(job['progress']['seconds_used'])} used"
    return used if left is None or job["state"] in ENDED else f"{used}  {duration(left)} left"


def _lines(client: Client, id: int, console: Console) -> Job:
    shown, attendance = "", Attendance(client)
    for job in follow(client, id):
        if line(job) != shown:
            shown = line(job)
            console.print(f"{shown}  {times(job)}", soft_wrap=True, highlight=False, markup=False)
        if told := attendance.news(job):
            console.print(told, soft_wrap=True)
    return job


def _live(client: Client, id: int, console: Console) -> Job:
    attendance = Attendance(client)
    with Live(console=console, refresh_per_second=8) as live:
        for job in follow(client, id):
            live.update(view(job))
            if told := attendance.news(job):
                console.print(told, soft_wrap=True)  # stands above the live view, and stays
    return job


def view(job: Job) -> Group:
    """Four lines: which job, how far it is, what it found, what it saved; and the message, where the job has one."""
    progress = job["progress"]
    title = Text.assemble(
        ("Job ", "dim"), (str(job["id"]), "bold"), (" on ", "dim"), job["dataset"], "  ",
        (job["state"], STATE_STYLES.get(job["state"], "")),
    )  # fmt: skip
    if job["name"]:
        title.append(f"  {job['name']}", style="dim")
    title.no_wrap, title.overflow = True, "ellipsis"
    bar = Table.grid(padding=(0, 2, 0, 0))
    bar.add_row(
        ProgressBar(
            total=progress["budget"], completed=ended(job), width=30, complete_style="cyan", finished_style="green"
        ),
        f"{ended(job)}/{progress['budget']} trials",
        times(job),
    )
    found = (
        f"best accuracy {percent(progress['best_accuracy'])}   front {progress['front']}   "
        f"stopped early {progress['stopped']}   failed {progress['failed']}"
    )
    not_trained = (
        f"not trained: evaluations that the record had {progress['reused_evaluations']}   "
        f"cells that miss a limit {progress['rejected']}"
    )
    return Group(title, bar, Text(found), Text(not_trained), *([Text(told)] if (told := message(job)) else []))
