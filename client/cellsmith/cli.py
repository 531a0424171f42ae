"""The command `cellsmith`."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn

import typer

from cellsmith import DEFAULT_URL, __version__
from cellsmith.errors import ApiError, Unreachable
from cellsmith.quantities import rounded_up

if TYPE_CHECKING:
    from rich.console import Console

    from cellsmith.client import Client
    from cellsmith.results import Forecast, Front

# httpx2 and rich are imported where they are needed, so that --help answers at once.

TEXTS, OBJECTS = ("darts", "nas-bench-201"), ("cellsmith", "nni", "nni-loose-end")
TEXTS_HAVE_A_FORMAT = " A genotype that is text needs its --format: darts or nas-bench-201."
FAILED, USAGE, REFUSED, UNREACHABLE, INTERRUPTED = 1, 2, 3, 4, 130

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Search for small networks, for your data and your device, and take them away as PyTorch code.",
    epilog="Exit codes: 0 all went well; 1 the job failed or was cancelled, or nothing was found; 2 wrong usage; "
    "3 the service refused; 4 no service answers; 130 interrupted.",
)

Url = Annotated[str, typer.Option("--url", envvar="CELLSMITH_URL", help="Where the service is.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]
JobId = Annotated[int, typer.Argument(metavar="ID", min=1, help="The number of the job.")]


def _tell_version(wished: bool) -> None:
    if wished:
        typer.echo(f"cellsmith {__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """What holds for every command."""


@app.command()
def submit(
    job: Annotated[Path | None, typer.Argument(metavar="JOB.json", help="The job as JSON; - reads it here.")] = None,
    dataset: Annotated[str | None, typer.Option(help="The name of a data set of the service.")] = None,
    name: Annotated[str | None, typer.Option(help="What to call the job.")] = None,
    max_latency_ms: Annotated[
        float | None, typer.Option(metavar="MS", help="The latency that every network found keeps.")
    ] = None,
    device: Annotated[str | None, typer.Option(help="Whose latency counts; local where nothing is said.")] = None,
    trials: Annotated[int | None, typer.Option(help="The most trials.")] = None,
    epochs: Annotated[int | None, typer.Option(help="How long a cell is trained that is trained fully.")] = None,
    seconds: Annotated[
        float | None, typer.Option(help="After so many seconds no trial begins; those under way end.")
    ] = None,
    workers: Annotated[int | None, typer.Option(help="How many trials go on at once.")] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same search.")] = None,
    priority: Annotated[int | None, typer.Option(help="Higher goes first; 0 where nothing is said.")] = None,
    seed_with: Annotated[
        list[str] | None, typer.Option(metavar="CELL", help="A cell to try first: its key, or a published name.")
    ] = None,
    reuse: Annotated[int | None, typer.Option(metavar="ID", help="A job whose front is tried first.")] = None,
    forecast: Annotated[
        bool, typer.Option("--forecast", help="Only tell what is known before a search: sizes, costs, time.")
    ] = False,
    watching: Annotated[bool, typer.Option("--watch", help="Follow the search, then print its front.")] = False,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Ask for a search. The job comes from a file, from options, or both: an option replaces what the file says."""
    for option, number, such in (
        ("seconds", seconds, "seconds, such as 600"),
        ("max-latency-ms", max_latency_ms, "milliseconds, such as 3"),
    ):
        if number is not None and not math.isfinite(number):
            _refuse(USAGE, f"--{option} is a number of {such}, not {number}.")
    asked = _read_job(job) if job else {}
    _put(asked, "dataset", dataset)
    _put(asked, "name", name)
    _put(asked, "seed", seed)
    _put(asked, "priority", priority)
    _put(asked, "seed_with", seed_with or None)
    _put(asked, "reuse", reuse)
    _put(asked, "budget.trials", trials)
    _put(asked, "budget.seconds", seconds)
    _put(asked, "training.epochs", epochs)
    _put(asked, "resources.workers", workers)
    _put_latency(asked, {"limit": max_latency_ms, "device": device})
    if "dataset" not in asked:
        _refuse(USAGE, "Say what to search for: a JOB.json, or --dataset NAME.")
    with _service(url) as client:
        if forecast:
            _tell_forecast(client.forecast(asked), as_json)
            return
        made = client.submit(asked)
        if watching:
            if not as_json:
                _tell_forecast(made["forecast"])
            _watch(client, made["id"], as_json)
        elif as_json:
            _print_json(made)
        else:
            _console().print(f"Job {made['id']} is {made['state']}. Follow it with: cellsmith watch {made['id']}")
            _tell_forecast(made["forecast"])


