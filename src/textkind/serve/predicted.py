"""From what is asked to the JSON of its answer."""

import json

from textkind.serve.asked import Asked
from textkind.serve.pool import Pool
from textkind.serve.refusals import RefusalError

FAILED = b'{"error": '  # how the line of a text begins that the model failed on


def answer_of(pool: Pool, asked: Asked, pieces: list[bytes]) -> bytes:
    """The answer, as one line of JSON, to what the workers said of the texts.

    RefusalError with 500 where there was one text, and the model failed on it.
    """
    if asked.alone and pieces[0].startswith(FAILED):
        raise RefusalError(500, **json.loads(pieces[0])["error"])
    return b'{"model": "%s", "version": "%s", "results": [%s]}' % (
        pool.name.encode(),
        pool.version.encode(),
        b", ".join(pieces).replace(b"\n", b", "),
    )
