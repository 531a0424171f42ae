"""What the service refuses, each with a message written for the person who asked.

ServiceError
├── Invalid         what was asked for makes no sense; `field` says where
├── NotFound        there is no such thing
├── Conflict        not in the state it is in now
├── KeyReused       an idempotency key came back with another body
├── LeaseLost       somebody else drives this job now; a late writer is refused
└── Unavailable     the record cannot be read or written at the moment
    └── NoSpace     it can be read; there is no room to write
"""

from __future__ import annotations


class ServiceError(Exception):
    """Something a user may not do, or not now."""


class Invalid(ServiceError):
    """What was asked for makes no sense; `field` is the path of the offending value, like `budget.trials`."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class NotFound(ServiceError):
    """There is no such thing."""


class Conflict(ServiceError):
    """The thing is in a state that does not allow this."""


class KeyReused(ServiceError):
    """An idempotency key was used before with another body."""


class LeaseLost(ServiceError):
    """Somebody else holds the job `job_id` by now."""

    def __init__(self, job_id: int, message: str) -> None:
        super().__init__(message)
        self.job_id = job_id


class Unavailable(ServiceError):
    """The record cannot be read or written at the moment; trying again later helps."""


class NoSpace(Unavailable):
    """The disk of the record is full: what is there can be read, and writing goes on when there is room again."""
