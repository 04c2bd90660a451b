"""`python -m textkind` is the command `textkind`."""

import sys

from textkind.cli.commands import main

if __name__ == "__main__":
    sys.exit(main())
