"""Files of word vectors, one word after the other: word2vec text and binary, GloVe, fastText .vec.

    with open_vectors(path) as file:
        for word, stored, place in file.entries():
            row = file.numbers(stored, place)

The content tells the format, not the name; gzip is undone on the way. Numbers are parsed only
where they are asked for. Words are bytes: files have words that are not UTF-8, and GloVe's of
840 thousand million tokens has words with spaces.
"""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count, takewhile
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from textkind.errors import DataError

LONGEST_LINE = 1 << 20  # bytes; one of 1024 numbers has some ten thousand
LONGEST_WORD = 1 << 14  # bytes, in a binary file
SAMPLE = 1 << 12  # bytes behind the first line that tell text from binary
READ = 1 << 20  # bytes read at once from a binary file
MOST_NUMBERS = 1 << 16  # in a vector
DAMAGE = (EOFError, gzip.BadGzipFile, zlib.error)
FOREIGN = {
    b"\x80": "a pickle",
    b"PK": "a zip archive or a PyTorch file",
    b"\x93NUMPY": "an array of NumPy",
    b"\x89HDF": "an HDF5 file",
    b"\xba\x16\x4f\x2f": "a fastText model; fastText writes its vectors to a .vec beside it",
    b"BZh": "a bzip2 file",
    b"\xfd7zXZ": "an xz file",
}
CONTROL = bytes(set(range(32)) - set(b"\t\n\v\f\r"))  # bytes that no text has

Entry = tuple[bytes, bytes, int]  # word, its numbers as they are stored, number of line or word


@dataclass(frozen=True, eq=False)
class VectorFile:
    """An open file of word vectors. dimension is the numbers of a vector."""

    stream: BinaryIO
    name: str
    binary: bool
    dimension: int
    words: int | None  # as the first line tells, if it does

    def entries(self) -> Iterator[Entry]:
        """Every word in the order of the file; DataError names the place of damage."""
        entries = self._binary_entries() if self.binary else self._text_entries()
        read = 0
        try:
            for read, entry in enumerate(entries, 1):  # noqa: B007
                yield entry
        except DAMAGE as error:
            raise cut_short(self.name, read) from error
        if self.words is not None and read != self.words:
            raise DataError(
                f"the first line tells of {self.words:,} words, the file has another number",
                found=read,
                where=self.name,
                hint="it may have been cut short: fetch it again",
            )

    def _text_entries(self) -> Iterator[Entry]:
        dimension = self.dimension
        for number, line in lines(self.stream, self.name, 1 if self.words is None else 2):
            bare = line.rstrip()
            word, _, stored = bare.partition(b" ")
            if bare.count(b" ") != dimension:  # a word with spaces, tabs, several spaces, damage
                fields = bare.rsplit(None, dimension)
                if len(fields) == dimension and line[:1].isspace():
                    fields = [b"", *fields]  # the word itself was white space
                last = fields[0].split()[1:][-1:]  # of a word with spaces; a number is one too many
                if len(fields) <= dimension or (last and is_number(last[0])):
                    raise self.wrong_number(trailing_numbers(bare), number)
                word, stored = fields[0].strip(), b" ".join(fields[1:])
            yield word, stored, number

    def _binary_entries(self) -> Iterator[Entry]:
        size = 4 * self.dimension
        buffer, position = b"", 0
        for number in range(1, cast(int, self.words) + 1):
            space = buffer.find(b" ", position, position + LONGEST_WORD)
            while space < 0 or len(buffer) < space + 1 + size:
                if space < 0 and len(buffer) - position > LONGEST_WORD:
                    raise DataError(
                        "a word should stand here, and no space comes",
                        where=f"{self.name}:word {number}",
                    )
                more = self.stream.read(max(READ, size))
                if not more:
                    raise cut_short(self.name, number - 1)
                buffer, position = buffer[position:] + more, 0
                space = buffer.find(b" ", 0, LONGEST_WORD)
            end = space + 1 + size
            # some writers put a newline behind every vector, others none
            yield buffer[position:space].lstrip(b"\n"), buffer[space + 1 : end], number
            position = end
        if (buffer[position:] + self.stream.read(1)).strip(b"\n"):
            raise DataError(
                "the file goes on behind its last word", found=self.words, where=self.name
            )

    def numbers(self, stored: bytes, place: int) -> np.ndarray:
        """(dimension,) float32 numbers of an entry; DataError where one is none, or not finite."""
        if self.binary:
            row = np.frombuffer(stored, "<f4").astype(np.float32)
        else:
            fields = stored.split()
            try:
                with np.errstate(over="ignore"):  # told below
                    row = np.array(list(map(float, fields))).astype(np.float32)
            except ValueError:
                wrong = next(field for field in fields if not is_number(field))
                raise DataError(
                    "a number should stand here",
                    found=wrong.decode("utf-8", "replace"),
                    where=self.where(place),
                ) from None
        if row.size != self.dimension:
            raise self.wrong_number(row.size, place)
        if not np.isfinite(row).all():
            found = float(row[~np.isfinite(row)][0])
            raise DataError("a number is not finite", found=found, where=self.where(place))
        return row

    def where(self, place: int) -> str:
        """Where an entry stands, for people."""
        return f"{self.name}:{'word' if self.binary else 'line'} {place}"

    def wrong_number(self, found: int, place: int) -> DataError:
        """The error of a line with too few or too many numbers."""
        told = "the first line tells so" if self.words else "as in the first line"
        return DataError(
            f"a word and {self.dimension} numbers should stand here, {told}",
            found=found,
            where=self.where(place),
        )


