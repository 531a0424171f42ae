"""What a user may choose of the network around the cells, for a job and for code alike."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from search_space.regularisation import DropPath
from search_space.skeleton import (
    Activation,
    Head,
    Initialisation,
    InputShape,
    Norm,
    Skeleton,
    StemName,
    skeletons,
    stages_for,
)

SKELETON = skeletons["tiny"]
DIGITS = 12
"""Decimal places of a share of paths: what is dropped and what is kept are exact opposites in so many."""


class AroundCells(BaseModel):
    """The network around the cells; without `stages`, as many as the input allows."""

    channels: int = SKELETON.channels
    cells_per_stage: int = SKELETON.cells_per_stage
    stages: int | None = None
    stem: StemName = SKELETON.stem
    norm: Norm = SKELETON.norm
    head: Head = SKELETON.head
    activation: Activation = SKELETON.activation
    residual_scale: Annotated[
        float | None, Field(description="Leads inputs around the normal cells, whose results it scales.")
    ] = SKELETON.residual_scale
    recursion: Annotated[int, Field(description="How often normal cells run, with the same weights.")] = (
        SKELETON.recursion
    )
    reversible: Annotated[bool, Field(description="Training computes the inputs of cells instead of keeping them.")] = (
        SKELETON.reversible
    )
    initialisation: Initialisation = SKELETON.initialisation
    dropout: float = SKELETON.dropout
    drop_path: Annotated[
        float | None, Field(ge=0, lt=1, description="The share of paths dropped at the end of training.")
    ] = None

    def skeleton_for(self, input_shape: InputShape, classes: int, **more: Any) -> Skeleton:
        """The skeleton for inputs of this shape, with `more` of its fields; ValueError where they do not fit."""
        chosen = {name: getattr(self, name) for name in AroundCells.model_fields}
        dropped, stages = chosen.pop("drop_path"), chosen.pop("stages")
        return Skeleton(
            input_shape=input_shape,
            classes=classes,
            stages=stages_for(input_shape) if stages is None else stages,
            drop_path=None if dropped is None else DropPath(round(1 - dropped, DIGITS)),
            **chosen,
            **more,
        )

    @staticmethod
    def choices_of(skeleton: Skeleton) -> dict[str, Any]:
        """The fields that give this skeleton again."""
        own = {name: getattr(skeleton, name) for name in AroundCells.model_fields}
        kept = skeleton.drop_path
        return own | {"drop_path": None if kept is None else round(1 - kept.keep, DIGITS)}
