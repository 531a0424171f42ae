"""The folder that a user takes away: a trial's network as code, weights and a card, in one zip file."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from search_space.export import to_python
from search_space.formats import resisting
from search_space.genotype import Genotype
from search_space.module_source import Form
from search_space.network import Architecture
from search_space.scripts import ScriptName, script
from service.domain.errors import Conflict
from service.domain.job import Job
from service.domain.trial import Trial
from service.ports import UnitOfWork
from service.usecases.front_picture import front_picture
from workers.data.catalogue import DATASETS
from workers.messages import Evaluated

CARD = """\
---
library_name: pytorch
pipeline_tag: image-classification
license: other
license_name: as-your-data-allows
tags: [neural-architecture-search, cellsmith]
datasets: [{dataset}]
model-index:
- name: cell-{key}
  results:
  - task: {{type: image-classification}}
    dataset: {{name: {dataset}, type: {dataset}, split: validation}}
    metrics:
    - {{type: accuracy, value: {accuracy:.6f}}}
---

# Cell {key}

A network that Cellsmith found for `{dataset}`: trial {number} of job {job}.

| measured on validation data | value |
|---|---|
| accuracy | {accuracy:.4f} |
| latency | {latency:.3f} ms, 95 % interval {low:.3f} to {high:.3f} ms |
| measured on | device `{device}`, batch {batch}, threads {threads} |
| fingerprint | {fingerprint} |
| parameters | {params:,} |
| multiply-accumulates | {macs:,} |

The accuracy is the share of validation images that were classified correctly. These images guided the search, so
expect a little less on new ones. Parameters and multiply-accumulates are those of the training form.

![every fully trained cell of the job](front.svg)

`model.py` needs PyTorch and nothing else. `weights.safetensors` holds the weights of its {form} form:

```python
from model import load

network = load("weights.safetensors")  # takes float32 images of shape (N, {shape})
```

Images must be prepared as they were for training: pixels of 0..{brightest} divided by {brightest}, then,
channel by channel, less {mean} and divided by {sd}. The classes are, in the order of the outputs: {classes}.

Trained for {epochs} epochs with batches of {batch_size}, learning rate {learning_rate}, weight decay {weight_decay},
seed {seed}. `config.json` says it all; it can be registered again with `POST /v1/architectures`.

`convert.py`, which an export holds on request, writes `model.pt2`, `model.onnx` and `model.int8.onnx`, scores each
again in accuracy and latency, and says how OpenVINO, LiteRT and ExecuTorch read these. {formats}
`train.py` trains the network anew, at any size.
"""


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
        trials, device = store.trials(job_id), store.devices().get(trial.full_result.latency.device, {})
    result = trial.full_result
    architecture = Architecture(trial.proposal.genotype, job.spec.skeleton)
    return _zip(
        {
            "model.py": to_python(architecture, form=form, head=_head(job, trial, result)).encode(),
            "weights.safetensors": weights,
            "config.json": _compact(_config(job, trial, result, form)).encode(),
            "README.md": _card(job, trial, result, form, device).encode(),
            "front.svg": front_picture(trials, number, f"{job.spec.dataset}, job {job.id}").encode(),
            **{name: script(name).encode() for name in scripts},
        }
    )


def _head(job: Job, trial: Trial, result: Evaluated) -> dict[str, str]:
    latency = result.latency
    return {
        "found by": f"Cellsmith, trial {trial.number} of job {job.id}",
        "data set": job.spec.dataset,
        "validation accuracy": f"{result.accuracy:.4f}",
        "latency": f"{latency.median_ms:.3f} ms on {latency.device}, batch {latency.batch}, threads {latency.threads}",
    }


def _config(job: Job, trial: Trial, result: Evaluated, form: Form) -> dict[str, object]:
    dataset = DATASETS[job.spec.dataset]
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
        "recipe": asdict(job.spec.recipe),
        "seed": job.spec.seed,
        "accuracy": result.accuracy,
        "latency": asdict(result.latency),
        "params": result.params,
        "macs": result.macs,
    }


def _card(job: Job, trial: Trial, result: Evaluated, form: Form, device: Mapping[str, Any]) -> str:
    low, high = result.latency.interval_ms
    dataset = DATASETS[job.spec.dataset]
    return CARD.format(
        key=trial.proposal.genotype.key,
        dataset=job.spec.dataset,
        number=trial.number,
        job=job.id,
        accuracy=result.accuracy,
        latency=result.latency.median_ms,
        low=low,
        high=high,
        device=result.latency.device,
        batch=result.latency.batch,
        threads=result.latency.threads,
        params=result.params,
        macs=result.macs,
        fingerprint=_listed(f"{name} {value}" for name, value in device.items()) or "not recorded",
        epochs=job.spec.recipe.epochs,
        batch_size=job.spec.recipe.batch_size,
        learning_rate=job.spec.recipe.learning_rate,
        weight_decay=job.spec.recipe.weight_decay,
        seed=job.spec.seed,
        form=form,
        shape=_listed(job.spec.skeleton.input_shape),
        brightest=dataset.brightest,
        mean=_listed(dataset.mean),
        sd=_listed(dataset.sd),
        classes=_listed(dataset.class_names),
        formats=_formats(trial.proposal.genotype),
    )


def _formats(genotype: Genotype) -> str:
    """What a conversion will refuse, said before anybody tries it."""
    refused = resisting(genotype)
    if not refused:
        return "This cell can be had in all three."
    told = [f"`{file}` cannot hold {_listed(names)}" for file, names in refused.items()]
    return f"Of this cell, {'; '.join(told)}: use `model.pt2`, or a cell without them."


def _compact(config: dict[str, object]) -> str:
    """JSON with one line a field, so that a list of samples takes one."""
    lines = [f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in config.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _listed(values: Iterable[object]) -> str:
    return ", ".join(map(str, values))


def _zip(files: dict[str, bytes]) -> bytes:
    """The files in one archive; the same files give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
