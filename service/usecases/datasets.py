"""The data sets that a user may name."""

from __future__ import annotations

from service.domain.errors import Conflict, Invalid
from service.domain.job import Job, JobSpec
from workers.data.catalogue import Dataset
from workers.data.registered import datasets
from workers.messages import Evaluated


def named(name: str) -> Dataset:
    """The data set of this name; Invalid where there is none, with the names that there are."""
    known = datasets()
    if name not in known:
        raise Invalid("dataset", f"Unknown data set {name!r}; use one of {', '.join(known)}.")
    return known[name]


def dataset_of(job: Job) -> Dataset:
    """The data set of a recorded job; Conflict where it is registered here no longer, or the name is another's."""
    try:
        dataset = named(job.spec.dataset)
    except Invalid as error:
        told = f"The data set {job.spec.dataset!r} of job {job.id} is registered no longer: register it again."
        raise Conflict(told) from error
    if has_other_content(job.spec, dataset):
        raise Conflict(
            f"{dataset.name!r} has another content than when job {job.id} was submitted: put the old one back."
        )
    return dataset


def has_other_content(spec: JobSpec, dataset: Dataset) -> bool:
    """Whether its data set was something else of the same name; jobs of earlier versions do not say."""
    return spec.data_sha256 not in ("", dataset.sha256)


def images_of(job: Job, result: Evaluated) -> int:
    """How many validation images scored a result; earlier versions recorded none, and the data set tells."""
    return result.images or dataset_of(job).validation_images
