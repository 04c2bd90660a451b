"""A worker: a process that reads batches of texts from its socket and answers them, to the end.

It is forked from the process that loaded the model (loader.py), so all workers of a model share
its arrays.
"""

import os
import socket
import time

from textkind.serve.answers import Part, batch_answers
from textkind.serve.fields import Served
from textkind.serve.frames import read_frame, unpacked_texts, write_frame


def work(channel: socket.socket, served: Served) -> None:
    """Answer batches until the other side closes the socket."""
    write_frame(channel, {"pid": os.getpid()})
    while (batch := read_frame(channel)) is not None:
        head, body = batch
        began = time.perf_counter()
        parts = [Part(options, texts) for options, texts in head["parts"]]
        texts = unpacked_texts(body, sum(part.texts for part in parts))
        answers = batch_answers(served, texts, parts)
        bodies = ["\n".join(answer.lines).encode() for answer in answers]
        told = {
            "parts": [
                [answer.status, len(lines)] for answer, lines in zip(answers, bodies, strict=True)
            ],
            "seconds": time.perf_counter() - began,
        }
        write_frame(channel, told, *bodies)
