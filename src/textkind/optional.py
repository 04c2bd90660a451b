"""The one door to optional packages: imported where used, and the error names the extra."""

import importlib
from types import ModuleType

from textkind.errors import MissingExtraError


def need(module: str, extra: str) -> ModuleType:
    """Import `module`, or raise MissingExtraError naming the extra that brings it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtraError(
            f"this needs the package {module.split('.')[0]}, which is not installed",
            hint=f"pip install 'textkind[{extra}]'",
        ) from error
