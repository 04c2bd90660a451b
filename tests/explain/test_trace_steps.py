"""The numbers of a trace against PyTorch's modules, scikit-learn and NumPy, by hand."""

from dataclasses import replace
from importlib import import_module
from itertools import pairwise

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("tokenizers")

from tests.explain.trace_checks import check_end, table_of  # noqa: E402
from tests.models.test_model_contract import (  # noqa: E402
    FIXED,
    NEEDS_TRANSFORMERS,
    arrow,
    brief,
    fit,
    toy,
)
from textkind.classifier import Classifier  # noqa: E402
from textkind.data.corpus import Corpus  # noqa: E402
from textkind.decision.decision import Decision  # noqa: E402
from textkind.explain.steps.neural import STEPS  # noqa: E402
from textkind.models.linear import fit_linear  # noqa: E402
from textkind.models.networks.table import NETWORKS  # noqa: E402
from textkind.models.precision import in_precision  # noqa: E402
from textkind.workflow.trace import trace_text  # noqa: E402

TEXT = "the cat and so now the horse sees a green zebra"


def test_every_network_has_its_steps():
    kinds = {getattr(import_module(path), name) for path, name in NETWORKS.values()}
    assert kinds == set(STEPS)


@pytest.fixture(scope="module")
def traced():
    """A member's network in evaluation, with the trace of TEXT and the batch of one."""
    made = {}

    def make(name):
        if name not in made:
            model = fit(name, toy(60), **brief(name))
            trace = trace_text(Classifier(model, Decision(False), model.labels.names), TEXT, None)
            tokens = model.tokens(arrow([TEXT]))
            made[name] = (
                model.network.eval().requires_grad_(False),
                torch.from_numpy(tokens.ids).long(),
                trace,
            )
        return made[name]

    return make


def units(trace, step, table="units"):
    """The vector that a table of units tells, in its order."""
    told = table_of(trace, step, table)
    return np.array(told["value"])[np.argsort(told["unit"])]


def by_label(trace, step, table, column, names):
    told = table_of(trace, step, table)
    given = dict(zip(told["label"], told[column], strict=True))
    return np.array([given[name] for name in names])


@pytest.mark.parametrize("name", ["mean_pool", "cnn", "rnn lstm", "transformer rotary", "bpe"])
def test_the_vector_times_the_heads_weights_and_its_bias_are_the_logits(name, traced):
    network, _, trace = traced(name)
    place = ("filters", "filters") if name == "cnn" else ("pooling", "units")
    logits = network.head.weight.numpy() @ units(trace, *place) + network.head.bias.numpy()
    np.testing.assert_allclose(logits, trace.logits, atol=1e-5)
    told = by_label(trace, "head", "logits", "logit", trace.labels)
    np.testing.assert_allclose(told, trace.logits, atol=1e-5)
    added = table_of(trace, "head", "additions")
    for label in trace.labels:
        bias = network.head.bias.numpy()[trace.labels.index(label)]
        assert sum(added[label]) + bias == pytest.approx(trace.logits[trace.labels.index(label)],
                                                         abs=1e-5)  # fmt: skip


def test_tokens_are_told_as_they_stand_in_the_text_and_in_the_vocabulary(traced):
    _, ids, trace = traced("mean_pool")
    told = table_of(trace, "tokens", "tokens")
    assert " ".join(told["in the text"]) == TEXT
    assert told["token"] == TEXT.replace("zebra", "[UNK]").replace(" a ", " [UNK] ").replace(
        "sees", "[UNK]"
    ).split(" ")
    assert told["id"] == ids.tolist()


def test_runs_of_tokens_follow_the_tokens(traced):
    _network, ids, trace = traced("mean_pool n-grams")
    told = table_of(trace, "tokens", "tokens")
    words = TEXT.split(" ")
    assert told["id"] == ids.tolist()
    assert told["in the text"][: len(words)] == words
    runs = told["in the text"][len(words) :]
    assert len(runs) > 0
    assert set(runs) <= {f"{one} {other}" for one, other in pairwise(words)}


def test_the_mean_of_token_vectors_is_that_of_the_embedding(traced):
    network, ids, trace = traced("mean_pool")
    x = network.embedding(ids)
    np.testing.assert_allclose(units(trace, "pooling"), x.mean(dim=0), atol=1e-6)
    told = table_of(trace, "embedding", "vectors")
    np.testing.assert_allclose(told["length"], x.norm(dim=1), atol=1e-6)
    np.testing.assert_allclose(told["1."], x[:, 0], atol=1e-6)


