"""Architectures: what is known of a cell, and its code."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.dependencies import Key, Reading, Work
from api.schemas.architecture import ArchitectureCreate, ArchitectureRead, CodeChoice, GrownRead
from service.usecases import architectures

router = APIRouter(prefix="/architectures", tags=["architectures"])


@router.post("", status_code=201)
def register(body: ArchitectureCreate, work: Work, request: Request, response: Response) -> ArchitectureRead:
    """Keep a cell of your own under its key; equal cells have equal keys."""
    genotype = architectures.register(body.to_genotype(), work)
    response.headers["Location"] = request.app.url_path_for("get_architecture", key=genotype.key)
    return ArchitectureRead.of(architectures.get(genotype.key, work))


@router.get("/{key}")
def get_architecture(key: Key, work: Reading) -> ArchitectureRead:
    """A cell: its genotype, what it costs, and where it was tried."""
    return ArchitectureRead.of(architectures.get(key, work))


@router.get("/{key}/cost")
def get_cost(key: Key, choice: Annotated[CodeChoice, Query()], work: Reading) -> GrownRead:
    """What a cell costs in a network of any size, and how long it is predicted to take."""
    return GrownRead.of(architectures.grown(key, choice.to_skeleton(), work, choice.device))


@router.get("/{key}/code", response_class=Response, responses={200: {"content": {"text/x-python": {}}}})
def get_code(key: Key, choice: Annotated[CodeChoice, Query()], work: Reading) -> Response:
    """A cell as one PyTorch file, of any depth, width, input shape and number of classes."""
    text = architectures.code(key, choice.to_skeleton(), work, choice.form, choice.device)
    return Response(text, media_type="text/x-python; charset=utf-8")
