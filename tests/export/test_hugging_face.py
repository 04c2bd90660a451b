"""A folder of Hugging Face: transformers gives our logits, by its own classes where it can."""

import json
import os
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytest.importorskip("tokenizers")

from tests.export.conftest import LABELS, NAMES, ODD, TEXTS, TRAINING  # noqa: E402
from tests.models.encoder_folders import write_encoder  # noqa: E402
from textkind.classifier import Classifier  # noqa: E402
from textkind.data.corpus import Corpus  # noqa: E402
from textkind.data.labels import LabelSet  # noqa: E402
from textkind.decision.decision import Decision  # noqa: E402
from textkind.decision.temperature import Temperature  # noqa: E402
from textkind.errors import ModelFolderError, SettingsError  # noqa: E402
from textkind.export.encoder_weights import framed_table  # noqa: E402
from textkind.export.golden import answers_of  # noqa: E402
from textkind.export.settings import ExportSettings  # noqa: E402
from textkind.models.encoder_families import architecture_of, our_weights  # noqa: E402
from textkind.models.long_settings import LongSettings  # noqa: E402
from textkind.models.networks.pretrained_settings import PretrainedSettings  # noqa: E402
from textkind.models.neural import fit_neural  # noqa: E402
from textkind.models.neural_settings import NeuralSettings  # noqa: E402
from textkind.workflow.export import export_model, load_exported  # noqa: E402

ALL = [*TEXTS, *ODD]
CLS, MEAN = PretrainedSettings("cls", False), PretrainedSettings("mean", True)
ATTENTION = PretrainedSettings("attention", False)
# name: the family, the layers, several labels a text, code of its own, the class
CASES = {
    "bert": ("bert", CLS, False, None, "BertForSequenceClassification"),
    "roberta": ("roberta", CLS, True, None, "BertForSequenceClassification"),
    "mpnet": ("mpnet", CLS, False, None, "MPNetForSequenceClassification"),
    "mean": ("bert", MEAN, False, True, "TextkindForSequenceClassification"),
    "attention": ("mpnet", ATTENTION, True, True, "TextkindForSequenceClassification"),
    "electra": ("electra", MEAN, False, True, "TextkindForSequenceClassification"),
}


def fitted(folder, family, layers, several=False, **more):
    """A classifier fine-tuned from a random encoder of the family."""
    words = sorted({word for text in TEXTS for word in text.split()})
    encoder = write_encoder(folder, family, words=words, scale=0.15, num_hidden_layers=2)
    targets = np.array([NAMES.index(label) for label in LABELS], np.int32)
    if several:
        targets = (np.arange(3) == targets[:, None]).astype(np.uint8)
        targets[::4, 0] = 1
    labels = LabelSet(NAMES, several)
    corpus = Corpus(pa.array(TEXTS, pa.large_string()), targets, labels, np.arange(len(TEXTS)))
    training = TRAINING.__class__(epochs=1, learning_rate=1e-3, precision="float32")
    settings = NeuralSettings(layers=layers, training=training, encoder=str(encoder), **more)
    model = fit_neural(corpus, None, settings, seed=0).model
    return Classifier(model, Decision(several, Temperature(1.7)), NAMES)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """name of CASES -> its classifier and its folder."""
    base, found = tmp_path_factory.mktemp("hub"), {}
    for name, (family, layers, several, code, _) in CASES.items():
        classifier = fitted(base / f"{name}-encoder", family, layers, several)
        settings = ExportSettings("huggingface", custom_code=code)
        export_model(classifier, base / name, settings)
        found[name] = classifier, base / name
    return found


@pytest.mark.parametrize("name", CASES)
def test_logits_are_ours(name, exported):
    classifier, folder = exported[name]
    own, found = answers_of(classifier, ALL), load_exported(folder).answers(ALL)
    assert np.ptp(own.logits) > 0.5
    np.testing.assert_allclose(found.logits, own.logits, rtol=0, atol=1e-5)
    assert found.labels == own.labels


@pytest.mark.parametrize("name", ["bert", "roberta", "mpnet"])
def test_a_pipeline_needs_nothing_but_transformers(name, exported):
    classifier, folder = exported[name]
    found = transformers.pipeline("text-classification", model=str(folder), top_k=None)
    several, architecture = CASES[name][2], CASES[name][4]
    assert type(found.model).__name__ == architecture
    logits = answers_of(classifier, ALL).logits
    chances = 1 / (1 + np.exp(-logits)) if several else np.exp(logits)
    if not several:
        chances /= chances.sum(axis=1, keepdims=True)
    for told, row in zip(found(ALL, truncation=True), chances, strict=True):
        given = {one["label"]: one["score"] for one in told}
        assert list(given) == [NAMES[place] for place in np.argsort(-row, kind="stable")]
        np.testing.assert_allclose([given[name] for name in NAMES], row, atol=1e-5)


