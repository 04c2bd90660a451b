"""The process that loads a model and forks its workers.

    python -m textkind.serve.loader DESCRIPTOR

    in   {"folder", "precision", "similar"}       once
    out  {"facts"} or {"error"}           the model is loaded and checked, or why not
    in   {"threads"} with a descriptor    fork a worker on that socket, again and again
    out  {"pid"}

It stays small and does nothing else, so that a fork is safe and takes milliseconds: no threads are
started here, and what is loaded is shared with every worker until the process ends. A model is
replaced by another such process, and all memory of the old one goes with it.
"""

import gc
import hashlib
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any, NoReturn

import pyarrow as pa

from textkind.classifier import Classifier
from textkind.errors import ModelFolderError, TextkindError
from textkind.serve.answers import Part, batch_answers
from textkind.serve.facts import facts_of, run_of
from textkind.serve.fields import Served
from textkind.serve.frames import read_frame, write_frame
from textkind.serve.refusals import refusal_of
from textkind.serve.worker import work
from textkind.storage.manifest import MANIFEST, find_model_folder
from textkind.storage.model_folder import GOLDEN_TEXTS, load_model
from textkind.workflow.labelling import reading_in
from textkind.workflow.similar import known_texts

ENOUGH_TIMES = 40  # the golden texts have some 80 tokens together; 2,048 are enough


def main(channel: socket.socket) -> None:
    """Load what the first frame names, then fork workers until the other side closes."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):  # sent to the whole group; the front decides
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # workers that end leave nothing behind
    first = read_frame(channel)
    assert first is not None
    told, _ = first
    try:
        folder = Path(told["folder"])
        classifier, version = load_whole(folder, told["precision"])
        texts = known_texts(classifier, run_of(folder), 1) if told["similar"] else None
        warm(classifier)
        facts = facts_of(classifier, folder, version) | {"similar": texts is not None}
    except TextkindError as error:
        write_frame(channel, {"error": refusal_of(500, error).error})
        return
    write_frame(channel, {"facts": facts})
    gc.collect()
    gc.freeze()  # or the collector would touch, and so copy, every shared page
    while (order := _next_order(channel)) is not None:
        threads, handle = order
        pid = os.fork()
        if pid == 0:
            channel.close()
            _be_worker(handle, Served(classifier, threads, texts))
        os.close(handle)
        write_frame(channel, {"pid": pid})


def warm(classifier: Classifier) -> None:
    """Do once what is slow the first time, so that no worker has to.

    An encoder is read as a graph once it has read some thousand tokens: here, on one thread, so
    that the graph is shared and no thread of it is lost in a fork.
    """
    texts = pa.array(GOLDEN_TEXTS, pa.large_string())
    reader: Any = getattr(classifier.model, "reader", None)
    if reader is not None and reader.can_be_graph:
        classifier.model.logits(pa.array(GOLDEN_TEXTS * ENOUGH_TIMES, pa.large_string()), 1)
    for options in ("", '{"novelty": true}', '{"sets": 0.5, "top": 2}'):
        batch_answers(Served(classifier), texts, [Part(options, len(texts))])


def load_whole(folder: Path, precision: str | None) -> tuple[Classifier, str]:
    """The classifier of a folder and its version: the SHA-256 of the manifest, 16 digits of it.

    ModelFolderError also where the folder changed while it was read.
    """
    manifest = find_model_folder(folder) / MANIFEST
    before = _digest(manifest)
    classifier = load_model(folder)
    if before is None or _digest(manifest) != before:
        raise ModelFolderError("the folder changed while it was read", where=str(folder))
    return reading_in(classifier, precision), before[:16]


def _digest(manifest: Path) -> str | None:
    try:
        return hashlib.sha256(manifest.read_bytes()).hexdigest()
    except OSError:
        return None


def _next_order(channel: socket.socket) -> tuple[int, int] | None:
    """Threads of the next worker and the descriptor of its socket; None at the end."""
    data, handles, _, _ = socket.recv_fds(channel, 64, 1)
    return (int(data), handles[0]) if data else None


def _be_worker(handle: int, served: Served) -> NoReturn:
    try:
        work(socket.socket(fileno=handle), served)
    except (KeyboardInterrupt, OSError):  # the front is gone
        os._exit(0)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
