"""The settings of a process, read from the environment at its entrance."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "CELLSMITH_"


class WrongSetting(Exception):
    """A setting that cannot be used; the message names it in one line."""


class Settings(BaseSettings):
    """What may be set; `port` is CELLSMITH_PORT in the environment."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    data_dir: Path = Field(Path("data"), description="Folder of the SQLite file.")
    database_url: str = Field("", description="Database; a SQLite file in data_dir where nothing is given.")
    host: str = Field("127.0.0.1", description="Address that the HTTP face listens on.")
    port: int = Field(8642, ge=0, le=65535, description="Port that the HTTP face listens on; 0 takes a free one.")
    workers: int = Field(
        default_factory=lambda: os.cpu_count() or 1, ge=1, le=1024, description="Evaluations at once, of all jobs."
    )
    lease_seconds: float = Field(30.0, gt=0, description="How long a silent scheduler keeps its job.")
    beat_seconds: float = Field(10.0, gt=0, description="How often a scheduler says that it lives.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="What is worth a log line.")

    @model_validator(mode="after")
    def _beats_before_the_lease_ends(self) -> Settings:
        if self.beat_seconds >= self.lease_seconds:
            raise ValueError(f"{PREFIX}BEAT_SECONDS must be less than {PREFIX}LEASE_SECONDS")
        return self

    @property
    def database(self) -> str:
        """The address of the database."""
        return self.database_url or f"sqlite:///{self.data_dir / 'cellsmith.db'}"


def read_settings() -> Settings:
    """The settings of this process; WrongSetting where one cannot be used."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "".join(PREFIX + str(part).upper() + ": " for part in first["loc"][:1])
        raise WrongSetting(f"{name}{first['msg'].removeprefix('Value error, ')}, not {first['input']!r}") from None
