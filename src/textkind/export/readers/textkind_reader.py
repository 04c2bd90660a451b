"""Reads a compact file of textkind and labels texts; needs Python 3.9 or later and nothing else.

    classifier = load("model.compact")      or the bytes of the file
    classifier.probabilities("a text")      one number a label, in the order of classifier.labels
    classifier.predict("a text")            the label; of several labels a list

The format is described in docs/compact-file.md of textkind. A file that is damaged, or that does
not give its golden texts the golden answers here, is refused with CompactFileError.
"""

from __future__ import annotations

import array
import bisect
import collections
import json
import math
import re
import struct
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Union

HEAD = struct.Struct("<8sIII")  # magic, version, checksum of all behind it, length of the header
TYPES = {"u1": "B", "i1": "b", "u2": "H", "i4": "i", "u4": "I", "f4": "f"}
MASK = (1 << 64) - 1
OFFSET, PRIME, MIX = 0xCBF29CE484222325, 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9
WORD, SOLITARY, SPACE, MARK, BORDER = 1, 2, 4, 8, 0x20


class CompactFileError(ValueError):
    """The file is no compact file, of another version, or damaged."""


def load(source: Union[str, Path, bytes]) -> Classifier:
    """The classifier of a compact file, a path or bytes."""
    if not isinstance(source, bytes):
        source = Path(source).read_bytes()
    if len(source) < HEAD.size or not source.startswith(b"textkind"):
        raise CompactFileError("this is not a compact file of textkind")
    _, version, checksum, length = HEAD.unpack_from(source)
    if version != 1:
        raise CompactFileError(f"the file has version {version}, this reader reads version 1")
    if zlib.crc32(source[16:]) != checksum:
        raise CompactFileError("the file is damaged: its checksum differs; copy it anew")
    place = HEAD.size + length
    header = json.loads(source[HEAD.size : place])
    arrays: dict[str, Any] = {}
    for name, kind, count, stored in header["arrays"]:
        arrays[name], place = array.array(TYPES[kind]), place + stored
        most = count * arrays[name].itemsize + 1
        unpacked = zlib.decompressobj().decompress(source[place - stored : place], most)
        if len(unpacked) != most - 1:
            raise CompactFileError(f"the file is damaged: {name} must have {count} numbers")
        arrays[name].frombytes(unpacked)
        if sys.byteorder == "big":
            arrays[name].byteswap()
    classifier = Classifier(header, arrays)
    for text, wanted, answer in header["golden"]:
        given = classifier.probabilities(text)
        if max(abs(one - other) for one, other in zip(given, wanted)) > 1e-6:
            raise CompactFileError(f"the golden text {text!r} has other probabilities here")
        if classifier.decision.answer(given) != answer:
            raise CompactFileError(f"the golden text {text!r} has another label here")
    return classifier


def well_formed(text: str) -> str:
    """The text with U+FFFD for halves of pairs, which UTF-8 has not."""
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


def mixed(hashed: int) -> int:
    """Every bit of a hash spread over all bits."""
    return (hashed ^ hashed >> 32) * MIX & MASK


def combine(left: int, right: int) -> int:
    """The hash of a run, of that of its beginning and that of its last unit."""
    return mixed(left * PRIME & MASK ^ right)


def rising(gaps: array.array) -> array.array:
    """Rising numbers of their gaps, less 1; a byte of 255 goes on in the next."""
    found, number = array.array("I"), -1
    for gap in gaps:
        number += gap + (gap < 255)
        if gap < 255:
            found.append(number)
    return found


class Characters(dict[int, tuple[int, int]]):
    """What each code point becomes, and what it is; looked up once."""

    def __init__(self, arrays: dict[str, Any]) -> None:
        self.starts, self.shifts = arrays["character starts"], arrays["character shifts"]
        self.kinds = arrays["character kinds"]

    def __missing__(self, point: int) -> tuple[int, int]:
        run = bisect.bisect(self.starts, point) - 1
        self[point] = found = point + self.shifts[run], self.kinds[run]
        return found


