"""What the service refuses, each with a message written for the person who asked.

ServiceError            a user may not do this, or not now
├── Invalid         what was asked for makes no sense; `field` says where
├── NotFound        there is no such thing
├── Conflict        not in the state it is in now
├── KeyReused       an idempotency key came back with another body
├── LeaseLost       somebody else drives this job now; a late writer is refused
├── TooFewResources no machine here could ever run an evaluation of this job
└── Unavailable     the record cannot be read or written at the moment
    └── NoSpace     it can be read; there is no room to write

OperatorError           a process of the service cannot do what it was started for; in one line
├── WrongSetting    a setting that cannot be used
├── CannotStart     a port, a lock, a folder or a secret is missing
├── WrongSchema     the tables are not those that this code needs
├── RecordUnusable  the database or its file cannot be opened, read or written
└── BackupFailed    a backup or a restore was not done, and nothing was changed
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


class TooFewResources(ServiceError):
    """No machine of this service could ever run an evaluation of the job."""


class Unavailable(ServiceError):
    """The record cannot be read or written at the moment; trying again later helps."""


class NoSpace(Unavailable):
    """The disk of the record is full: what is there can be read, and writing goes on when there is room again."""


class OperatorError(Exception):
    """What keeps a process of the service from its work; the message says it in one line."""


class WrongSetting(OperatorError):
    """A setting that cannot be used; the message names it."""


class CannotStart(OperatorError):
    """A process of the service cannot start; the message names the reason."""


class WrongSchema(OperatorError):
    """The database's tables are not those that this code needs; the message says what to do."""


class RecordUnusable(OperatorError):
    """The database or its file cannot be opened, read or written."""


class BackupFailed(OperatorError):
    """A backup or a restore that was not done; nothing was changed. The message says why."""
