"""The settings of a process, read from the environment at its entrance."""

from __future__ import annotations

import os
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from service.domain.errors import WrongSetting

PREFIX = "CELLSMITH_"
READ_ELSEWHERE = ("DATA", "URL")  # by `workers.data.catalogue` and by the client
LEAST_ALIKE = 0.75


class Settings(BaseSettings):
    """What may be set; `port` is CELLSMITH_PORT in the environment."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    data_dir: Path = Field(
        default=Path("data"),
        description="Folder of the SQLite file and of the scheduler's scratch files; one service uses it.",
    )
    database_url: str = Field(default="", description="Database; a SQLite file in data_dir where nothing is given.")
    host: str = Field(default="127.0.0.1", description="Address that the HTTP face listens on.")
    port: int = Field(default=8642, ge=1, le=65535, description="Port that the HTTP face listens on.")
    workers: int = Field(
        default_factory=lambda: os.cpu_count() or 1, ge=1, le=1024, description="Evaluations at once, of all jobs."
    )
    jobs: int = Field(
        default=4,
        ge=1,
        le=64,
        description="Jobs of one priority at once, which share the workers; a more urgent one begins beside them.",
    )
    ray_address: str = Field(
        default="", description="HOST:PORT where the scheduler's Ray takes in workers of other machines."
    )
    beat_seconds: float = Field(default=10.0, gt=0, le=86_400, description="How often a scheduler says that it lives.")
    lease_seconds: float = Field(
        default=30.0, gt=0, le=86_400, description="How long a silent scheduler keeps its job."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="What is worth a log line."
    )

    @field_validator("database_url")
    @classmethod
    def _is_known(cls, url: str) -> str:
        told = ValueError("Should be sqlite:///FILE or postgresql://USER@HOST/NAME")
        if url and not url.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
            raise told
        try:
            if url and not make_url(url).database:
                raise told  # in memory, for SQLite
        except (ValueError, ArgumentError) as error:
            raise told from error
        return url

    @field_validator("ray_address")
    @classmethod
    def _is_an_address(cls, address: str) -> str:
        host, _, port = address.rpartition(":")
        if address and not (host and port.isdecimal() and 1 <= int(port) <= 65535):
            raise ValueError("Should be HOST:PORT, such as scheduler:6379")
        return address

    @field_validator("lease_seconds")
    @classmethod
    def _outlasts_a_beat(cls, seconds: float, others: ValidationInfo) -> float:
        if seconds <= others.data.get("beat_seconds", 0):
            raise ValueError(f"Should be more than {PREFIX}BEAT_SECONDS")
        return seconds

    @property
    def database(self) -> str:
        """The address of the database."""
        file = URL.create("sqlite", database=str(self.data_dir / "cellsmith.db"))  # which may have any name
        return self.database_url or file.render_as_string()


def read_settings() -> Settings:
    """The settings of this process; WrongSetting where one cannot be used, or seems to be misspelt."""
    _refuse_misspelt()
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        # The value itself may hold a password.
        wish = first["msg"].removeprefix("Value error, ")
        raise WrongSetting(f"{PREFIX}{str(first['loc'][0]).upper()} cannot be used. {wish}.") from None


def _refuse_misspelt() -> None:
    known = {name.upper() for name in Settings.model_fields} | set(READ_ELSEWHERE)
    for variable in sorted(os.environ):
        name = variable.removeprefix(PREFIX)
        if variable.startswith(PREFIX) and name not in known:
            for meant in get_close_matches(name, known, n=1, cutoff=LEAST_ALIKE):
                raise WrongSetting(f"{variable} is no setting. Did you mean {PREFIX}{meant}?")