def test_the_nearest_tokens_are_those_of_scikit_learns_cosine(traced):
    from sklearn.metrics.pairwise import cosine_similarity

    network, _, trace = traced("mean_pool")
    told = table_of(trace, "pooling", "nearest tokens")
    cosines = cosine_similarity(units(trace, "pooling")[None], network.embedding.weight.numpy())[0]
    np.testing.assert_allclose(told["cosine"], np.sort(cosines)[::-1][: len(told["cosine"])],
                               atol=1e-5)  # fmt: skip


def test_attention_pooling_weighs_by_a_softmax(traced):
    network, ids, trace = traced("mean_pool attention")
    x = network.embedding(ids)
    weights = torch.softmax(x @ network.pooling.query, dim=0)
    told = table_of(trace, "pooling", "positions")
    np.testing.assert_allclose(told["weight"], weights, atol=1e-6)
    np.testing.assert_allclose(units(trace, "pooling"), weights @ x, atol=1e-6)


def test_max_pooling_tells_the_share_of_units_that_each_token_won(traced):
    network, ids, trace = traced("mean_pool max")
    strongest = network.embedding(ids).argmax(dim=0)
    told = table_of(trace, "pooling", "positions")
    np.testing.assert_allclose(
        told["won"], [(strongest == place).float().mean() for place in range(len(ids))], atol=1e-6
    )


def test_rare_tokens_weigh_more_under_sif(traced):
    network, ids, trace = traced("mean_pool sif")
    told = table_of(trace, "pooling", "positions")
    np.testing.assert_allclose(told["weight"], network.token_weights[ids] / len(ids), atol=1e-7)


def test_the_bag_of_the_perceptron_is_of_unit_length_and_goes_through_its_layers(traced):
    network, _, trace = traced("perceptron")
    told = table_of(trace, "bag", "bag")
    bag = torch.zeros(len(network.embedding.weight))
    bag[told["id"]] = torch.tensor(told["value"])
    assert bag.norm() == pytest.approx(1, abs=1e-6)
    assert dict(zip(told["token"], told["times"], strict=True))["the"] == 2
    hidden = torch.relu(bag @ network.embedding.weight + network.bias)
    np.testing.assert_allclose(units(trace, "hidden layer"), hidden, atol=1e-6)
    np.testing.assert_allclose(network.head(hidden), trace.logits, atol=1e-5)


def test_without_a_hidden_layer_the_head_reads_the_bag(traced):
    network, _, trace = traced("perceptron log-linear")
    bag, added = table_of(trace, "bag", "bag"), table_of(trace, "head", "additions")
    rows = dict(zip(bag["token"], bag["id"], strict=True))
    for place, label in enumerate(trace.labels):
        weights = [network.embedding.weight[rows[token], place] for token in added["unit"]]
        np.testing.assert_allclose(added[label], np.multiply(weights, added["value"]), atol=1e-6)


@pytest.mark.parametrize("name", ["cnn", "cnn two channels"])
def test_the_winning_windows_of_the_cnn_give_the_maximum(name, traced):
    network, ids, trace = traced(name)
    told = table_of(trace, "filters", "filters")
    x = network.embedded(ids)
    words = table_of(trace, "tokens", "tokens")["token"]
    vectors = dict(zip(words, x, strict=True))
    firsts = dict(zip(network.windows, np.cumsum([0, *network.windows[:-1]]), strict=True))
    number = network.filters.shape[1]
    for row in zip(*told.values(), strict=True):
        unit, size, window, greatest, bias, value = row
        own = window.split(" ")
        taps = network.filters[firsts[size] : firsts[size] + size, (unit - 1) % number]
        # a window over the edge of the text lacks words on one side: zeros stand for them
        sides = [[None] * (size - len(own)) + own, own + [None] * (size - len(own))]
        sums = [
            sum(float(tap @ vectors[word]) for tap, word in zip(taps, side, strict=True) if word)
            for side in sides
        ]
        assert greatest == pytest.approx(sums[0], abs=1e-5) or greatest == pytest.approx(
            sums[1], abs=1e-5
        )
        assert value == pytest.approx(max(0.0, greatest + bias), abs=1e-5)
    chosen = table_of(trace, "filters", "windows")
    assert sum(chosen["filters"]) == len(told["unit"])
    assert sum(chosen["sum of values"]) == pytest.approx(sum(told["value"]), abs=1e-4)


