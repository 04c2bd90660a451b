"""The compact file: three readers give one answer, to any text, and refuse what is damaged."""

import ast
import json
import shutil
import struct
import subprocess
import sys
import zlib

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.export.small_models import (
    CALIBRATORS,
    ODD,
    READERS,
    SETTINGS,
    TEXTS,
    NodeReader,
    linear,
)
from textkind.classifier import predict_ids, predict_probabilities
from textkind.decision.rule import Rule
from textkind.decision.temperature import Temperature
from textkind.errors import ModelFolderError
from textkind.export.compact_file import compact_bytes, gap_bytes, verified
from textkind.export.readers.textkind_reader import CompactFileError, load, rising

GOLDEN = ("late!", "", "最初の parcel")
THREE, TWO = ("billing", "delivery", "login"), ("billing", "delivery")
RULES = {
    "weights": (Rule(weights=(1.0, 3.0, 0.5)), False),
    "costs": (Rule(costs=((0.0, 1.0, 9.0), (5.0, 0.0, 1.0), (1.0, 2.0, 0.0))), False),
    "thresholds": (Rule(thresholds=(0.3, 0.6, 0.5)), True),
    "at least one": (Rule(thresholds=0.9, at_least_one=True), True),
    "top": (Rule(top=2), True),
}
# letters with case, marks, symbols, scripts without spaces, what BERT takes apart, and all else
MIXED = st.text(
    st.one_of(st.sampled_from("ab'’n.t,:19 é한漢กÅßİⒶⓐ…!\u0301\u200d😀\n"), st.characters()),
    max_size=40,
)


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    reader = NodeReader(tmp_path_factory.mktemp("node"))
    yield reader
    reader.close()


def strings(texts):
    return pa.array(texts, pa.large_string())


def check(classifier, data, texts, node=None, path=None):
    """The readers give what the classifier gives, and the same among themselves."""
    reader = load(data)
    chances = predict_probabilities(classifier, strings(texts))
    found = np.array([reader.probabilities(text) for text in texts])
    np.testing.assert_allclose(found, chances, atol=1e-6)
    labels = [reader.predict(text) for text in texts]
    # where two labels are nearly equal, float32 may choose the other
    firm = [np.abs(np.diff(np.sort(row))).min() > 1e-5 for row in chances]
    for text, label, ids, sure in zip(
        texts, labels, predict_ids(classifier, strings(texts)), firm, strict=True
    ):
        names = classifier.classes
        wanted = [names[k] for k in np.flatnonzero(ids)] if np.ndim(ids) else names[ids]
        assert not sure or label == wanted, text
    if node is not None:
        path.write_bytes(data)
        answers = node.ask(file=str(path), texts=list(texts))["answers"]
        given = np.array([one["probabilities"] for one in answers])
        np.testing.assert_allclose(given, found, rtol=0, atol=1e-12)
        assert [one["label"] for one in answers] == labels


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("names", [TWO, THREE], ids=["two", "three"])
def test_features_of_every_kind_are_read_alike(node, tmp_path, name, names):
    classifier = linear(SETTINGS[name], names, Temperature)
    data = compact_bytes(classifier, GOLDEN, {})
    check(classifier, data, [*ODD, *TEXTS[:20]], node, tmp_path / "model.compact")


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("calibrator", CALIBRATORS, ids=lambda one: one.name)
def test_every_calibrator_is_read_alike(node, tmp_path, calibrator, several):
    if several and not calibrator.several:
        pytest.skip("for one label a text")
    classifier = linear(SETTINGS["words"], THREE, calibrator, several=several)
    data = compact_bytes(classifier, GOLDEN, {})
    check(classifier, data, [*ODD, *TEXTS[:20]], node, tmp_path / "model.compact")


@pytest.mark.parametrize("name", RULES)
def test_every_rule_is_read_alike(node, tmp_path, name):
    rule, several = RULES[name]
    classifier = linear(SETTINGS["words"], THREE, Temperature, rule, several=several)
    data = compact_bytes(classifier, GOLDEN, {})
    check(classifier, data, [*ODD, *TEXTS[:20]], node, tmp_path / "model.compact")


