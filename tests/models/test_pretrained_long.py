"""Pretrained encoders on long texts whose telling words stand behind what is read of the head."""

import numpy as np
import pyarrow as pa
import pytest

pytest.importorskip("torch")
pytest.importorskip("tokenizers")
pytest.importorskip("transformers")

from tests.models.encoder_folders import write_encoder
from textkind.data.corpus import Corpus
from textkind.data.labels import LabelSet
from textkind.models.long_settings import LongSettings
from textkind.models.networks.pretrained_settings import (
    FrozenSettings,
    PretrainedSettings,
)
from textkind.models.neural import fit_neural
from textkind.models.neural_settings import PRETRAINED_TOKENS, NeuralSettings
from textkind.training.settings import TrainingSettings

TOPICS = [["cat", "dog"], ["red", "blue"], ["walk", "talk"]]
OTHERS = ["the", "sat", "ran"]
KINDS = {
    "frozen": FrozenSettings(label_names=False),
    "pretrained": PretrainedSettings(label_names=False, few_shot=False),
}
TRAINING = TrainingSettings(epochs=2, learning_rate=0.003, batch_texts=16, precision="float32")


def corpus(rows, before, telling, behind, seed=0):
    """Texts of other words, telling ones, and others again; every fifth has telling ones alone."""
    random = np.random.default_rng(seed)
    targets = (np.arange(rows) % 3).astype(np.int32)
    texts = []
    for row, target in enumerate(targets):
        words = [*random.choice(TOPICS[target], telling)]
        if row % 5:
            words = (OTHERS * before)[:before] + words + (OTHERS * behind)[:behind]
        texts.append(" ".join(words))
    return Corpus(pa.array(texts, pa.large_string()), targets, LabelSet(tuple("abc")),
                  np.arange(rows))  # fmt: skip


def fitted(folder, kind, strategy, train, held_out, **settings):
    given = NeuralSettings(
        layers=KINDS[kind], encoder=folder, long=LongSettings(strategy), training=TRAINING,
        **settings,
    )  # fmt: skip
    return fit_neural(train, held_out, given, threads=1)


def right(model, held_out):
    """The share of the long texts with the right label."""
    is_long = np.arange(len(held_out)) % 5 > 0
    found = model.logits(held_out.texts).argmax(axis=1)
    return (found == held_out.targets)[is_long].mean()


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    return write_encoder(tmp_path_factory.mktemp("encoders") / "bert", "bert", scale=0.1)


@pytest.fixture(scope="module", params=["modernbert", "longformer"])
def far_reaching(request, tmp_path_factory):
    """An encoder with positions for 300 tokens and their frame; Longformer's begin behind two."""
    rows = {"modernbert": 302, "longformer": 304}[request.param]
    place = tmp_path_factory.mktemp("encoders") / request.param
    return write_encoder(place, request.param, scale=0.1, max_position_embeddings=rows)


def account(texts, telling, length, read):
    """The ledger of a part whose long texts have that length and are read so far."""
    long = texts - -(-texts // 5)
    return {
        "texts": texts,
        "texts_cut": long,
        "tokens": length * long + telling * (texts - long),
        "tokens_unread": (length - read) * long,
    }


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("strategy", "behind"), [("head-tail", 0), ("retrieve", 20)])
def test_the_end_and_telling_passages_are_found(bert, kind, strategy, behind):
    train, held_out = corpus(60, 32, 8, behind), corpus(30, 32, 8, behind, seed=1)
    made = fitted(bert, kind, strategy, train, held_out, max_tokens=16)
    head = fitted(bert, kind, "head", train, held_out, max_tokens=16)
    assert right(head.model, held_out) < 0.6
    assert right(made.model, held_out) > 0.9
    length = 32 + 8 + behind
    for model in (made.model, head.model):
        assert model.facts["long"]["max_tokens"] == 16
        assert model.facts["long"]["parts"] == {
            "train": account(60, 8, length, 16),
            "validation": account(30, 8, length, 16),
        }


@pytest.mark.parametrize("kind", KINDS)
def test_native_reads_as_far_as_there_are_positions(far_reaching, kind):
    train, held_out = corpus(60, 260, 32, 10), corpus(30, 260, 32, 10, seed=1)  # 302 tokens
    made = fitted(far_reaching, kind, "native", train, held_out)
    head = fitted(far_reaching, kind, "head", train, held_out)
    assert right(head.model, held_out) < 0.6
    assert right(made.model, held_out) > 0.9
    for model, read in ((made.model, 300), (head.model, PRETRAINED_TOKENS)):
        assert model.facts["long"]["max_tokens"] == read
        assert model.facts["long"]["parts"] == {
            "train": account(60, 32, 302, read),
            "validation": account(30, 32, 302, read),
        }
