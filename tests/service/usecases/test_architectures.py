"""What a user may know of an architecture, and take away of it."""

from __future__ import annotations

import io
import json
import zipfile

import pytest

from search_space.cost import cost
from search_space.genotype import Cell, Edge, Genotype
from search_space.module_source import Form
from search_space.network import Architecture
from search_space.skeleton import skeletons
from service.domain.errors import Conflict, Invalid, NotFound
from service.store.memory import MemoryUnitOfWork
from service.usecases import architectures, exports
from tests.builders import evaluated, genotype
from tests.service.usecases.recorded import record_job

TINY = skeletons["tiny"]


@pytest.fixture
def work() -> MemoryUnitOfWork:
    return MemoryUnitOfWork()


def test_a_registered_genotype_is_known_and_was_tried_nowhere(work: MemoryUnitOfWork) -> None:
    architectures.register(genotype(3), work)
    assert architectures.get(genotype(3).key, work) == architectures.Known(genotype(3), ())
    assert architectures.grown(genotype(3).key, TINY, work).cost == cost(Architecture(genotype(3), TINY))


def test_a_genotype_of_unknown_operators_is_refused(work: MemoryUnitOfWork) -> None:
    cell = Cell((Edge(0, 2, "magic"),), (2,))
    with pytest.raises(Invalid, match=r"0->2 \(magic\) carries an unknown operator"):
        architectures.register(Genotype(cell, cell), work)


def test_a_tried_architecture_says_where(work: MemoryUnitOfWork) -> None:
    job = record_job(work, [evaluated(), evaluated()])
    assert architectures.get(genotype(1).key, work).tried_in == ((job.id, 1),)


@pytest.mark.parametrize("form", ["training", "inference"])
def test_an_architecture_becomes_code(work: MemoryUnitOfWork, form: Form) -> None:
    architectures.register(genotype(3), work)
    compile(architectures.code(genotype(3).key, TINY, work, form), "model.py", "exec")


def test_an_unknown_key_is_not_found(work: MemoryUnitOfWork) -> None:
    with pytest.raises(NotFound):
        architectures.code("unknown", TINY, work)


def test_an_export_holds_code_weights_and_what_was_measured(work: MemoryUnitOfWork) -> None:
    weights = {"training": b"training weights", "inference": b"inference weights"}
    job = record_job(work, [evaluated(accuracy=0.9876, weights=weights)])
    archive = zipfile.ZipFile(io.BytesIO(exports.bundle(job.id, 0, work)))
    assert archive.namelist() == ["model.py", "weights.safetensors", "config.json", "README.md", "front.svg"]
    assert archive.read("weights.safetensors") == b"inference weights"
    compile(archive.read("model.py"), "model.py", "exec")
    config = json.loads(archive.read("config.json"))
    assert Genotype.from_json(json.dumps(config["genotype"])) == genotype(0)
    assert config["accuracy"] == 0.9876
    card = archive.read("README.md").decode()
    assert config["brightest"] == 16
    assert "values of 0..16 divided by 16" in card
    assert "0.9876, 95 % interval 0.9675 to 0.9953 (300 images)" in card
    assert "pipeline_tag: image-classification" in card
    assert "shape (N, 1, 8, 8)" in card


def test_the_same_export_has_the_same_bytes(work: MemoryUnitOfWork) -> None:
    job = record_job(work, [evaluated(weights={"training": b"w"})])
    first, second = (exports.bundle(job.id, 0, work, form="training") for _ in range(2))
    assert first == second


def test_a_trial_that_was_not_trained_to_the_end_cannot_be_exported(work: MemoryUnitOfWork) -> None:
    job = record_job(work, [None])
    with pytest.raises(Conflict, match="not trained to the end"):
        exports.bundle(job.id, 0, work)
    with pytest.raises(NotFound):
        exports.bundle(job.id, 1, work)
