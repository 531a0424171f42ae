"""`python -m service`: the API and the scheduler on this machine; `api`, `scheduler` or `migrate` for one alone."""

from __future__ import annotations

import argparse
import logging
import sys

from service import processes
from service.settings import WrongSetting, read_settings

PARTS = {
    "all": processes.run_all,
    "api": processes.run_api,
    "scheduler": processes.run_scheduler,
    "migrate": processes.migrate,
}


def main() -> int:
    """Runs the named part; 0 after an orderly end, 1 where it could not start."""
    parser = argparse.ArgumentParser(prog="python -m service", description=__doc__)
    parser.add_argument("part", nargs="?", choices=PARTS, default="all")
    part = PARTS[parser.parse_args().part]
    try:
        settings = read_settings()
        logging.basicConfig(
            level=settings.log_level.upper(), format="%(asctime)s %(name)s: %(message)s", datefmt="%H:%M:%S"
        )
        logging.getLogger("alembic").setLevel(logging.WARNING)
        part(settings)
    except (WrongSetting, processes.CannotStart) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
