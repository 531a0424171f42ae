"""`python -m service`: the API and the scheduler on this machine, one of them alone, or upkeep of the record."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from service import parts, supervisor, upkeep
from service.domain.errors import OperatorError, ServiceError
from service.settings import Settings, read_settings

PARTS = {
    "all": supervisor.run_all,
    "api": parts.run_api,
    "scheduler": parts.run_scheduler,
    "worker": parts.run_worker,
    "migrate": parts.migrate,
}
COMMANDS = {
    "all": "the API and the scheduler, which are started again when they die (the default)",
    "api": "the HTTP face alone",
    "scheduler": "the scheduler alone, with its Ray",
    "worker": "does evaluations for a scheduler on another machine",
    "migrate": "brings the database to this version's schema",
    "backup": "writes the whole record to a file, also while the service runs",
    "restore": "makes the record what it was when a file was written",
    "doctor": "says what is wrong with the record, and what to do",
    "export-optuna": "writes a job as a study that optuna-dashboard opens",
}


def main() -> int:
    """Runs the named part; 0 after an orderly end, 1 where it could not start or the doctor found something."""
    asked = _parser().parse_args()
    try:
        settings = read_settings()
        logging.basicConfig(
            level=settings.log_level.upper(), format="%(asctime)s %(name)s: %(message)s", datefmt="%H:%M:%S"
        )
        logging.getLogger("alembic").setLevel(logging.WARNING)
        return _done(asked, settings)
    except (OperatorError, ServiceError) as error:
        print(error, file=sys.stderr)
        return 1


def _done(asked: argparse.Namespace, settings: Settings) -> int:
    match asked.part or "all":
        case "backup":
            upkeep.backup(settings, asked.file)
        case "restore":
            upkeep.restore_from(settings, asked.file, replace=asked.replace)
        case "doctor":
            return 0 if upkeep.doctor(settings) else 1
        case "export-optuna":
            upkeep.export_optuna(settings, asked.job, asked.file)
        case part:
            PARTS[part](settings)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m service", description=__doc__)
    commands = parser.add_subparsers(dest="part", metavar="PART")
    made = {name: commands.add_parser(name, help=told, description=told) for name, told in COMMANDS.items()}
    made["export-optuna"].add_argument("job", type=int, metavar="JOB", help="the number of the job")
    for name in ("backup", "restore", "export-optuna"):
        made[name].add_argument("file", type=Path, metavar="FILE")
    made["restore"].add_argument("--replace", action="store_true", help="also where there are jobs, which are lost")
    return parser


if __name__ == "__main__":
    sys.exit(main())