def test_config_and_tokenizer_tell_labels_kind_and_length(exported):
    _, folder = exported["roberta"]
    config = transformers.AutoConfig.from_pretrained(folder)
    assert config.id2label == dict(enumerate(NAMES))
    assert config.problem_type == "multi_label_classification"
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    assert tokenizer.model_max_length == config.max_position_embeddings == 38
    assert len(tokenizer("late " * 99, truncation=True)["input_ids"]) == 38
    assert tokenizer.pad_token == "<pad>"
    assert "token_type_ids" not in tokenizer("late")
    assert json.loads((exported["bert"][1] / "config.json").read_text())["problem_type"] == (
        "single_label_classification"
    )


def test_the_card_tells_how_it_is_used_and_what_its_scores_are(exported):
    plain, trusted = ((exported[name][1] / "README.md").read_text() for name in ("bert", "mean"))
    assert "library_name: transformers" in plain
    assert 'pipeline("text-classification", model="THIS FOLDER")' in plain
    assert "had of logits divided by 1.7." in plain
    assert 'model="THIS FOLDER", trust_remote_code=True)' in trusted
    assert "brings `modeling_textkind.py`. Read it before you trust it." in trusted


def test_a_head_that_transformers_has_not_is_refused_unless_code_may_be_brought(exported, tmp_path):
    classifier, _ = exported["mean"]
    with pytest.raises(SettingsError) as caught:
        export_model(classifier, tmp_path / "out", ExportSettings("huggingface"))
    assert "must bring code that its users have to trust" in str(caught.value)
    assert "states are pooled over the text" in str(caught.value)
    assert "--custom-code" in caught.value.hint
    assert "--pooling cls" in caught.value.hint


def test_long_texts_that_are_read_otherwise_are_refused(tmp_path):
    classifier = fitted(
        tmp_path / "encoder", "bert", CLS, long=LongSettings("head-tail"), max_tokens=20
    )
    with pytest.raises(SettingsError, match="reads the first tokens of a text") as caught:
        export_model(classifier, tmp_path / "out", ExportSettings("huggingface"))
    assert caught.value.found == "head-tail"


def test_weights_that_transformers_cannot_load_are_our_error(exported, tmp_path):
    from textkind.export.hugging_face import load

    _, folder = exported["bert"]
    (tmp_path / "config.json").write_bytes((folder / "config.json").read_bytes())
    card = json.loads((folder / "export.json").read_text())
    with pytest.raises(ModelFolderError, match="transformers could not load it"):
        load(tmp_path, card)


def test_our_weights_come_back_from_theirs(exported):
    from safetensors.torch import load_file

    for name in ("bert", "mpnet"):
        classifier, folder = exported[name]
        network = classifier.model.network
        config = json.loads((folder / "config.json").read_text())
        stored = load_file(folder / "model.safetensors")
        table, state = our_weights(stored, config, architecture_of(config, 1, 1), "")
        for key, tensor in network.encoder.state_dict().items():
            torch.testing.assert_close(state[key], tensor, rtol=0, atol=0)
        shift = classifier.model.encoder.shift
        torch.testing.assert_close(table[3:], network.embedding.weight[shift:][3:], rtol=0, atol=0)


def test_one_special_token_with_two_vectors_is_refused(exported):
    network = exported["bert"][0].model.network
    with pytest.raises(SettingsError, match="training gave it two vectors"):
        framed_table(network, 0, [1, 1])


@pytest.mark.slow
def test_code_that_is_trusted_runs_without_textkind(exported, tmp_path):
    classifier, folder = exported["mean"]
    program = (
        "import sys; sys.modules['textkind'] = None\n"
        "import json, transformers\n"
        "found = transformers.pipeline('text-classification', model=sys.argv[1], "
        "trust_remote_code=True)\n"
        "print(json.dumps(found(json.loads(sys.argv[2]))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder), json.dumps(TEXTS)],
        capture_output=True, text=True, env=os.environ | {"HF_HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    own = answers_of(classifier, TEXTS)
    assert [one["label"] for one in json.loads(done.stdout.splitlines()[-1])] == own.labels
    refused = program.replace("trust_remote_code=True", "trust_remote_code=False")
    done = subprocess.run(
        [sys.executable, "-c", refused, str(folder), "[]"], capture_output=True, text=True
    )
    assert done.returncode != 0  # never another class with some of the weights
