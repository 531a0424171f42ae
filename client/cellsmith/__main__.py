"""`python -m cellsmith`: the command line without an installation."""

from cellsmith.cli import main

main()
