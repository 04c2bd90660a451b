"""The command line: one file a command, each with DESCRIPTION, EXAMPLES, add_arguments and run."""

from textkind.cli.commands import main

__all__ = ["main"]