class Ngrams:
    """A text as hashed n-grams: two blocks, each of Euclidean length 1."""

    def __init__(self, settings: dict[str, Any], arrays: dict[str, Any]) -> None:
        self.settings, self.characters = settings, Characters(arrays)
        self.buckets = rising(arrays["gaps"])
        self.importance, self.codes = arrays["importance"], arrays["importance codes"]

    def weigh(self, text: str) -> list[tuple[int, float]]:
        """(row, value) of the known n-grams."""
        told, points, found = self.settings, [self.characters[ord(one)] for one in text], []
        if told["words"]:
            found += self.block(self.of_words(points), 0)
        if told["characters"]:
            found += self.block(self.of_characters(points), 1 << told["bits"])
        return found

    def block(self, hashes: Iterator[int], base: int) -> list[tuple[int, float]]:
        """The buckets of hashes that have a row, counted and weighed."""
        shift, found, squares = 64 - self.settings["bits"], [], 0.0
        for bucket, count in collections.Counter(one >> shift for one in hashes).items():
            row = bisect.bisect_left(self.buckets, base + bucket)
            if row < len(self.buckets) and self.buckets[row] == base + bucket:
                weight = 1 + math.log(min(count, 1023)) if self.settings["sublinear"] else count
                found.append((row, weight * self.importance[self.codes[row]]))
                squares += found[-1][1] ** 2
        return [(row, value / math.sqrt(squares)) for row, value in found]

    def words(self, points: list[tuple[int, int]]) -> list[int]:
        """Hashes of the words: runs of word characters, single letters, runs of a symbol."""
        found: list[int] = []
        hashed, symbol, alone, repeated = None, None, 0, False
        for point, kind in [*points, (BORDER, SPACE)]:
            inside = kind & WORD and not kind & SOLITARY and not (alone and not kind & MARK)
            if hashed is not None and not inside:
                found.append(mixed(hashed))
                hashed = None
            if kind & WORD:
                if hashed is None:
                    hashed, alone, symbol = OFFSET, kind & SOLITARY, None
                hashed = (hashed ^ point) * PRIME & MASK
            elif kind & SPACE or not self.settings["symbols"]:
                symbol = None
            elif point != symbol:
                found.append((OFFSET ^ point) * PRIME & MASK)
                symbol, repeated = point, False
            elif not repeated:  # two and more are alike
                found[-1], repeated = combine(found[-1], OFFSET), True
        return found

    def of_words(self, points: list[tuple[int, int]]) -> Iterator[int]:
        """Hashes of the runs of words."""
        units, (shortest, longest) = self.words(points), self.settings["words"]
        for first, hashed in enumerate(units):
            for last in range(first, min(first + longest, len(units))):
                hashed = hashed if last == first else combine(hashed, units[last])
                if last - first + 1 >= shortest:
                    yield hashed

    def of_characters(self, points: list[tuple[int, int]]) -> Iterator[int]:
        """Hashes of the runs of characters, within the stretches between white space or across."""
        shortest, longest = self.settings["characters"]
        line, borders = [BORDER], self.settings["word_borders"]
        for place, (point, kind) in enumerate([*points, (BORDER, SPACE)]):
            if not kind & SPACE:
                line.append(point)
            elif line[-1] != BORDER:
                line.append(BORDER)
            if len(line) > 1 and ((kind & SPACE and borders) or place == len(points)):
                for first in range(len(line)):
                    hashed = OFFSET
                    for last in range(first, min(first + longest, len(line))):
                        hashed = (hashed ^ line[last]) * PRIME & MASK
                        if last - first + 1 >= shortest:
                            yield mixed(hashed)
                    if first == 0 and len(line) < shortest:
                        yield mixed(hashed)
                line = [BORDER]