@contextmanager
def open_vectors(path: str | Path) -> Iterator[VectorFile]:
    """Open a file of word vectors and see what it is; DataError where it is none."""
    name = str(path)
    try:
        raw = Path(path).open("rb")  # noqa: SIM115 - closed below
    except OSError as error:
        raise DataError(
            "the file of word vectors cannot be read", found=error.strerror, where=name
        ) from error
    with raw:
        zipped = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        if not zipped:
            yield recognised(raw, name)
            return
        with io.BufferedReader(gzip.GzipFile(fileobj=raw), 1 << 16) as stream:
            yield recognised(stream, name)


def recognised(stream: BinaryIO, name: str) -> VectorFile:
    """What the file is by its first two lines; the stream stands at the first word then."""
    try:
        first = stream.readline(LONGEST_LINE)
        stream.seek(0)
        kinds = [kind for magic, kind in FOREIGN.items() if first.startswith(magic)]
        if not first.strip():
            raise DataError("the file of word vectors is empty", where=name)
        header = first.split()
        if len(header) == 2 and header[0].isdigit() and header[1].isdigit():
            words, dimension = int(header[0]), int(header[1])
            if not (words and 0 < dimension <= MOST_NUMBERS):
                raise DataError(
                    "the first line should tell how many words and numbers there are",
                    found=first.decode().strip(),
                    where=f"{name}:line 1",
                )
            stream.seek(len(first))
            sample = stream.read(SAMPLE)
            stream.seek(len(first))
            return VectorFile(stream, name, is_binary(sample, dimension), dimension, words)
        dimension = trailing_numbers(first)
        if kinds or not dimension or has_control(first):
            shown = first[:40].decode("utf-8", "replace").rstrip()
            raise DataError(
                "this is not a file of word vectors",
                found=kinds[0] if kinds else shown,
                where=name if kinds else f"{name}:line 1",
                hint="the formats are word2vec (text or binary), GloVe and fastText's .vec",
            )
        return VectorFile(stream, name, False, dimension, None)
    except DAMAGE as error:
        raise cut_short(name, 0) from error


def is_binary(sample: bytes, dimension: int) -> bool:
    """Whether the bytes behind the first line are binary numbers: text has no control bytes."""
    line = sample.partition(b"\n")[0]
    return trailing_numbers(line) != dimension and has_control(sample)


def has_control(data: bytes) -> bool:
    """Whether there are bytes that no text has."""
    return len(data.translate(None, CONTROL)) < len(data)


def trailing_numbers(line: bytes) -> int:
    """How many numbers stand at the end of a line, not counting its first field."""
    fields = line.split()[1:]
    return sum(1 for _ in takewhile(is_number, reversed(fields)))


def is_number(field: bytes) -> bool:
    """Whether a field is a number, in the widest sense."""
    try:
        float(field)
    except ValueError:
        return False
    return True


def lines(stream: BinaryIO, name: str, start: int) -> Iterator[tuple[int, bytes]]:
    """Lines that are not empty, with their numbers from `start` up."""
    for number in count(start):
        line = stream.readline(LONGEST_LINE)
        if not line:
            return
        if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
            raise DataError(
                f"a line has more than {LONGEST_LINE:,} bytes", where=f"{name}:line {number}"
            )
        if not line.isspace():
            yield number, line


def cut_short(name: str, words: int) -> DataError:
    """The error of a file that ends too early, somewhere behind so many words."""
    return DataError(
        "the file of word vectors is cut short or damaged",
        where=f"{name}:behind word {words}" if words else name,
        hint="fetch it again",
    )
