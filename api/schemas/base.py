"""What the JSON of every resource has in common."""

from __future__ import annotations

from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, StringConstraints, field_validator

Item = TypeVar("Item")

LARGEST_ID = 2**31 - 1

Label = Annotated[str, StringConstraints(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]


class Asked(BaseModel):
    """Comes in: nothing is guessed (`"3"` is no number), unknown fields and NaN are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)

    @field_validator("*", mode="before")
    @classmethod
    def _whole(cls, value: object) -> object:
        # JSON has one kind of number: 40.0 and 4e1 are 40 written otherwise
        return int(value) if isinstance(value, float) and value.is_integer() else value


class Nothing(Asked):
    """Nothing comes in, and fields that would be passed over are refused."""


class Told(BaseModel):
    """Goes out."""

    model_config = ConfigDict(frozen=True)


class Page(Told, Generic[Item]):
    """A part of a list. `next_cursor` asks for the part after it; null at the end."""

    items: list[Item]
    next_cursor: int | None
