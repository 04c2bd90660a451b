"""A worker: a process that reads batches of texts from its socket and answers them, to the end.

It is forked from the process that loaded the model (loader.py), so all workers of a model share
its arrays.
"""

import os
import select
import socket
import time
from typing import Any

from textkind.serve.answers import Part, batch_answers
from textkind.serve.counting import Counting
from textkind.serve.fields import Served
from textkind.serve.frames import read_frame, unpacked_texts, write_frame

IDLE = 0.05  # seconds without a batch, after which the cells of the last ones are told


def work(channel: socket.socket, served: Served) -> None:
    """Answer batches until the other side closes the socket."""
    counting = Counting(served.classifier, served.threads)
    write_frame(channel, {"pid": os.getpid()})
    while (batch := _next_batch(channel, counting)) is not None:
        head, body = batch
        began = time.perf_counter()
        parts = [Part(options, texts) for options, texts in head["parts"]]
        texts = unpacked_texts(body, sum(part.texts for part in parts))
        answers = batch_answers(served, texts, parts, counting)
        bodies = ["\n".join(answer.lines).encode() for answer in answers]
        told = {
            "parts": [
                [answer.status, len(lines)] for answer, lines in zip(answers, bodies, strict=True)
            ],
            "seconds": time.perf_counter() - began,
        }
        write_frame(channel, told, *bodies)


def _next_batch(channel: socket.socket, counting: Counting) -> tuple[Any, bytes] | None:
    """The next batch, None at the end; in a pause before it, what was counted of those before."""
    if counting.count() and (counting.is_due or not select.select([channel], [], [], IDLE)[0]):
        write_frame(channel, {}, counting.take())
    return read_frame(channel)
