"""How the service listens, what it lets in, and how long it waits."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from textkind.errors import SettingsError

LOOPBACK = ("127.0.0.1", "localhost", "::1")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Limits:
    """What one request, one client and all of them together may take."""

    body: int = 1_000_000  # bytes of a body; of a line where lines are streamed
    texts: int = 1_000  # of a request
    characters: int = 1_000_000  # of a text
    queue: int = 256  # requests that one model has at a time
    connections: int = 4_096
    timeout: float = 30.0  # seconds from the whole request to its answer
    client_timeout: float = 20.0  # seconds that a client may take to send its request
    keep_alive: float = 75.0  # seconds that a connection may lie idle between requests

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if type(value) not in (int, float) or not 0 < value < float("inf"):
                raise SettingsError(f"the limit {name} must be above 0", found=value)


@dataclass(frozen=True)
class ServeSettings:
    """Where the service listens and how it works.

    models       (name, run folder or model folder); the first is the default
    api_keys     one of them must come with a request; none: all requests are answered
    host_names   that a request may name in its Host header; none: any
    workers      processes for each model; None: chosen by the speed of the model
    threads      of each process; None: the cores shared out among the processes
    precision    of networks: float32, bfloat16, int8 or auto; None: float32
    similar      tell the nearest of the training texts that runs keep, where that is asked
    watch        seconds between two looks at the model folders; 0: never
    drift_window texts that drift is told of, the latest
    grace        seconds that running requests have when the service ends
    log          a file for the lines of the log; None: standard error
    """

    models: tuple[tuple[str, Path], ...]
    host: str = "127.0.0.1"
    port: int = 8000
    api_keys: tuple[bytes, ...] = field(default=(), repr=False)
    host_names: tuple[str, ...] = ()
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    workers: int | None = None
    threads: int | None = None
    precision: str | None = None
    similar: bool = False
    watch: float = 2.0
    drift_window: int = 2_000
    grace: float = 30.0
    log: Path | None = None
    log_texts: bool = False
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if not self.models:
            raise SettingsError("there is no model to serve")
        names = [name for name, _ in self.models]
        for name in names:
            if not _NAME.fullmatch(name):
                raise SettingsError(
                    "a model's name may hold letters, digits, dots, dashes and underscores, 64 at "
                    "most",
                    found=name,
                    hint="give it one: NAME=FOLDER",
                )
            if names.count(name) > 1:
                raise SettingsError(
                    "two models have one name", found=name, hint="give each its own: NAME=FOLDER"
                )
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise SettingsError("TLS needs both a certificate and its key")


def named_model(word: str) -> tuple[str, Path]:
    """NAME=FOLDER, or a folder that is named after itself; `model` in a run folder after the run.

    In the root, as in the image, there is no run to name it after. What stands before an equals
    sign is a name only where it looks like one.
    """
    name, sign, folder = word.partition("=")
    if sign and _NAME.fullmatch(name):
        return name, Path(folder)
    path = Path(word)
    whole = path.absolute()
    is_of_run = whole.name == "model" and whole.parent.name
    return (whole.parent.name if is_of_run else whole.name), path
