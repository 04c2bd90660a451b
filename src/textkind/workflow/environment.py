"""The entry "environment" of metrics.json and compare.json: what a run was made with."""

import platform
import sys
from importlib.metadata import version
from typing import Any

# module that does part of the work -> the package that brings it
PACKAGES = {
    "numpy": "numpy",
    "numba": "numba",
    "scipy": "scipy",
    "pyarrow": "pyarrow",
    "sklearn": "scikit-learn",
    "torch": "torch",
    "tokenizers": "tokenizers",
    "transformers": "transformers",
}


def environment_facts() -> dict[str, Any]:
    """Versions of Python and of the packages that are in use, the system and its processor."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "packages": {
            package: version(package)
            for module, package in PACKAGES.items()
            if module in sys.modules
        },
    }
