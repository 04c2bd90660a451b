"""textkind trace: readable in 80 columns, the same facts as JSON, and errors in words."""

import io
import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from rich.cells import cell_len

from tests.models.test_model_contract import NEEDS_NEURAL, brief, fit, toy
from textkind.classifier import Classifier
from textkind.cli.commands import main
from textkind.decision.decision import Decision
from textkind.decision.temperature import Temperature
from textkind.storage.model_folder import Provenance, load_model, save_model
from textkind.workflow.trace import trace_text

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "trace.schema.json").read_text())
TEXT = "The cat and so Horse"
MODELS = [
    "linear both",
    *(
        pytest.param(name, marks=NEEDS_NEURAL)
        for name in ("mean_pool n-grams", "perceptron", "cnn windows", "rnn lstm",
                     "transformer learned")
    ),
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = {}

    def make(name="linear both"):
        if name not in made:
            model = fit(name, toy(60), **brief(name))
            made[name] = tmp_path_factory.mktemp("model") / "model"
            decision = Decision(False, Temperature(0.5))
            classifier = Classifier(model, decision, model.labels.names)
            save_model(classifier, made[name], Provenance("toy.csv", 60, 0))
        return str(made[name])

    return make


def traced(capsys, *arguments):
    assert main(["trace", *arguments]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("text", [TEXT, "", "日本語の cat テキスト" * 30, "x" * 3000])
def test_steps_are_told_in_eighty_columns(name, text, folder, capsys):
    for more in ([], ["--full"], ["--top", "1"]):
        told = traced(capsys, folder(name), "--", text) if not more else traced(
            capsys, folder(name), *more, text
        )  # fmt: skip
        assert max(map(cell_len, told.splitlines())) <= 80
        trace = trace_text(folder(name), text)
        heads = [line for line in told.splitlines() if line[:1].isdigit()]
        assert [head.partition(":")[0].partition(" ")[2] for head in heads] == [
            step.name for step in trace.steps
        ]


@pytest.mark.parametrize("name", MODELS)
def test_json_is_the_trace_by_its_schema(name, folder, capsys):
    told = json.loads(traced(capsys, folder(name), TEXT, "", "--json", "--top", "2"))
    jsonschema.validate(told, SCHEMA)
    assert [trace["text"] for trace in told["traces"]] == [TEXT, ""]
    own = trace_text(load_model(folder(name)), TEXT, 2)
    np.testing.assert_allclose(told["traces"][0]["logits"], own.logits, rtol=1e-6)
    assert told["traces"][0]["decided"] == list(own.decided)


def test_columns_that_do_not_fit_are_counted(capsys, tmp_path):
    names = tuple(f"a label of many letters {place}" for place in range(9))
    from tests.models.test_model_contract import FIXED
    from textkind.data.corpus import Corpus
    from textkind.data.labels import LabelSet
    from textkind.models.linear import fit_linear

    train = toy(45)
    targets = np.arange(45, dtype=np.int32) % 9
    corpus = Corpus(train.texts, targets, LabelSet(names, False), np.arange(45))
    classifier = Classifier(fit_linear(corpus, None, FIXED).model, Decision(False), names)
    save_model(classifier, tmp_path / "model", Provenance("toy.csv", 45, 0))
    told = traced(capsys, str(tmp_path / "model"), TEXT, "--full")
    assert "columns that do not fit" in told
    assert max(map(len, told.splitlines())) <= 80


def test_a_pipe_has_one_text_a_line(folder, capsys, monkeypatch):
    stdin = io.TextIOWrapper(io.BytesIO("a cat\r\n\nред🙂".encode()), encoding="utf-8")
    monkeypatch.setattr("sys.stdin", stdin)
    told = json.loads(traced(capsys, folder(), "-", "--json"))
    assert [trace["text"] for trace in told["traces"]] == ["a cat", "", "ред🙂"]


def test_several_texts_are_numbered(folder, capsys):
    told = traced(capsys, folder(), "a cat", "a dog")
    assert told.startswith("text 1 of 2\n\n1 text:")
    assert "\n\ntext 2 of 2\n\n1 text:" in told


def test_spaces_at_the_ends_of_character_n_grams_can_be_seen(folder, capsys):
    assert "\u2423cat\u2423" in traced(capsys, folder(), "cat", "--full")


def test_what_would_steer_the_terminal_is_escaped(folder, capsys):
    told = traced(capsys, folder(), "cat \x1b[31m red\x07")
    assert "\x1b" not in told
    assert "\x07" not in told


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["no-such-model", "a"], "no-such-model"),
        (["MODEL", "\udcff"], "a lone surrogate"),
        (["MODEL", "a", "--top", "0"], "no whole number of 1 or more"),
        (["MODEL"], "TEXT"),
        (["MODEL", "a", "--precision", "int8"], "only networks can be read in another precision"),
        (["MODEL", "a", "--precision", "int9"], "is none of auto, float32, bfloat16, int8"),
        (["MODEL", "a", "--tip", "2"], "did you mean '--top'?"),
    ],
)
def test_bad_input_is_told_in_words(arguments, words, folder, capsys):
    given = [folder() if one == "MODEL" else one for one in arguments]
    assert main(["trace", *given]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("data", "words"), [(b"", "there is no text"), (b"a cat\n\xff", "the texts are not UTF-8")]
)
def test_a_pipe_without_texts_is_told(data, words, folder, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"))
    assert main(["trace", folder(), "-"]) == 2
    assert words in capsys.readouterr().err


@NEEDS_NEURAL
def test_a_precision_is_told(folder, capsys):
    told = traced(capsys, folder("transformer learned"), TEXT, "--precision", "bfloat16")
    assert "precision: " in told
    assert "The model reads in bfloat16" in told
