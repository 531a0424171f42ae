"""The model card of an exported network: README.md, in the layout that Hugging Face shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from search_space.cost import cost
from search_space.formats import resisting
from search_space.genotype import Genotype
from search_space.memory import peak_memory_mb
from search_space.module_source import Form
from search_space.network import Architecture
from search_space.skeleton import INPUTS
from service.domain.job import Job
from service.domain.limits import latency_objective
from service.domain.trial import Trial
from service.domain.uncertainty import share_interval
from service.usecases.datasets import dataset_of, images_of
from workers.data.catalogue import Dataset
from workers.messages import Evaluated

CARD = """\
---
library_name: pytorch
pipeline_tag: {task}
license: other
license_name: as-your-data-allows
tags: [neural-architecture-search, cellsmith]
datasets: ["{dataset}"]
model-index:
- name: cell-{key}
  results:
  - task: {{type: {task}}}
    dataset: {{name: "{dataset}", type: "{dataset}", split: validation}}
    metrics:
    - {{type: accuracy, value: {accuracy:.6f}}}
---

# Cell {key}

A network that Cellsmith found for `{dataset}`: trial {number} of job {job}.

| measured on validation data | value |
|---|---|
| accuracy | {accuracy:.4f}, 95 % interval {worst:.4f} to {best:.4f} ({images:,} {inputs}) |
| latency | {latency:.3f} ms, 95 % interval {low:.3f} to {high:.3f} ms{limit} |
| measured on | device `{device}`, batch {batch}, threads {threads} |
| fingerprint | {fingerprint} |
| parameters | {inference_params:,}; in training {params:,} |
| multiply-accumulates | {inference_macs:,}; in training {macs:,} |
| peak memory | {memory:.3g} MB in training form: all weights and, for one input, the most maps that a cell keeps |

All figures are those of the inference form, into which the trained network was merged, save where they say in training.
The accuracy is the share of validation {inputs} that were classified correctly. They guided the search, so expect a
little less on new ones; `python -m workers.data.save {dataset} images.pt --seed {seed}`, in Cellsmith, writes them.
The latency is that of the device when nothing else runs on it: the median ratio of `samples_ms` in `config.json` to the
passes of a reference network beside them, times `undisturbed_reference_ms`, the fastest such pass that the job knew. A
script that times passes on a busy device, or with other threads, finds more.

![every fully trained cell of the job](front.svg)

`model.py` needs Python 3.10, PyTorch and nothing else. `weights.safetensors` holds the weights of its {form} form:

```python
from model import load

network = load("weights.safetensors")  # takes float32 {inputs} of shape (N, {shape})
```

The data, of licence {licence} and from {source}: {summary}
They must be prepared as they were for training: {preparation}. The classes are, in the order of the outputs: {classes}.

Trained for {epochs} with batches of {batch_size}, learning rate {learning_rate}, weight decay {weight_decay},
seed {seed}: stochastic gradient descent with Nesterov momentum. `config.json` holds what was
chosen; `cellsmith register config.json` registers the cell again.

`convert.py`, which an export holds on request, writes `model.pt2`, `model.onnx` and `model.int8.onnx`, scores each
again in accuracy and latency, and says how OpenVINO, LiteRT and ExecuTorch read these. {formats}
`train.py`, on request too, trains the network anew, smaller or larger (`--channels`, `--cells-per-stage`, `--classes`),
with drop path or an auxiliary head where wanted: it takes the training form, and `--help` tells all. What it has
trained is merged by `python -m workers.merged config.json trained.safetensors -o merged`, in Cellsmith.
"""

BACKTICK = r"\x60"


def model_card(job: Job, trial: Trial, result: Evaluated, form: Form, device: Mapping[str, Any]) -> str:
    """What a user must know of a trial's network: how good, how sure, where from, how to load it.

    `device` is what is known of the device that measured it.
    """
    low, high = result.latency.interval_ms
    dataset, skeleton = dataset_of(job), job.spec.skeleton
    images = images_of(job, result)
    architecture = Architecture(trial.proposal.genotype, skeleton)
    costs = cost(architecture)
    worst, best = share_interval(result.accuracy, images)
    return CARD.format(
        task="image-classification" if skeleton.dims == 2 else "other",
        inputs=INPUTS[skeleton.dims],
        images=images,
        worst=worst,
        best=best,
        key=trial.proposal.genotype.key,
        dataset=job.spec.dataset,
        number=trial.number,
        job=job.id,
        accuracy=result.accuracy,
        latency=result.latency.median_ms,
        low=low,
        high=high,
        limit=_limit(job, result),
        device=result.latency.device,
        batch=result.latency.batch,
        threads=result.latency.threads,
        params=costs.params,
        macs=costs.macs,
        inference_params=costs.inference_params,
        inference_macs=costs.inference_macs,
        memory=peak_memory_mb(architecture),
        fingerprint=_listed(f"{name} {_in_a_table(_short(value))}" for name, value in device.items()) or "not recorded",
        epochs=f"{job.spec.recipe.epochs} epoch{'s' * (job.spec.recipe.epochs > 1)}",
        batch_size=job.spec.recipe.batch_size,
        learning_rate=job.spec.recipe.learning_rate,
        weight_decay=job.spec.recipe.weight_decay,
        seed=job.spec.seed,
        form=form,
        shape=_listed(skeleton.input_shape),
        preparation=preparation(dataset),
        classes=_listed(map(_verbatim, dataset.class_names)),
        licence=_verbatim(dataset.licence),
        source=_verbatim(dataset.source),
        summary=dataset.summary,
        formats=_formats(trial.proposal.genotype),
    )


def preparation(dataset: Dataset) -> str:
    """What is done to the values of an item before a network sees them."""
    scaled = f"values of 0..{dataset.brightest} divided by {dataset.brightest}, then " if dataset.brightest > 1 else ""
    return f"{scaled}channel by channel less {_listed(dataset.mean)} and divided by {_listed(dataset.sd)}"


def _limit(job: Job, result: Evaluated) -> str:
    """How the latency stands to the job's limit, if it has one; nothing where the limit was on another metric."""
    objective = latency_objective(job.spec.objectives)
    if objective is None or objective.limit is None:
        return ""
    median_ms, (low_ms, high_ms) = result.latency.median_ms, result.latency.interval_ms
    if high_ms <= objective.limit:
        stands = "kept"
    elif low_ms > objective.limit:
        stands = "missed"
    else:
        stands = "kept, but not surely" if median_ms <= objective.limit else "missed, but not surely"
    return f"; the job's limit of {objective.limit:g} ms is {stands}"


def _verbatim(text: str) -> str:
    """Anybody's text as code, in which no mark-up counts and no character goes unseen."""
    return f"`{repr(text)[1:-1].replace('`', BACKTICK) or 'nothing'}`"


def _in_a_table(text: str) -> str:
    """The same in a table, whose columns a stroke would part."""
    return _verbatim(text).replace("|", r"\|")


def _short(value: object) -> str:
    """Numbers to three digits."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _formats(genotype: Genotype) -> str:
    """What a conversion will refuse, said before anybody tries it."""
    refused = resisting(genotype)
    if not refused:
        return "This cell can be had in all three."
    told = [f"`{file}` cannot hold {_listed(names)}" for file, names in refused.items()]
    return f"Of this cell, {'; '.join(told)}: use `model.pt2`, or a cell without them."


def _listed(values: Iterable[object]) -> str:
    return ", ".join(map(str, values))