@app.command()
def jobs(
    limit: Annotated[int, typer.Option(min=1, help="The most jobs to list.")] = 20,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
) -> None:
    """List the jobs, newest first."""
    with _service(url) as client:
        found = [job for job, _ in zip(client.jobs(), range(limit), strict=False)]
    if as_json:
        _print_json(found)
    elif found:
        from cellsmith.tables import jobs_notes, jobs_table

        console = _console()
        console.print(jobs_table(found))
        for note in jobs_notes(found):
            console.print(note, style="dim", soft_wrap=True)
    else:
        _refuse(FAILED, "There are no jobs yet. Make one with: cellsmith submit --dataset digits")


@app.command()
def status(id: JobId, as_json: AsJson = False, url: Url = DEFAULT_URL) -> None:
    """Print how far a search is. With what it has saved: trials reused from the record, cells turned down."""
    with _service(url) as client:
        job = client.job(id)
    if as_json:
        _print_json(job)
    else:
        from cellsmith.watch import view

        _console().print(view(job))


@app.command()
def watch(id: JobId, as_json: AsJson = False, url: Url = DEFAULT_URL) -> None:
    """Follow a search until it has ended. Then print its front. Interrupting this leaves the search alone."""
    with _service(url) as client:
        _watch(client, id, as_json)