class Tokens:
    """A text as its tokens and the runs of them, each by its share."""

    def __init__(self, settings: dict[str, Any], arrays: dict[str, Any]) -> None:
        self.settings, self.characters = settings, Characters(arrays)
        spelled = arrays["vocabulary"].tobytes().decode().split("\n")
        self.ids = {token: number for number, token in enumerate(spelled) if token}
        buckets = rising(arrays["gaps"])
        self.runs = {bucket: len(spelled) + place for place, bucket in enumerate(buckets)}
        self.rows = {number: row for row, number in enumerate(rising(arrays["rows"]))}

    def tokens(self, text: str) -> list[int]:
        """The ids of the tokens."""
        raise NotImplementedError

    def weigh(self, text: str) -> list[tuple[int, float]]:
        """(row, share of the tokens) of those that have a row."""
        told, ids = self.settings, self.tokens(text)
        plain = len(ids)
        for first in range(plain):
            hashed = combine(0, ids[first])
            for last in range(first + 1, min(first + told["longest"], plain)):
                hashed = combine(hashed, ids[last])
                run = (hashed >> 32) * told["buckets"] >> 32
                if run in self.runs:
                    ids.append(self.runs[run])
        counts = collections.Counter(ids).items()
        return [(self.rows[one], count / len(ids)) for one, count in counts if one in self.rows]


class Words(Tokens):
    """Words as GloVe has them: don't is do and n't, U.S. and 1,000 are one."""

    # on a text of classes: a-z, 0 digit, _ other, M mark, A letter that stands alone, * symbol
    PATTERN = re.compile(
        r"'(?:[sdm]|re|ve|ll)(?!\w)|(?:[a-z_M]\.){2,}(?!\w)|AM*|n't(?!\w)"
        r"|[a-z_M0](?:(?!n't(?!\w))[a-z_M0]|(?<=0)[.,:](?=0))*|[^\w ]",
        re.ASCII,
    )

    def tokens(self, text: str) -> list[int]:
        """The ids of the words."""
        points = [self.characters[ord(character)] for character in text]
        classes = "".join(map(self.class_of, text, (kind for _, kind in points)))
        lowered = "".join(chr(point) for point, _ in points).replace("\u2019", "'")
        ids, end = [], 0
        while found := self.PATTERN.search(classes, end):
            start, end = found.span()
            if not classes[start].isalnum() and classes[start] != "_" and end == start + 1:
                while text[end : end + 1] == text[start]:  # a run of one symbol
                    end += 1
                word = lowered[start : min(end, start + 3)]
            else:
                word = lowered[start:end]
            ids.append(self.ids.get(word, self.settings["unknown"]))
        return ids

    @staticmethod
    def class_of(character: str, kind: int) -> str:
        """What the pattern sees of a character."""
        if not kind & WORD:
            symbol = "'" if character == "\u2019" else character
            return " " if kind & SPACE else symbol if symbol in "'.,:" else "*"
        if kind & (SOLITARY | MARK):
            return "A" if kind & SOLITARY else "M"
        lowered = character.lower() if character.isascii() else "_"
        return "0" if lowered.isdigit() else lowered


class WordPieces(Tokens):
    """Pieces of words as BERT has them, the longest first."""

    def tokens(self, text: str) -> list[int]:
        """The ids of the pieces, and of added tokens where they are spelled out."""
        told, ids = self.settings, []
        added = sorted(told["added"], key=len, reverse=True)
        parts = re.split("(" + "|".join(map(re.escape, added)) + ")", text) if added else [text]
        for part in parts:
            if part in told["added"]:
                ids.append(told["added"][part])
            else:
                for word in "".join(map(self.become, part)).split(" "):
                    ids += self.pieces(word)
        return ids

    def become(self, character: str) -> str:
        """What stands for a character; spaces stand between words."""
        point, kind = self.characters[ord(character)]
        if kind:
            return ("", chr(point), f" {chr(point)} ", " ", "")[kind]
        if character in self.settings["several"]:
            return str(self.settings["several"][character])
        first, rest = divmod(point - 0xAC00, 588)  # a Korean syllable: two letters or three
        middle, last = divmod(rest, 28)
        return chr(0x1100 + first) + chr(0x1161 + middle) + (chr(0x11A7 + last) if last else "")

    def pieces(self, word: str) -> list[int]:
        """The ids of a word; one unknown where a part of it is."""
        ids, start = [], 0
        while start < len(word) <= self.settings["longest_word"]:
            head = self.settings["prefix"] if start else ""
            for end in range(len(word), start, -1):
                if head + word[start:end] in self.ids:
                    break
            else:
                return [self.settings["unknown"]]
            ids.append(self.ids[head + word[start:end]])
            start = end
        return ids if start == len(word) else [self.settings["unknown"]]