@pytest.mark.parametrize("name", ["rnn tanh", "rnn lstm", "rnn gru"])
def test_states_along_the_text_are_those_of_pytorchs_layer(name, traced):
    network, ids, trace = traced(name)
    states = network.layers[0](network.embedding(ids)[None])[0][0]  # (T, 2 H)
    forward, backward = states[:, : network.units], states[:, network.units :]
    told = table_of(trace, "states", "states")
    np.testing.assert_allclose(told["length forward"], forward.norm(dim=1), atol=1e-5)
    np.testing.assert_allclose(told["length backward"], backward.norm(dim=1), atol=1e-5)
    before = torch.cat([torch.zeros(1, network.units), forward[:-1]])
    np.testing.assert_allclose(told["moved forward"], (forward - before).norm(dim=1), atol=1e-5)
    behind = torch.cat([backward[1:], torch.zeros(1, network.units)])
    np.testing.assert_allclose(told["moved backward"], (backward - behind).norm(dim=1), atol=1e-5)
    if network.reads_last:
        last = torch.cat([forward[-1], backward[0]])
        np.testing.assert_allclose(units(trace, "pooling"), last, atol=1e-5)


def head_average(block, x, mask=None):
    """PyTorch's own attention with the weights of a block: its averages over the heads."""
    own = torch.nn.MultiheadAttention(x.shape[-1], block.heads, batch_first=True)
    own.in_proj_weight.data = block.query_key_value.weight.data
    own.in_proj_bias.data = block.query_key_value.bias.data
    return own(x, x, x, need_weights=True, average_attn_weights=True)[1][0].detach()


def test_attention_of_the_transformer_is_that_of_pytorchs_module(traced):
    network, ids, trace = traced("transformer learned")
    x = network.embedding(ids) + network.positions[: len(ids)]
    x = torch.cat([network.front[None], x])[None]
    told = table_of(trace, "layers", "attention")
    looks = head_average(network.blocks[0], network.blocks[0].attention_norm(x))
    np.testing.assert_allclose(told["layer 1"], looks[0], atol=1e-5)
    assert told["token"][0] == "(front)"
    assert sum(told["layer 1"]) == pytest.approx(1, abs=1e-5)


def test_rotated_attention_sums_to_one(traced):
    _, _, trace = traced("transformer rotary")
    assert sum(table_of(trace, "layers", "attention")["layer 1"]) == pytest.approx(1, abs=1e-5)


@NEEDS_TRANSFORMERS
def test_attention_and_states_of_an_encoder_are_those_of_its_modules(traced):
    network, ids, trace = traced("frozen")
    x, mask = network.framed(ids[None], torch.ones(1, len(ids), dtype=torch.bool))
    state = network.encoder.below(x, mask, 0)
    told, layers = (table_of(trace, "layers", name) for name in ("attention", "layers"))
    assert told["token"] == ["[CLS]", *table_of(trace, "tokens", "tokens")["token"], "[SEP]"]
    assert told["place"] == [None, *range(1, len(ids) + 1), None]
    for place, block in enumerate(network.encoder.blocks):
        looks = head_average(block, state).mean(dim=0)  # of all positions: it pools their mean
        np.testing.assert_allclose(told[f"layer {place + 1}"], looks, atol=1e-5)
        length = float(state[0].norm(dim=1).mean())
        assert layers["mean length"][place] == pytest.approx(length, abs=1e-4)
        state = block(state, None)
    np.testing.assert_allclose(units(trace, "pooling"), state[0].mean(dim=0), atol=1e-5)


@NEEDS_TRANSFORMERS
@pytest.mark.parametrize("precision", ["int8", "bfloat16"])
def test_a_quick_reading_is_traced_in_float32_and_the_difference_told(precision):
    if precision == "int8":
        pytest.importorskip("onnxruntime")
    model = fit("frozen", toy(60))
    quick = Classifier(in_precision(model, precision), Decision(False), model.labels.names)
    trace = trace_text(quick, TEXT, None)
    check_end(trace, quick)
    names = trace.labels
    plain, read = (by_label(trace, "precision", "precision", own, names)
                   for own in ("as traced", "as read"))  # fmt: skip
    np.testing.assert_allclose(read, trace.logits)
    expected = model.logits(arrow([TEXT]))[0]
    # rounding to int8 leaves the float32 weights as they were; bfloat16 is in the weights
    np.testing.assert_allclose(plain, expected, atol=1e-4 if precision == "int8" else 0.5)
    assert precision in next(s.sentence for s in trace.steps if s.name == "precision")
    assert "precision" not in [
        step.name for step in trace_text(Classifier(model, Decision(False), names), TEXT).steps
    ]


