"""How a pretrained encoder is trained: head first, frozen layers, rates by layer, low rank."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from sklearn.linear_model import LogisticRegression

torch = pytest.importorskip("torch")
pytest.importorskip("tokenizers")
pytest.importorskip("transformers")

from tests.models.encoder_folders import write_encoder  # noqa: E402
from tests.models.tiny_training import (  # noqa: E402
    ONCE,
    STILL,
    TRAINING,
    corpus,
    fit,
    untrained,
    weights_of,
)
from textkind.data.corpus import Corpus  # noqa: E402
from textkind.data.labels import LabelSet  # noqa: E402
from textkind.encoding.tokens import Tokens  # noqa: E402
from textkind.errors import SettingsError  # noqa: E402
from textkind.models import kept_states  # noqa: E402
from textkind.models.long_settings import LongSettings  # noqa: E402
from textkind.models.networks.bert import Bert  # noqa: E402
from textkind.models.networks.pretrained_settings import (  # noqa: E402
    FrozenSettings,
    PretrainedSettings,
)
from textkind.models.networks.windows import plain_network  # noqa: E402
from textkind.models.neural import fit_neural, trained_again  # noqa: E402
from textkind.models.neural_settings import NeuralSettings  # noqa: E402
from textkind.models.pretrained import enough_to_start  # noqa: E402
from textkind.progress import Talk  # noqa: E402
from textkind.training.settings import Places  # noqa: E402
from textkind.training.tasks import Examples  # noqa: E402


class Remembers(Talk):
    def __init__(self):
        self.notes = []

    def note(self, message):
        self.notes.append(message)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("encoders") / "bert"
    return write_encoder(place, "bert", scale=0.1)


def test_the_head_of_a_frozen_encoder_is_that_of_scikit_learn(folder):
    model = fit(folder, FrozenSettings(strength=10.0), validation=False).model
    train = corpus()
    vectors = model.vectors(train.texts).astype(np.float64)
    expected = LogisticRegression(C=10.0, tol=1e-8, max_iter=5000).fit(vectors, train.targets)
    wanted = expected.predict_proba(vectors)
    logits = model.logits(train.texts)
    found = np.exp(logits - np.logaddexp.reduce(logits, axis=1, keepdims=True))
    np.testing.assert_allclose(found, wanted, atol=0.01)


def test_a_frozen_encoder_does_not_change_and_its_head_learns_validation_too(folder):
    before = untrained(folder)
    apart = fit(folder, FrozenSettings(strength=10.0))
    whole = fit(folder, FrozenSettings(strength=10.0), refit=True)
    for key, tensor in weights_of(whole.model).items():
        assert torch.equal(tensor, before[key]) == (not key.startswith("head.")), key
    np.testing.assert_array_equal(apart.validation_logits, whole.validation_logits)
    assert (apart.model.facts["texts"], whole.model.facts["texts"]) == (60, 90)
    assert not torch.equal(apart.model.network.head.weight, whole.model.network.head.weight)


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize(("most", "rows"), [(0, 1), (7, 4), (8, 5), (21, 7), (99, 8)])
def test_a_head_begins_with_the_first_texts_and_one_of_each_label(monkeypatch, several, most, rows):
    monkeypatch.setattr("textkind.models.pretrained.START_TOKENS", most)
    offsets = np.array([0, 2, 3, 6, 7, 8, 10, 15, 22])
    targets = np.array([1, 0, 1, 2, 2, 0, 2, 3])
    given = np.eye(5, dtype=np.uint8)[targets] if several else targets
    found = enough_to_start(Examples(Tokens(np.arange(22, dtype=np.int32), offsets), given))
    expected = np.union1d(np.arange(rows), [0, 1, 3, 7])
    assert found.tokens.offsets[-1] == found.tokens.ids.size
    firsts = found.tokens.ids[found.tokens.offsets[:-1]]
    np.testing.assert_array_equal(firsts, offsets[expected])
    np.testing.assert_array_equal(found.targets, given[expected])


def test_a_network_begins_from_few_texts_and_a_frozen_one_from_all(folder, monkeypatch):
    still = replace(STILL, interpolation=0.001)
    whole = fit(folder, still, validation=False).model.network.head.weight
    frozen = fit(folder, FrozenSettings(strength=10.0), validation=False).model.network.head.weight
    monkeypatch.setattr("textkind.models.pretrained.START_TOKENS", 40)
    few = fit(folder, still, validation=False).model.network.head.weight
    assert (whole - frozen).abs().max() < 0.01 < (few - frozen).abs().max()
    again = fit(folder, FrozenSettings(strength=10.0), validation=False).model.network.head.weight
    assert torch.equal(again, frozen)


def test_the_strength_is_the_best_on_validation(folder):
    facts = fit(folder, FrozenSettings()).model.facts
    tried = facts["head"]["tried"]
    best = min(tried, key=lambda one: one["log_loss"])
    assert facts["head"]["strength"] == best["strength"]
    assert facts["settings"]["layers"]["strength"] == best["strength"]


def test_training_begins_at_the_head_that_fits(folder):
    frozen = fit(folder, FrozenSettings(strength=10.0))
    slow = replace(TRAINING, learning_rate=1e-9, epochs=1)
    whole = fit(folder, STILL, training=slow)
    np.testing.assert_allclose(whole.validation_logits, frozen.validation_logits, atol=1e-4)


@pytest.mark.parametrize("freeze", [1, 2, 3])
def test_frozen_layers_stay_and_kept_states_change_nothing(folder, freeze, monkeypatch):
    before = untrained(folder)
    layers = replace(STILL, freeze=freeze, strength=0.1)  # far from what fits: all has a slope
    kept = weights_of(fit(folder, layers, training=ONCE, validation=False).model)
    monkeypatch.setattr(kept_states, "MOST_BYTES", 0)
    plain = weights_of(fit(folder, layers, training=ONCE, validation=False).model)
    assert list(kept) == list(plain)
    for key, tensor in kept.items():
        place = key.split(".")
        is_below = key.startswith(("embedding", "frame", "encoder.positions", "encoder.norm")) or (
            place[1] == "blocks" and int(place[2]) < freeze
        )
        if is_below:
            assert torch.equal(tensor, before[key]), key
        elif not key.startswith("head."):
            assert not torch.equal(tensor, before[key]), key
        # the step is up to 0.03 long, and the heads it begins from fit vectors rounded otherwise
        torch.testing.assert_close(tensor, plain[key], atol=1e-4, rtol=0)


@pytest.mark.parametrize("family", ["bert", "electra"])
@pytest.mark.parametrize("long", [{}, {"max_tokens": 4, "long": LongSettings("windows")}])
def test_vectors_of_tokens_that_are_not_tuned_stay(family, long, tmp_path):
    folder = write_encoder(tmp_path / family, family, scale=0.1)
    before = untrained(folder)
    layers = replace(STILL, layer_decay=0.9)
    made = fit(folder, layers, training=ONCE, validation=False, tune_vectors=False, **long)
    after = {name.removeprefix("inner."): one for name, one in weights_of(made.model).items()}
    stays = {name for name in before if torch.equal(after[name], before[name])}
    table = {"encoder.model.embeddings.word_embeddings.weight"} & set(before)  # of transformers
    assert {"embedding.weight", "frame"} | table <= stays
    assert not {name for name in stays if name.endswith((".weight", "positions"))} - {
        "embedding.weight",
        *table,
    }


def test_frozen_layers_read_every_text_once(folder, monkeypatch):
    read, plain = [], Bert._through

    def counted(self, x, mask, first, end):
        read.extend([(first, end)] * len(x))
        return plain(self, x, mask, first, end)

    monkeypatch.setattr(Bert, "_through", counted)
    facts = fit(folder, replace(STILL, freeze=2), training=ONCE).model.facts
    assert read.count((0, 2)) == facts["texts"] + 30  # of validation
    assert {first for first, _ in read} == {0, 2}
    assert (0, 3) not in read


def test_lower_layers_move_less_by_the_decay(folder):
    before = untrained(folder)
    plain = weights_of(fit(folder, STILL, training=ONCE, validation=False).model)
    slowed = weights_of(
        fit(folder, replace(STILL, layer_decay=0.5), training=ONCE, validation=False).model
    )
    for key, below in (
        ("encoder.blocks.2.inner.bias", 1),
        ("encoder.blocks.0.inner.bias", 3),
        ("encoder.positions", 4),
        ("embedding.weight", 4),
    ):
        moved, less = plain[key] - before[key], slowed[key] - before[key]
        assert moved.abs().max() > 1e-6
        torch.testing.assert_close(less, moved * 0.5**below, atol=1e-7, rtol=2e-2)


def test_low_rank_updates_are_of_low_rank_and_leave_a_plain_network(folder):
    pytest.importorskip("peft")
    before = untrained(folder)
    after = weights_of(fit(folder, replace(STILL, lora=2)).model)
    assert list(after) == list(before)
    for key in before:
        change = after[key] - before[key]
        if key.endswith(("query_key_value.weight", "inner.weight")):
            assert 1 <= torch.linalg.matrix_rank(change, rtol=1e-3) <= 2, key
        elif not key.startswith("head."):
            assert change.abs().max() == 0 or key.endswith("weight"), key


def test_large_encoders_get_low_rank_updates_by_themselves(folder, monkeypatch):
    pytest.importorskip("peft")
    monkeypatch.setattr("textkind.models.low_rank.LARGE", 100)
    talk = Remembers()
    fit(folder, STILL, talk=talk)
    assert any("low-rank updates of rank 16" in note for note in talk.notes)


def test_states_computed_twice_are_the_same(folder):
    layers = PretrainedSettings(strength=10.0)
    kept = weights_of(fit(folder, layers).model)
    twice = weights_of(fit(folder, replace(layers, checkpointing=True)).model)
    for key, tensor in kept.items():
        torch.testing.assert_close(tensor, twice[key], atol=1e-5, rtol=1e-4)


def test_a_training_that_was_interrupted_ends_in_the_same_bits(folder, tmp_path):
    places = Places(checkpoints=tmp_path / "kept", checkpoint_steps=3)
    whole = fit(folder, replace(STILL, freeze=1), places=places)
    newest = sorted((tmp_path / "kept").iterdir())[-1]
    for path in (tmp_path / "kept").iterdir():
        if path == newest:
            path.unlink()
    again = fit(folder, replace(STILL, freeze=1), places=places)
    for key, tensor in weights_of(whole.model).items():
        assert torch.equal(tensor, again.model.network.state_dict()[key]), key


@pytest.mark.parametrize("freeze", [0, 1], ids=["whole", "upper layers"])
def test_a_share_of_the_way_trained_is_gone(folder, freeze):
    layers = replace(STILL, freeze=freeze)
    start = weights_of(fit(folder, replace(layers, interpolation=1e-9)).model)
    end = weights_of(fit(folder, layers).model)
    half = fit(folder, replace(layers, interpolation=0.5))
    for key, tensor in weights_of(half.model).items():
        torch.testing.assert_close(tensor, (start[key] + end[key]) / 2, atol=1e-6, rtol=1e-5)
    assert half.model.facts["interpolation"]["share"] == 0.5
    logits = half.model.logits(corpus(30, seed=1).texts)
    np.testing.assert_allclose(half.validation_logits, logits, atol=1e-5)


def test_the_share_is_the_best_on_validation_and_that_of_training_once_more(folder):
    layers = replace(STILL, interpolation=None)
    made = fit(folder, layers)
    facts = made.model.facts["interpolation"]
    best = min(facts["tried"], key=lambda one: one["log_loss"])
    assert [one["share"] for one in facts["tried"]] == [1.0, 0.85, 0.7, 0.5]
    assert facts["share"] == best["share"] == made.model.layers.interpolation
    kept, told = made.model.facts["best"], made.model.facts
    assert (kept["epoch"], kept["step"]) == (told["epochs"], told["steps"])
    assert kept["log_loss"] == best["log_loss"]
    assert told["history"][-1]["log_loss"] == facts["tried"][0]["log_loss"]  # the last epoch's
    logits = made.model.logits(corpus(30, seed=1).texts)
    np.testing.assert_allclose(made.validation_logits, logits, atol=1e-5)
    again = fit(folder, layers, refit=True).model.facts
    assert again["refit"]["interpolation"] == {"share": best["share"]}
    without = fit(folder, layers, validation=False).model.facts
    assert without["interpolation"] == {"share": 0.8}


@pytest.mark.parametrize("pooled", ["vectors", "logits"])
@pytest.mark.parametrize("pooling", ["mean", "max", "attention"])
def test_long_texts_are_read_in_windows(folder, pooled, pooling):
    long = LongSettings("windows", pooled=pooled, pooling=pooling)
    made = fit(folder, STILL, max_tokens=4, long=long)
    texts = corpus(20, seed=3).texts
    assert np.isfinite(made.model.logits(texts)).all()
    head = plain_network(made.model.network).head
    assert head.weight.shape == (3, 16)


def test_a_frozen_encoder_reads_windows_but_learns_no_weights_of_them(folder):
    made = fit(folder, FrozenSettings(), max_tokens=4, long=LongSettings("windows"))
    assert (made.validation_logits.argmax(axis=1) == corpus(30, seed=1).targets).mean() > 0.5
    for long in (LongSettings("hierarchical"), LongSettings("windows", pooling="attention")):
        with pytest.raises(SettingsError, match="not trained"):
            fit(folder, FrozenSettings(), max_tokens=4, long=long)


def test_more_tokens_than_positions_are_refused(folder):
    with pytest.raises(SettingsError, match="positions for 38 tokens"):
        fit(folder, FrozenSettings(), max_tokens=39)
    assert fit(folder, FrozenSettings(), max_tokens=38).model.reading.max_tokens == 38
    assert fit(folder, FrozenSettings()).model.reading.max_tokens == 38  # fewer than the usual


def test_a_text_of_a_megabyte_is_read_in_part_and_told(folder):
    texts = [*corpus(59).texts.to_pylist(), "the cat " * 130_000]
    targets = np.append(corpus(59).targets, 0).astype(np.int32)
    train = Corpus(pa.array(texts, pa.large_string()), targets, LabelSet(tuple("abc")),
                   np.arange(60))  # fmt: skip
    talk = Remembers()
    settings = NeuralSettings(layers=FrozenSettings(strength=1.0), encoder=folder)
    made = fit_neural(train, None, settings, threads=1, talk=talk)
    assert np.isfinite(made.model.logits(train.texts)).all()
    assert any("not read" in note for note in talk.notes)


def test_fewer_texts_than_labels_can_be_learned(folder):
    labels = LabelSet(tuple(f"label {number:02}" for number in range(20)))
    train = Corpus(corpus(8).texts, np.arange(8, dtype=np.int32), labels, np.arange(8))
    for layers in (FrozenSettings(), STILL):
        settings = NeuralSettings(layers=layers, encoder=folder, training=TRAINING)
        made = fit_neural(train, None, settings, threads=1)
        assert made.model.logits(train.texts).shape == (8, 20)


def test_training_once_more_begins_at_the_strength_that_validation_chose(folder):
    made = fit(folder, PretrainedSettings(), refit=True).model
    first, again = made.facts["head"], made.facts["refit"]["head"]
    assert len(first["tried"]) > 1
    assert again["strength"] == first["strength"] == made.layers.strength


def test_what_is_trained_again_is_trained_for_few_texts_as_the_first_time(folder):
    settings = NeuralSettings(
        layers=PretrainedSettings(), encoder=folder, training=replace(TRAINING, learning_rate=None)
    )
    held_out = corpus(30, seed=1)
    once = fit_neural(corpus(), held_out, settings, threads=1)
    assert once.model.layers.few_shot
    asked = replace(settings, refit=True)
    whole = fit_neural(corpus(), held_out, asked, threads=1).model
    again = trained_again(once.model, corpus(), held_out, asked, threads=1)
    np.testing.assert_array_equal(again.logits(held_out.texts, 1), whole.logits(held_out.texts, 1))