class Decision:
    """Logits to probabilities, and those to labels."""

    def __init__(self, told: dict[str, Any], labels: int, several: bool) -> None:
        self.told, self.labels, self.several = told, labels, several

    def probabilities(self, logits: list[float]) -> list[float]:
        """A probability for each label; of one label a text they add up to 1."""
        told = self.told
        lines = zip(logits, told["scales"], told["offsets"])
        scaled = [z * scale + move for z, scale, move in lines]
        if self.several or told["sigmoid"]:
            lift = 0 if self.several else max(-20 - max(scaled), 0)  # their ratios stay
            found = self.shares([sigmoid(z + lift) for z in scaled])
        else:
            found = self.shares([math.exp(z - max(scaled)) for z in scaled])
        if told["curves"]:
            plain = [min(max(chance, 1e-12), 1 - 1e-12) for chance in found]
            bent = [curved(curve, chance) for curve, chance in zip(told["curves"], plain)]
            found = self.shares([now + 1e-3 * (then - now) for now, then in zip(bent, plain)])
        return found

    def shares(self, chances: list[float]) -> list[float]:
        """Chances as probabilities: of one label a text they are made to add up to 1."""
        return chances if self.several else [chance / sum(chances) for chance in chances]

    def answer(self, probabilities: list[float]) -> Any:
        """The place of the label; of several labels their places."""
        rule, places = self.told["rule"], range(self.labels)
        if not self.several and rule["costs"]:
            columns = zip(*rule["costs"])
            probabilities = [-sum(map(lambda p, c: p * c, probabilities, one)) for one in columns]
        elif not self.several:
            probabilities = [p * weight for p, weight in zip(probabilities, rule["weights"])]
        best = sorted(places, key=lambda k: -probabilities[k])
        if not self.several:
            return best[0]
        if rule["top"]:
            return sorted(best[: rule["top"]])
        given = [k for k in places if probabilities[k] >= rule["thresholds"][k]]
        return given or best[: rule["at_least_one"]]


class Classifier:
    """A model and its decision; labels as in training, several: whether a text may have several."""

    def __init__(self, header: dict[str, Any], arrays: dict[str, Any]) -> None:
        self.labels, self.several = header["labels"], header["several"]
        self.decision = Decision(header["decision"], len(self.labels), self.several)
        self.features = FEATURES[header["features"]["kind"]](header["features"], arrays)
        self.biases, self.steps = header["biases"], arrays["steps"]
        self.scales, self.codes = arrays["scales"], arrays["scale codes"]

    def logits(self, text: str) -> list[float]:
        """One number a label, before calibration."""
        margins, width = list(self.biases), len(self.biases)
        for row, value in self.features.weigh(well_formed(text)):
            value *= self.scales[self.codes[row]]
            for problem, step in enumerate(self.steps[row * width : row * width + width]):
                margins[problem] += value * step
        return [-margins[0] / 2, margins[0] / 2] if width < len(self.labels) else margins

    def probabilities(self, text: str) -> list[float]:
        """A probability for each label."""
        return self.decision.probabilities(self.logits(text))

    def predict(self, text: str) -> Any:
        """The label of a text; of several labels a list of them."""
        answer = self.decision.answer(self.probabilities(text))
        return [self.labels[k] for k in answer] if self.several else self.labels[answer]


def sigmoid(score: float) -> float:
    """1 / (1 + exp(-score))."""
    return 1 / (1 + math.exp(min(max(-score, -80), 80)))


def curved(curve: dict[str, Any], chance: float) -> float:
    """A chance on a label's curve: a sigmoid of its logarithms, or straight lines."""
    having, lacking = math.log(chance), math.log1p(-chance)
    if "a" in curve:
        return sigmoid(curve["a"] * having - curve["b"] * lacking + curve["c"])
    score, scores, values = having - lacking, curve["scores"], curve["values"]
    behind = bisect.bisect(scores, score)
    if behind in (0, len(scores)):
        return float(values[min(behind, len(scores) - 1)])
    (low, high), (first, last) = scores[behind - 1 : behind + 1], values[behind - 1 : behind + 1]
    return float(first + (last - first) * (score - low) / (high - low))


FEATURES: dict[str, Any] = {"ngrams": Ngrams, "words": Words, "wordpieces": WordPieces}