@pytest.mark.parametrize(
    ("name", "facts", "step", "words"),
    [
        ("mean_pool", {"vectors": "glove.txt"}, "embedding", "at the vectors glove.txt."),
        ("mean_pool", {"zero_shot": {"temperature": 0.06}}, "head", "over the temperature 0.06."),
        ("mean_pool", {}, "head", "and its bias."),
    ],
)
def test_where_weights_come_from_is_told(name, facts, step, words):
    model = fit(name, toy(60), **brief(name))
    model = replace(model, facts=model.facts | facts)
    trace = trace_text(Classifier(model, Decision(False), model.labels.names), TEXT)
    assert next(one for one in trace.steps if one.name == step).sentence.endswith(words)


def test_windows_are_told_with_the_logits_of_each(traced):
    network, ids, trace = traced("cnn windows")
    told = table_of(trace, "windows", "windows")
    for place, first, last in zip(*list(told.values())[:3], strict=True):
        part = ids[first - 1 : last][None]
        own = network.inner(part, torch.ones_like(part, dtype=torch.bool))[0]
        for number, label in enumerate(trace.labels):
            assert told[label][place - 1] == pytest.approx(float(own[number]), abs=1e-5)
    assert told["from place"][0] == 1
    assert told["to place"][-1] == len(ids)
    pooled = network.inner.head.weight.numpy() @ units(trace, "windows")
    np.testing.assert_allclose(pooled + network.inner.head.bias.numpy(), trace.logits, atol=1e-5)


def test_pooled_logits_of_windows_are_the_greatest_of_each_label(traced):
    _, _, trace = traced("cnn logits of windows")
    told = table_of(trace, "windows", "windows")
    greatest = [max(told[label]) for label in trace.labels]
    np.testing.assert_allclose(greatest, trace.logits, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "stretches"), [("cnn head and tail", [(1, 4), (17, 20)]), ("cnn", [(1, 20)])]
)
def test_what_is_read_of_a_text_that_is_too_long_is_told(name, stretches):
    model = fit(name, toy(60), **brief(name), **({"max_tokens": 20} if name == "cnn" else {}))
    text = " ".join(["the", "cat"] * 10 + ([] if len(stretches) == 2 else ["dog"] * 3))
    trace = trace_text(Classifier(model, Decision(False), model.labels.names), text)
    told = table_of(trace, "reading", "stretches")
    assert list(zip(told["from place"], told["to place"], strict=True)) == stretches


def test_weights_of_n_grams_are_those_of_scikit_learn():
    from sklearn.feature_extraction.text import TfidfVectorizer

    train = toy(60)
    model = fit_linear(train, None, FIXED).model
    trace = trace_text(Classifier(model, Decision(False), model.labels.names), TEXT, None)
    told = table_of(trace, "tf-idf", "values")
    vectorizer = TfidfVectorizer(
        ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"\w+", min_df=1
    ).fit(train.texts.to_pylist())
    row = vectorizer.transform([TEXT])
    places = vectorizer.vocabulary_
    for ngram, idf, value in zip(told["n-gram"], told["idf"], told["value"], strict=True):
        assert idf == pytest.approx(vectorizer.idf_[places[ngram]], rel=1e-3)
        assert value == pytest.approx(row[0, places[ngram]], rel=2e-3)
    weights, added = (table_of(trace, "weights", name) for name in ("weights", "additions"))
    for label in trace.labels:
        np.testing.assert_allclose(
            np.multiply(weights[label], told["value"]), added[label], atol=1e-6
        )


def test_the_text_is_told_as_it_is_read():
    odd = Corpus(arrow(["Don\u2019t CRY", "ÀÉ Ωmega"] * 4), np.arange(8, dtype=np.int32) % 3,
                 toy(3).labels, np.arange(8))  # fmt: skip
    for name, read in (("mean_pool", "don't cry àé ωmega"), ("linear words", "don’t cry àé ωmega")):
        model = fit(name, odd, **brief(name))
        trace = trace_text(Classifier(model, Decision(False), odd.labels.names),
                           "Don\u2019t CRY ÀÉ Ωmega")  # fmt: skip
        assert table_of(trace, "text", "text")["as it is read"] == [read]
