"""The parser: argparse with our errors, "did you mean", and types for the values of options.

Only the standard library is imported here and in every `add_arguments`, so that
`textkind --help` answers at once.
"""

import argparse
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from textkind.errors import SettingsError, did_you_mean

SECONDS = {"s": 1, "m": 60, "h": 3600}
HINT = "\nhint: "  # parts a problem from its hint on the way through argparse


class Parser(argparse.ArgumentParser):
    """Raises SettingsError instead of leaving the process; knows the nearest option."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(
            formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False, **settings
        )

    def error(self, message: str) -> NoReturn:
        """What argparse calls for anything it cannot parse."""
        problem, _, hint = message.partition(HINT)
        raise SettingsError(problem, hint=hint if hint else f"{self.prog} --help")

    def refuse(self, unknown: Sequence[str]) -> NoReturn:
        """Raise SettingsError about arguments that nothing has taken."""
        first = unknown[0]
        if first.startswith("-") and first != "-":
            wrong = first.split("=")[0]
            raise SettingsError(
                "there is no such option",
                found=wrong,
                hint=self._nearest(wrong),
            )
        raise SettingsError("one argument too many", found=first, hint=f"{self.prog} --help")

    def _nearest(self, wrong: str) -> str:
        options = set(re.findall(r"--[a-z][a-z-]*", self.format_usage()))
        near = did_you_mean(wrong, sorted(options))
        return near if near.startswith("did you mean") else f"{self.prog} --help"


def one_of(*names: str) -> Callable[[str], str]:
    """The type of an option that takes one of these names."""

    def parse(value: str) -> str:
        if value not in names:
            raise argparse.ArgumentTypeError(
                f"{value!r} is none of {', '.join(names)}{HINT}{did_you_mean(value, names)}"
            )
        return value

    return parse


def whole_number(least: int) -> Callable[[str], int]:
    """The type of an option that takes a whole number from `least` up."""

    def parse(value: str) -> int:
        try:
            number = int(value)
        except ValueError:
            number = least - 1
        if number < least:
            raise argparse.ArgumentTypeError(f"{value!r} is no whole number of {least} or more")
        return number

    return parse


def share(value: str) -> float:
    """The type of an option that takes a part of the rows: 0.1, or 10%."""
    try:
        number = float(value.removesuffix("%")) / (100 if value.endswith("%") else 1)
    except ValueError:
        number = -1.0
    if not 0 <= number < 1:
        raise argparse.ArgumentTypeError(f"{value!r} is no share such as 0.1 or 10%")
    return number


def number_from(least: float) -> Callable[[str], float]:
    """The type of an option that takes a finite number of `least` or more."""

    def parse(value: str) -> float:
        try:
            number = float(value)
        except ValueError:
            number = least - 1
        if not least <= number < float("inf"):
            raise argparse.ArgumentTypeError(f"{value!r} is no number of {least:g} or more")
        return number

    return parse


def number_between(least: float, most: float) -> Callable[[str], float]:
    """The type of an option that takes a number of `least` to `most`."""

    def parse(value: str) -> float:
        try:
            number = float(value)
        except ValueError:
            number = least - 1
        if not least <= number <= most:
            raise argparse.ArgumentTypeError(f"{value!r} is no number of {least:g} to {most:g}")
        return number

    return parse


def whole_numbers(value: str) -> tuple[int, ...]:
    """The type of an option that takes whole numbers: 3,4,5; 0 stands for none."""
    try:
        numbers = tuple(int(part) for part in value.split(","))
    except ValueError:
        numbers = (-1,)
    if numbers == (0,):
        return ()
    if min(numbers) < 1:
        raise argparse.ArgumentTypeError(f"{value!r} is no list of whole numbers such as 3,4,5")
    return numbers


def positive_number(value: str) -> float:
    """The type of an option that takes a finite number above 0."""
    try:
        number = float(value)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{value!r} is no number above 0")
    return number


def lengths(value: str) -> tuple[int, int]:
    """The type of an option that takes lengths of n-grams: 2, or 1-2."""
    first, _, last = value.partition("-")
    try:
        shortest, longest = int(first), int(last if last else first)
    except ValueError:
        shortest, longest = 0, 0
    if not 1 <= shortest <= longest:
        raise argparse.ArgumentTypeError(f"{value!r} is no range of lengths such as 1-2")
    return shortest, longest


def yes_or_no(value: str) -> bool:
    """The type of an option that takes yes or no."""
    answers = {"yes": True, "no": False}
    if value not in answers:
        raise argparse.ArgumentTypeError(f"{value!r} is neither yes nor no")
    return answers[value]


def path_or_uri(value: str) -> Path | str:
    """The type of an option that takes a folder here, or the URI of one elsewhere."""
    return value if "://" in value else Path(value)


def on_off(value: str) -> bool:
    """The type of an option that takes on or off."""
    answers = {"on": True, "off": False}
    if value not in answers:
        raise argparse.ArgumentTypeError(f"{value!r} is neither on nor off")
    return answers[value]


def on_off_auto(value: str) -> bool | None:
    """The type of an option that takes on, off or auto; auto is None."""
    answers = {"on": True, "off": False, "auto": None}
    if value not in answers:
        raise argparse.ArgumentTypeError(f"{value!r} is none of on, off, auto")
    return answers[value]


def duration(value: str) -> float | None:
    """The type of an option that takes a time, 90s, 20m or 1.5h, as seconds; none is None."""
    if value == "none":
        return None
    number, unit = value[:-1], value[-1:]
    try:
        seconds = float(number) * SECONDS[unit]
    except (ValueError, KeyError):
        seconds = -1.0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(
            f"{value!r} is no time{HINT}write it as 90s, 20m or 1h; none is without an end"
        )
    return seconds


def minutes(value: str) -> float | None:
    """The type of an option that takes a time as `duration` does, but as minutes."""
    seconds = duration(value)
    return None if seconds is None else seconds / 60


def names(value: str) -> tuple[str, ...]:
    """The type of an option that takes names with commas between them."""
    return tuple(name.strip() for name in value.split(",") if name.strip())


def given(arguments: argparse.Namespace, *names: str, **renamed: str) -> dict:
    """The options that were given, by the name of the setting; the others keep their defaults."""
    options = {name: name for name in names} | renamed
    values = {name: getattr(arguments, option) for name, option in options.items()}
    return {name: value for name, value in values.items() if value is not None}
