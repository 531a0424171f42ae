"""The command `cellsmith`, and `python -m cellsmith`: the command line without an installation."""

from __future__ import annotations

import sys


def main() -> None:
    """Runs the command line. Ctrl-C ends it with 130 and without a traceback, also while it is still loading."""
    try:
        from cellsmith.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