@app.command()
def front(
    id: JobId,
    max_latency_ms: Annotated[float | None, typer.Option(help="Only cells at least this fast.")] = None,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Print the cells that no other cell beats. Fastest first; also while the job searches."""
    with _service(url) as client:
        found = client.front(id, max_latency_ms=max_latency_ms)
    if as_json:
        _print_json(found)
    else:
        _show_front(found, max_latency_ms)


@app.command()
def export(
    id: JobId,
    number: Annotated[int, typer.Argument(metavar="NUMBER", min=0, help="The number of the trial.")],
    directory: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Where the files go.")],
    form: Annotated[str, typer.Option(help="inference, or training to train on.")] = "inference",
    script: Annotated[list[str] | None, typer.Option(help="Add train.py or convert.py; may be repeated.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Take a trained cell away as files. They are model.py, weights.safetensors, config.json, README.md, front.svg."""
    from cellsmith.unpack import unpack

    with _service(url) as client:
        archive = client.export(id, number, form=form, scripts=script or ())
    try:
        files = unpack(archive, directory, replace=force)
    except FileExistsError as error:
        _refuse(USAGE, f"Cannot write to {directory}: {error.strerror or error}. Use another -o DIR, or --force.")
    except OSError as error:
        _refuse(USAGE, f"Cannot write to {directory}: {error.strerror or error}. Use another -o DIR.")
    if as_json:
        _print_json({"directory": str(directory), "files": files})
    else:
        _console().print(f"{directory}: {', '.join(files)}", soft_wrap=True)


@app.command()
def cancel(id: JobId, as_json: AsJson = False, url: Url = DEFAULT_URL) -> None:
    """End a search; what it has found stays."""
    _move(id, "cancel", as_json, url)


@app.command()
def pause(id: JobId, as_json: AsJson = False, url: Url = DEFAULT_URL) -> None:
    """Let a search rest."""
    _move(id, "pause", as_json, url)


@app.command()
def resume(id: JobId, as_json: AsJson = False, url: Url = DEFAULT_URL) -> None:
    """Let a paused search go on."""
    _move(id, "resume", as_json, url)


@app.command()
def code(
    key: Annotated[
        str, typer.Argument(metavar="KEY", help="The key of a cell, as a front shows it, or a published name.")
    ],
    dataset: Annotated[str | None, typer.Option(help="Take input shape and classes from this data set.")] = None,
    shape: Annotated[
        str | None, typer.Option("--input", metavar="C,H,W", help="The shape of an image, as 3,224,224.")
    ] = None,
    classes: Annotated[int | None, typer.Option(help="The number of classes.")] = None,
    channels: Annotated[int | None, typer.Option(help="The width of the first cell.")] = None,
    cells_per_stage: Annotated[int | None, typer.Option(help="The depth.")] = None,
    stages: Annotated[int | None, typer.Option(help="How often the width doubles, plus one.")] = None,
    stem: Annotated[str | None, typer.Option(help="tiny, cifar, imagenet or imagenet-darts.")] = None,
    norm: Annotated[str | None, typer.Option(help="bn, ibn_a, ibn_b, gn or ln.")] = None,
    head: Annotated[str | None, typer.Option(help="average, max or gem.")] = None,
    activation: Annotated[str | None, typer.Option(help="relu, silu, gelu or elu.")] = None,
    residual_scale: Annotated[float | None, typer.Option(help="Scales normal cells beside a skip around them.")] = None,
    recursion: Annotated[int | None, typer.Option(help="Runs of each normal cell with the same weights.")] = None,
    reversible: Annotated[bool | None, typer.Option("--reversible", help="Trains in memory flat in depth.")] = None,
    initialisation: Annotated[str | None, typer.Option(help="he, orthogonal, lsuv, dirac, gabor or kmeans.")] = None,
    dropout: Annotated[float | None, typer.Option(help="Before the classifier, in training.")] = None,
    auxiliary: Annotated[bool | None, typer.Option("--auxiliary", help="An auxiliary head, in training.")] = None,
    drop_path: Annotated[float | None, typer.Option(help="Paths dropped at the end of training.")] = None,
    form: Annotated[str | None, typer.Option(help="training or inference.")] = None,
    device: Annotated[str | None, typer.Option(help="Whose measured networks predict the latency.")] = None,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Print a cell as one PyTorch file. Of any depth, width, input shape and number of classes."""
    wishes = {"dataset": dataset, "input": shape, "classes": classes, "channels": channels,
              "cells_per_stage": cells_per_stage, "stages": stages, "stem": stem, "norm": norm, "head": head,
              "activation": activation, "residual_scale": residual_scale, "recursion": recursion,
              "reversible": reversible, "initialisation": initialisation, "dropout": dropout,
              "auxiliary": auxiliary, "drop_path": drop_path, "form": form, "device": device}  # fmt: skip
    with _service(url) as client:
        choices = {wish: value for wish, value in wishes.items() if value is not None}
        text = client.code(key, **choices)
        told = {"key": key, **client.cost(key, **choices), "code": text} if as_json else {}
    if as_json:
        _print_json(told)
    else:
        sys.stdout.write(text)


@app.command()
def script(
    name: Annotated[str, typer.Argument(metavar="NAME", help="train.py or convert.py.")],
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Print a script to lie beside a model.py. train.py trains it, convert.py makes ONNX and other files of it."""
    with _service(url) as client:
        text = client.script(name)
    if as_json:
        _print_json({"name": name, "text": text})
    else:
        sys.stdout.write(text)


@app.command()
def best(
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="The name of a data set.")],
    device: Annotated[str, typer.Option(help="Where the latency was measured.")] = "local",
    limit: Annotated[int, typer.Option(min=1, max=500, help="The most networks to list.")] = 20,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
) -> None:
    """List the best networks that all jobs have found. The most accurate first, each with its job and trial."""
    with _service(url) as client:
        found = client.best(dataset, device, limit=limit)
    if as_json:
        _print_json(found)
    elif found:
        from cellsmith.tables import finds_table

        _console().print(finds_table(found))
    else:
        _refuse(FAILED, f"No job has trained a network for {dataset} on {device} yet.")


