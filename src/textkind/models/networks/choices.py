"""Checks of single settings, and the names that more than one network knows."""

from textkind.errors import SettingsError, did_you_mean

POOLINGS = ("mean", "max", "attention")


def check_choice(name: str, value: object, allowed: tuple[str, ...]) -> None:
    """SettingsError unless value is one of the allowed names."""
    if value not in allowed:
        raise SettingsError(
            f"{name} must be one of {', '.join(allowed)}",
            found=value,
            hint=did_you_mean(str(value), allowed),
        )


def check_whole(name: str, value: object, least: int = 1) -> None:
    """SettingsError unless value is a whole number of `least` or more."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise SettingsError(f"{name} must be a whole number of {least} or more", found=value)


def check_share(name: str, value: object) -> None:
    """SettingsError unless 0 <= value < 1."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < 1:
        raise SettingsError(f"{name} must be 0 or more and below 1", found=value)
