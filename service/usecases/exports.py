"""The folder that a user takes away: a trial's network as code, weights and a card, in one zip file."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import asdict

from search_space.cost import cost
from search_space.export import to_python
from search_space.memory import peak_memory_mb
from search_space.module_source import Form
from search_space.network import Architecture
from search_space.scripts import ScriptName, script
from service.domain.errors import Conflict
from service.domain.job import Job
from service.domain.limits import latency_objective
from service.domain.trial import Trial
from service.domain.uncertainty import share_interval
from service.ports import UnitOfWork
from service.usecases.datasets import dataset_of, images_of
from service.usecases.front_picture import Dot, front_picture
from service.usecases.memory import memory_of
from service.usecases.model_card import model_card, preparation
from workers.messages import Evaluated

MOST_NAMED = 20  # classes that are named in the code; all are in config.json


def bundle(
    job_id: int, number: int, work: UnitOfWork, form: Form = "inference", scripts: Sequence[ScriptName] = ()
) -> bytes:
    """A zip of model.py, weights.safetensors, config.json, README.md (a model card), front.svg and `scripts`.

    NotFound where there is no such trial, Conflict where it was not trained to the end.
    """
    with work() as store:
        job, trial = store.job(job_id), store.trial(job_id, number)
        if trial.full_result is None:
            raise Conflict(f"Trial {number} of job {job_id} was not trained to the end, so it has no weights.")
        weights = store.weights(job_id, number, form)
        points = memory_of(work).measurements(job, store).points
        device = store.devices().get(trial.full_result.latency.device, {})
    result = trial.full_result
    architecture = Architecture(trial.proposal.genotype, job.spec.skeleton)
    return _zip(
        {
            "model.py": to_python(architecture, form=form, head=_head(job, trial, result, form)).encode(),
            "weights.safetensors": weights,
            "config.json": _compact(_config(job, trial, result, form)).encode(),
            "README.md": model_card(job, trial, result, form, device).encode(),
            "front.svg": _picture(job, [Dot(*point) for point in points], number, result).encode(),
            **{name: script(name).encode() for name in scripts},
        }
    )


def _picture(job: Job, dots: Sequence[Dot], number: int, result: Evaluated) -> str:
    latency = latency_objective(job.spec.objectives)
    return front_picture(
        dots,
        number,
        result.latency.interval_ms,
        share_interval(result.accuracy, images_of(job, result)),
        f"Fully trained cells of job {job.id}, {job.spec.dataset}",
        latency.limit if latency else None,
    )


def _head(job: Job, trial: Trial, result: Evaluated, form: Form) -> dict[str, str]:
    latency, (low, high) = result.latency, result.latency.interval_ms
    dataset = dataset_of(job)
    names = dataset.class_names
    of_merged = "" if form == "inference" else " of the inference form"
    return {
        "found by": f"Cellsmith, trial {trial.number} of job {job.id}",
        "data set": job.spec.dataset,
        "inputs": preparation(dataset),
        "classes": ", ".join(names) if len(names) <= MOST_NAMED else f"{len(names)}, named in config.json",
        f"validation accuracy{of_merged}": f"{result.accuracy:.4f}",
        f"latency{of_merged}": f"{latency.median_ms:.3f} ms, 95 % interval {low:.3f} to {high:.3f} ms, "
        f"on {latency.device}, batch {latency.batch}, threads {latency.threads}",
    }


def _config(job: Job, trial: Trial, result: Evaluated, form: Form) -> dict[str, object]:
    architecture = Architecture(trial.proposal.genotype, job.spec.skeleton)
    dataset, costs = dataset_of(job), cost(architecture)
    return {
        "job": job.id,
        "trial": trial.number,
        "key": trial.proposal.genotype.key,
        "genotype": json.loads(trial.proposal.genotype.to_json()),
        "skeleton": asdict(job.spec.skeleton),
        "form": form,
        "dataset": job.spec.dataset,
        "brightest": dataset.brightest,
        "mean": dataset.mean,
        "sd": dataset.sd,
        "class_names": dataset.class_names,
        "data_licence": dataset.licence,
        "data_source": dataset.source,
        "recipe": asdict(job.spec.recipe),
        "seed": job.spec.seed,
        "accuracy": result.accuracy,
        "latency": asdict(result.latency),
        "params": costs.params,
        "macs": costs.macs,
        "inference_params": costs.inference_params,
        "inference_macs": costs.inference_macs,
        "peak_memory_mb": peak_memory_mb(architecture),
    }


def _compact(config: dict[str, object]) -> str:
    """JSON with one line a field, so that a list of samples takes one."""
    lines = [f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in config.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _zip(files: dict[str, bytes]) -> bytes:
    """The files in one archive; the same files give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
