"""Networks that average become a table: the same logits, and readers that know their tokens."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

pytest.importorskip("torch")

from hypothesis import given, settings

from tests.export.conftest import LABELS, NAMES, TEXTS, TRAINING
from tests.export.small_models import ODD
from tests.export.test_compact_file import MIXED, check, node  # noqa: F401
from textkind.classifier import Classifier
from textkind.data.corpus import Corpus
from textkind.data.labels import LabelSet
from textkind.decision.decision import Decision
from textkind.decision.temperature import Temperature
from textkind.errors import SettingsError
from textkind.export.compact import CompactSettings, compact
from textkind.export.compact_file import compact_bytes
from textkind.export.static_table import row_influence, static_table, token_shares, with_rows
from textkind.models.networks.settings import CnnSettings, MeanPoolSettings
from textkind.models.neural import fit_neural
from textkind.models.neural_settings import NeuralSettings

GOLDEN = ("late!", "", "最初の parcel")
SETTINGS = {
    "words": NeuralSettings(layers=MeanPoolSettings(8), training=TRAINING),
    "runs": NeuralSettings(
        layers=MeanPoolSettings(8, pooling="sif"), ngrams=3, buckets=512, training=TRAINING
    ),
    "pieces": NeuralSettings(
        layers=MeanPoolSettings(8), tokens="wordpiece", ngrams=2, buckets=256, training=TRAINING
    ),
}
REFUSED = {
    "hidden": (MeanPoolSettings(8, hidden=4), {}, "needs no hidden layer"),
    "max": (MeanPoolSettings(8, pooling="max"), {}, "needs a mean of vectors"),
    "cut": (MeanPoolSettings(8), {"max_tokens": 16}, "needs texts read to their end"),
    "bpe": (MeanPoolSettings(8), {"tokens": "bpe"}, "tokens that are words, or pieces of words"),
    "cnn": (CnnSettings(8, (2,), 4), {}, "holds a linear model or static vectors"),
}


def trained(given, names=NAMES):
    rows = [row for row, label in enumerate(LABELS) if label in names]
    targets = np.array([names.index(LABELS[row]) for row in rows], np.int32)
    texts = pa.array([TEXTS[row] for row in rows], pa.large_string())
    corpus = Corpus(texts, targets, LabelSet(names), np.arange(len(rows)))
    return Classifier(fit_neural(corpus, None, given).model, Decision(False), names)


@pytest.fixture(scope="module")
def networks():
    return {name: trained(given) for name, given in SETTINGS.items()}


@pytest.mark.parametrize("name", SETTINGS)
def test_the_table_gives_the_logits_of_the_network(networks, name):
    model = networks[name].model
    table = static_table(model)
    texts = pa.array([*ODD, *TEXTS], pa.large_string())
    wanted = model.logits(texts)
    # a byte for each number of a row, whose largest is the row's scale
    allowed = np.abs(table.steps * table.scales[:, None]).max() / 127
    np.testing.assert_allclose(table.logits(texts), wanted, atol=allowed + 1e-5)


def test_two_labels_are_one_column():
    table = static_table(trained(SETTINGS["words"], NAMES[:2]).model)
    assert table.steps.shape[1] == 1
    assert table.logits(pa.array(TEXTS, pa.large_string())).shape[1] == 2


@pytest.mark.parametrize("name", SETTINGS)
def test_tokens_of_every_kind_are_read_alike(networks, node, tmp_path, name):  # noqa: F811
    classifier = replace(networks[name], model=static_table(networks[name].model))
    data = compact_bytes(classifier, GOLDEN, {})
    check(classifier, data, [*ODD, *TEXTS[:20]], node, tmp_path / "model.compact")


@pytest.mark.parametrize("name", SETTINGS)
def test_any_text_is_read_alike(networks, node, tmp_path_factory, name):  # noqa: F811
    classifier = replace(networks[name], model=static_table(networks[name].model))
    path = tmp_path_factory.mktemp("static") / "model.compact"
    data = compact_bytes(classifier, GOLDEN, {})

    @settings(max_examples=40)
    @given(text=MIXED)
    def alike(text):
        text = text.encode("utf-8", "replace").decode()
        check(classifier, data, [text], node, path)
        tokens = classifier.model.encoder.encode(pa.array([text], pa.large_string()))
        assert sum(load_weights(data, text)) == pytest.approx(int(tokens.ids.size > 0))

    alike()


def load_weights(data, text):
    from textkind.export.readers.textkind_reader import load

    return [share for _, share in load(data).features.weigh(text)]


def test_rows_that_are_left_out_still_count_in_the_mean(networks):
    table = static_table(networks["runs"].model)
    texts = pa.array(TEXTS, pa.large_string())
    influence = row_influence(table, texts)
    shares = token_shares(table.encoder, texts).toarray()
    weights = np.abs(table.steps * table.scales[:, None].astype(float)).max(axis=1)
    np.testing.assert_allclose(influence, np.linalg.norm(shares, axis=0) * weights, rtol=1e-6)
    kept = np.flatnonzero(influence >= np.sort(influence)[-20])
    fewer = with_rows(table, kept)
    rows = np.where(np.isin(table.ids, kept)[:, None], table.steps * table.scales[:, None], 0)
    wanted = shares @ rows + table.biases
    np.testing.assert_allclose(fewer.logits(texts), wanted, atol=1e-5)


def test_a_table_is_pruned_to_a_size(networks):
    classifier = replace(networks["pieces"], decision=Decision(False, Temperature(2.0)))
    texts = pa.array(TEXTS, pa.large_string())
    whole = compact(classifier, data=texts, golden=GOLDEN, told={})
    assert whole.facts["changed"] == 0
    settings = CompactSettings(len(whole.data) / 1e6 - 0.0001, most_changed=1.0)
    small = compact(classifier, settings, data=texts, golden=GOLDEN, told={})
    assert len(small.data) <= settings.most_mb * 1e6
    assert small.facts["rows"] < small.facts["of"]


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_table_cannot_be_is_told(name):
    layers, more, problem = REFUSED[name]
    classifier = trained(NeuralSettings(layers=layers, training=TRAINING, **more))
    with pytest.raises(SettingsError, match=problem) as caught:
        compact(classifier, golden=GOLDEN, told={})
    assert "textkind distil" in caught.value.hint


def test_a_table_is_no_model_folder(networks):
    with pytest.raises(SettingsError, match="kept in a compact file alone"):
        static_table(networks["words"].model).state()
