"""The tables of the record, for SQLite and PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    Text,
    TypeDecorator,
    UniqueConstraint,
    func,
    true,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.sql.operators import OperatorType


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC; SQLite keeps it as text without a zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The moment with its zone."""
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


class AnyText(TypeDecorator[str]):
    """Text that may come from anywhere; what PostgreSQL cannot hold (NUL, half a surrogate pair) is replaced."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """The text without what cannot be written."""
        return None if value is None else value.replace("\0", "\ufffd").encode(errors="replace").decode()


class AnyJson(TypeDecorator[Any]):
    """JSON; what is none, which only SQLite can keep, comes out as the text that it is."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def coerce_compared_value(self, op: OperatorType | None, value: Any) -> Any:
        """As JSON itself, so that one can look into it."""
        return self.impl_instance.coerce_compared_value(op, value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """As JSON's own, where it can read it."""
        read = super().result_processor(dialect, coltype)
        if read is None:
            return None

        def read_or_keep(value: Any) -> Any:
            try:
                return read(value)
            except ValueError:
                return value

        return read_or_keep


class Table(DeclarativeBase):
    """Columns are not null unless they say so; constraints have names, so that migrations can alter them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {str: AnyText, float: Double, datetime: UtcDateTime, dict[str, Any]: JSON(none_as_null=True)}  # noqa: RUF012


class JobRow(Table):
    """A job, and the lease under which it is driven; `lease_token` and `refused` only ever rise."""

    __tablename__ = "jobs"
    __table_args__ = (UniqueConstraint("idempotency_key"), Index(None, "state"))

    id: Mapped[int] = mapped_column(primary_key=True)
    spec: Mapped[dict[str, Any]] = mapped_column(AnyJson)
    state: Mapped[str]
    message: Mapped[str]
    seconds_used: Mapped[float]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    idempotency_key: Mapped[str | None]
    body_hash: Mapped[str]
    lease_holder: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    lease_token: Mapped[int]
    refused: Mapped[int] = mapped_column(server_default="0")
    restored_at: Mapped[datetime | None]


# Only SQLite keeps text that is no JSON, from a damaged file say, and then refuses every query that looks into it.
SPEC_IS_JSON: dict[str, ColumnElement[bool]] = {"postgresql": true(), "sqlite": func.json_valid(JobRow.spec) == 1}


class ArchitectureRow(Table):
    """A genotype under its key, as its canonical JSON text."""

    __tablename__ = "architectures"

    key: Mapped[str] = mapped_column(primary_key=True)
    genotype: Mapped[str]


class TrialRow(Table):
    """One architecture tried within a job; `attributes` are the sampler's own, `attempts` those that crashed."""

    __tablename__ = "trials"
    __table_args__ = (UniqueConstraint("job_id", "number"), Index(None, "architecture_key"))

    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id"))
    number: Mapped[int]
    architecture_key: Mapped[str] = mapped_column(ForeignKey("architectures.key"))
    choices: Mapped[dict[str, Any]]
    attributes: Mapped[dict[str, Any]]
    state: Mapped[str]
    attempts: Mapped[int] = mapped_column(server_default="0")


class EvaluationRow(Table):
    """One report; a result has the metrics, a failure has its class, message and traceback.

    `job_id` is that of the trial and `latency_ms` the median of `latency`: a front is read from these alone.
    """

    __tablename__ = "evaluations"
    __table_args__ = (
        UniqueConstraint("trial_id", "fidelity", "seed"),
        Index(None, "request_key"),
        Index(None, "job_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    trial_id: Mapped[int] = mapped_column(ForeignKey("trials.id"))
    job_id: Mapped[int | None]
    fidelity: Mapped[int]
    seed: Mapped[int]
    request_key: Mapped[str]
    reused_from: Mapped[int | None] = mapped_column(ForeignKey("evaluations.id"))
    seconds: Mapped[float]
    recorded_at: Mapped[datetime]
    accuracy: Mapped[float | None]
    latency: Mapped[dict[str, Any] | None]
    latency_ms: Mapped[float | None]
    params: Mapped[int | None] = mapped_column(BigInteger)
    macs: Mapped[int | None] = mapped_column(BigInteger)
    peak_memory_bytes: Mapped[int | None] = mapped_column(BigInteger)
    images: Mapped[int | None]
    failure: Mapped[str | None]
    failure_message: Mapped[str | None]
    traceback: Mapped[str | None]


class WeightsRow(Table):
    """The safetensors of one evaluation in one form, apart from it, so that lists never load them."""

    __tablename__ = "weights"

    evaluation_id: Mapped[int] = mapped_column(ForeignKey("evaluations.id"), primary_key=True)
    form: Mapped[str] = mapped_column(primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class SchedulerRow(Table):
    """A scheduler that works, as far as is known `until` then."""

    __tablename__ = "schedulers"

    holder: Mapped[str] = mapped_column(primary_key=True)
    until: Mapped[datetime]


class DeviceRow(Table):
    """What is known of a device."""

    __tablename__ = "devices"

    name: Mapped[str] = mapped_column(primary_key=True)
    profile: Mapped[dict[str, Any]]
