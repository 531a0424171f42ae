"""What is known of a job before it begins."""

from __future__ import annotations

from typing import Self

from api.schemas.base import Told
from service.domain.ahead import Basis, EndsBy, TimeForecast
from service.usecases.beforehand import Outlook, Reach


class ReachRead(Told):
    """What a metric is over cells drawn by chance, in its own unit.

    Exact where `networks` is null; else predicted, from so many networks that were measured, 90 % of which took between
    the two `ratios` times what the others foresaw of them. All, or three at least which correct the others, stood in
    the same skeleton, or none (`elsewhere`).
    """

    metric: str
    unit: str
    lowest: float
    median: float
    highest: float
    networks: int | None
    ratios: tuple[float, float] | None
    elsewhere: bool | None

    @classmethod
    def of(cls, reach: Reach) -> Self:
        """A reach in the words of the routes."""
        model = reach.model
        return cls(
            metric=reach.metric,
            unit=reach.unit,
            lowest=reach.lowest,
            median=reach.median,
            highest=reach.highest,
            networks=model.networks if model else None,
            ratios=model.ratios if model else None,
            elsewhere=model.elsewhere if model else None,
        )


class TimeRead(Told):
    """How long the search takes with all its `workers` and nothing taken from the record.

    `basis` says what that rests on. `seconds` is told by `reports` recorded trainings of this data set, in the same
    skeleton (`recorded`) or in others (`recorded_elsewhere`). By the device's calibration alone only `at_least_seconds`
    is told, which a search takes several times over. `ends_by` is the part of the budget that is spent first,
    or `cells`, where every cell of the space is tried before.
    """

    basis: Basis
    seconds: float | None
    at_least_seconds: float | None
    ends_by: EndsBy | None
    reports: int
    workers: int

    @classmethod
    def of(cls, time: TimeForecast) -> Self:
        """A forecast of time in the words of the routes."""
        return cls(
            basis=time.basis,
            seconds=time.seconds,
            at_least_seconds=time.at_least_seconds,
            ends_by=time.ends_by,
            reports=time.reports,
            workers=time.workers,
        )


class ForecastRead(Told):
    """The size of the space, as text: it is more than a JSON number holds exactly; what its cells reach; the time.

    `different` is how many different cells these are, null where they are too many to be listed.
    Of `samples` cells drawn by chance, `keeping` keep every limit that can be judged before training, by exact costs
    and predicted latency, unless that is by other skeletons alone; null where no limit can.
    """

    size: str
    different: int | None
    samples: int
    keeping: int | None
    reaches: list[ReachRead]
    time: TimeRead

    @classmethod
    def of(cls, outlook: Outlook) -> Self:
        """What is known of a job, in the words of the routes."""
        return cls(
            size=str(outlook.size),
            different=outlook.different,
            samples=outlook.samples,
            keeping=outlook.keeping,
            reaches=[ReachRead.of(reach) for reach in outlook.reaches],
            time=TimeRead.of(outlook.time),
        )