@app.command()
def register(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The genotype; an exported config.json will do.")],
    format: Annotated[str, typer.Option(help="cellsmith, darts, nas-bench-201, nni or nni-loose-end.")] = "cellsmith",
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Keep a cell from elsewhere. `submit --seed-with KEY` evaluates it."""
    if format not in (*TEXTS, *OBJECTS):
        _refuse(USAGE, f"--format is one of {', '.join((*OBJECTS, *TEXTS))}, not {format}.")
    genotype = _read_text(file) if format in TEXTS else _read_job(file, TEXTS_HAVE_A_FORMAT)
    found_on = genotype.get("dataset") if isinstance(genotype, dict) else None
    dataset = quote(found_on) if isinstance(found_on, str) and found_on else "digits"
    with _service(url) as client:
        known = client.register(genotype, format)
    if as_json:
        _print_json(known)
    else:
        told = f"Registered. To evaluate it: cellsmith submit --dataset {dataset} --seed-with {known['key']}"
        _console().print(told, soft_wrap=True)


def main() -> None:
    """Runs the command line."""
    app(prog_name="cellsmith")


@contextmanager
def _service(url: str) -> Iterator[Client]:
    """A client, whose errors become one line and an exit code."""
    from cellsmith.client import Client

    try:
        with Client(url) as client:
            yield client
    except ApiError as error:
        _refuse(REFUSED, error.detail)
    except Unreachable as error:
        _refuse(UNREACHABLE, str(error))
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None


def _refuse(exit_code: int, sentence: str) -> NoReturn:
    typer.echo(f"cellsmith: {sentence}", err=True)
    raise typer.Exit(exit_code)


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False, markup=False)


def _print_json(value: Any, indent: int | None = 2) -> None:
    typer.echo(json.dumps(value, indent=indent))


def _read_job(path: Path, otherwise: str = "") -> dict[str, Any]:
    """A JSON object; where the file holds something else, `otherwise` is said too."""
    name = "standard input" if str(path) == "-" else path
    try:
        text = sys.stdin.read() if str(path) == "-" else _read_text(path)
        asked = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        _refuse(USAGE, f"{name} is no JSON: {error}.{otherwise}")
    except ValueError as error:
        _refuse(USAGE, f"Cannot read {name}: {error}")
    except RecursionError:
        _refuse(USAGE, f"Cannot read {name}: it is nested too deeply for a job.")
    if not isinstance(asked, dict):
        _refuse(USAGE, f"{name} holds no JSON object.")
    return asked


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        _refuse(USAGE, f"There is no file {path}.")
    except OSError as error:
        _refuse(USAGE, f"Cannot read {path}: {error.strerror or error}.")
    except ValueError as error:
        _refuse(USAGE, f"Cannot read {path}: {error}")


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number in JSON")


def _put(asked: dict[str, Any], path: str, value: object) -> None:
    """Writes a given option to its place in the job."""
    if value is None:
        return
    *groups, last = path.split(".")
    for group in groups:
        inner = asked.setdefault(group, {})
        if not isinstance(inner, dict):
            return  # the service says what is wrong with the file
        asked = inner
    asked[last] = value


def _put_latency(asked: dict[str, Any], wishes: dict[str, Any]) -> None:
    """Writes what is wished of the latency to that objective of the job, which gets one where it has none."""
    wished = {name: value for name, value in wishes.items() if value is not None}
    if not wished:
        return
    objectives = asked.setdefault("objectives", [{"metric": "accuracy"}])
    if not isinstance(objectives, list):
        return  # the service says what is wrong with the file
    of_latency = [each for each in objectives if isinstance(each, dict) and each.get("metric") == "latency_ms"]
    if not of_latency:
        of_latency = [{"metric": "latency_ms"}]
        objectives += of_latency
    for objective in of_latency:
        objective.update(wished)


def _move(id: int, move: Literal["cancel", "pause", "resume"], as_json: bool, url: str) -> None:
    with _service(url) as client:
        job = client.move(id, move)
    if as_json:
        _print_json(job)
    else:
        _console().print(f"Job {id} is {job['state']}.")


def _tell_forecast(forecast: Forecast, as_json: bool = False) -> None:
    from cellsmith.beforehand import forecast_lines

    if as_json:
        _print_json(forecast)
        return
    console = _console()
    for line in forecast_lines(forecast):
        console.print(line, style="dim", soft_wrap=True)


def _watch(client: Client, id: int, as_json: bool) -> None:
    """Follows the job, prints its front, and exits with 1 where it did not come to its end."""
    from cellsmith.attendance import Attendance
    from cellsmith.watch import follow, line, watch

    if as_json:
        shown, attendance = "", Attendance(client)
        for job in follow(client, id):
            if line(job) != shown:
                shown = line(job)
                _print_json(job, indent=None)
            if told := attendance.news(job):
                typer.echo(told, err=True)
    else:
        job = watch(client, id, _console())
    if job["state"] != "done":
        _refuse(FAILED, f"Job {id} is {job['state']}. {job['message']}".rstrip())
    if not as_json:
        typer.echo()
        _show_front(client.front(id))


def _show_front(found: Front, max_latency_ms: float | None = None) -> None:
    if not found["points"]:
        fastest_ms = found["fastest_ms"]
        if max_latency_ms is None or fastest_ms is None:
            _refuse(FAILED, "No cell of this job is fully trained and keeps every limit.")
        told = f"none takes {max_latency_ms:.15g} ms or less; the fastest takes {rounded_up(fastest_ms)} ms"
        _refuse(FAILED, f"Of the fully trained cells of this job that keep every limit, {told}.")
    from cellsmith.tables import front_notes, front_table

    console = _console()
    console.print(front_table(found))
    for note in front_notes(found):
        console.print(note, style="dim")