class TestAnyText:
    """One model, with words and characters, asked for texts that nobody writes."""

    @pytest.fixture(scope="class")
    @staticmethod
    def asked(node, tmp_path_factory):
        classifier = linear(SETTINGS["both"], THREE, Temperature)
        path = tmp_path_factory.mktemp("any") / "model.compact"
        return classifier, compact_bytes(classifier, GOLDEN, {}), path

    @settings(max_examples=60)
    @given(texts=st.lists(MIXED, min_size=1, max_size=8))
    def test_any_text_is_read_alike(self, node, asked, texts):
        well_formed = [text.encode("utf-8", "replace").decode() for text in texts]
        check(*asked[:2], well_formed, node, asked[2])

    def test_half_a_pair_counts_as_the_replacement_character(self, node, asked):
        _, data, path = asked
        path.write_bytes(data)
        broken, mended = "late \ud83d box", "late \ufffd box"
        answers = node.ask(file=str(path), texts=[broken, mended])["answers"]
        assert answers[0] == answers[1]
        reader = load(data)
        assert reader.probabilities(broken) == reader.probabilities(mended)


@given(st.lists(st.integers(0, 2000), max_size=50))
def test_gaps_of_any_length_come_back(gaps):
    numbers = np.cumsum(np.array(gaps, np.int64) + 1) - 1
    assert rising(gap_bytes(numbers).tobytes()).tolist() == numbers.tolist()


@pytest.fixture(scope="module")
def small():
    return compact_bytes(linear(SETTINGS["words"], THREE, Temperature), GOLDEN, {"source": "ours"})


@settings(max_examples=60)
@given(place=st.integers(0), bit=st.integers(0, 7))
def test_a_changed_bit_is_refused(small, place, bit):
    data = bytearray(small)
    data[place % len(data)] ^= 1 << bit
    with pytest.raises(CompactFileError):
        load(bytes(data))


@settings(max_examples=30)
@given(length=st.integers(0))
def test_a_part_of_a_file_is_refused(small, length):
    with pytest.raises(CompactFileError):
        load(small[: length % len(small)])


def resealed(data, change):
    """The file with its header changed by someone who knows the checksum."""
    length = struct.unpack_from("<I", data, 16)[0]
    header = json.loads(data[20 : 20 + length])
    change(header)
    encoded = json.dumps(header).encode()
    behind = struct.pack("<I", len(encoded)) + encoded + data[20 + length :]
    return data[:12] + struct.pack("<I", zlib.crc32(behind)) + behind


def golden_probability(header):
    header["golden"][0][1][0] += 2e-6


def golden_label(header):
    header["golden"][0][2] = (header["golden"][0][2] + 1) % 3


def one_number_more(header):
    header["arrays"][3][2] += 1


REFUSED = [
    (lambda data: b"PK" + data[2:], "this is not a compact file of textkind"),
    (lambda data: b"", "this is not a compact file of textkind"),
    (
        lambda data: data[:8] + struct.pack("<I", 7) + data[12:],
        "the file has version 7, this reader reads version 1",
    ),
    (
        lambda data: data[:-1] + bytes([data[-1] ^ 1]),
        "the file is damaged: its checksum differs; copy it anew",
    ),
    (
        lambda data: resealed(data, golden_probability),
        "the golden text 'late!' has other probabilities here",
    ),
    (lambda data: resealed(data, golden_label), "the golden text 'late!' has another label here"),
    (lambda data: resealed(data, one_number_more), "the file is damaged: gaps must have"),
]


@pytest.mark.parametrize(("change", "told"), REFUSED)
def test_both_readers_say_what_is_wrong(small, node, tmp_path, change, told):
    data = change(small)
    with pytest.raises(CompactFileError) as caught:
        load(data)
    assert str(caught.value).startswith(told)
    path = tmp_path / "damaged.compact"
    path.write_bytes(data)
    assert node.ask(file=str(path))["error"].startswith(f"CompactFileError: {told}")


def test_a_damaged_file_is_an_error_of_ours(small):
    with pytest.raises(ModelFolderError, match="cannot be used: the file is damaged") as caught:
        verified(small[:-1], "here")
    assert caught.value.where == "here"
    assert "export the model again" in caught.value.hint


def test_the_reader_needs_the_standard_library_of_python_3_9(small, tmp_path):
    source = (READERS / "textkind_reader.py").read_text()
    tree = ast.parse(source, feature_version=(3, 9))
    imported = {
        (node.module if isinstance(node, ast.ImportFrom) else alias.name).split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert imported <= sys.stdlib_module_names
    (tmp_path / "textkind_reader.py").write_text(source)
    (tmp_path / "model.compact").write_bytes(small)
    code = "import textkind_reader as r; print(r.load('model.compact').predict('late parcel box'))"
    # -I and -S: no site-packages, so neither textkind nor numpy
    code = f"import sys; sys.path.insert(0, '.'); {code}"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "delivery\n"
