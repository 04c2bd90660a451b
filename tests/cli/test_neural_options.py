"""The options of the networks: their help tells the settings, and they reach them."""

import re
from dataclasses import fields

import pytest

from textkind.cli import main
from textkind.cli.commands import build_parser
from textkind.cli.model_options import model_settings
from textkind.cli.neural_options import GROUPS, MODELS, given_options, neural_settings
from textkind.encoding.subwords import SubwordSettings
from textkind.encoding.words import FEW_TEXTS, WordSettings
from textkind.errors import SettingsError
from textkind.models.long_settings import STRATEGIES, USED_BY, LongSettings
from textkind.models.low_rank import LARGE, RANK
from textkind.models.neural_settings import DEFAULTS, TOKENS, NeuralSettings
from textkind.training.settings import CHOICES
from textkind.workflow.auto import AutoSettings

OPTIONS = {option.name: option for _, options in GROUPS for option in options}
# what their defaults say is no figure; those of SPELLED are held against their settings below
UNTOLD = {"by the network"}
SPELLED = {"--vocabulary-limit", "--minimum-count", "--encoder", "--window-overlap", "--revision",
           "--normalize", "--lora", "--label-names", "--few-shot", "--interpolation",
           "--freeze"}  # fmt: skip


def parsed(words):
    return build_parser()[0].parse_args(["train", "x.csv", *words.split()])


def setting_of(settings, option):
    """The value of an option's setting; AttributeError where the network has no such setting."""
    part = getattr(settings, option.part) if option.part else settings
    if option.setting not in {field.name for field in fields(part)}:
        raise AttributeError(option.setting)
    return getattr(part, option.setting)


def told_for(option, network):
    """The default told for a network, out of words such as `mean; rnn: max; or another`."""
    general, *others = (part.strip() for part in option.default.split(";"))
    by_network = dict(part.split(": ") for part in (general, *others) if ": " in part)
    return by_network.get(network, general)


def is_told(value, words):
    if words.startswith("by "):
        return value is None
    if words == "none":
        return value is None or value in (0, (), "none")
    if isinstance(value, bool):
        return words == ("on" if value else "off")
    if isinstance(value, tuple):
        return ",".join(map(str, value)) == words
    return value == words if isinstance(value, str) else value == float(words.replace(",", ""))


@pytest.mark.parametrize("name", sorted(set(OPTIONS) - SPELLED))
@pytest.mark.parametrize("network", MODELS)
def test_the_default_told_is_that_of_the_settings(network, name):
    option, settings = OPTIONS[name], DEFAULTS[network]
    words = told_for(option, network)
    try:
        value = setting_of(settings, option)
    except AttributeError:  # another network's
        return
    assert words in UNTOLD or is_told(value, words), f"{value!r} is told as {words!r}"


def test_defaults_that_are_sentences_tell_the_settings():
    words, subwords = WordSettings(), SubwordSettings()
    limits = f"{words.largest:,} words, {subwords.size:,} subwords"
    assert OPTIONS["--vocabulary-limit"].default == limits
    assert words.minimum_count is None
    assert OPTIONS["--minimum-count"].default == f"2, but 1 under {FEW_TEXTS:,} training texts"
    overlap = LongSettings().overlap_of(400)
    assert (overlap, OPTIONS["--window-overlap"].default) == (100, "a quarter of --max-tokens")
    for settings in DEFAULTS.values():
        assert (settings.words, settings.subwords) == (words, subwords)
        assert settings.encoder is settings.revision is None
        assert settings.tune_vectors
        assert settings.refit == (settings.network == "frozen")
    for settings in (DEFAULTS["frozen"], DEFAULTS["pretrained"]):
        assert settings.layers.normalize is None
    assert OPTIONS["--normalize"].default == "as it was trained"
    assert DEFAULTS["pretrained"].layers.lora is None
    assert OPTIONS["--lora"].default == f"0, or {RANK} above {LARGE // 10**6} million parameters"


def test_there_is_an_option_for_every_network_and_every_choice():
    assert set(MODELS) == set(DEFAULTS)
    for setting, choices in CHOICES.items():
        for option in OPTIONS.values():
            if (option.part, option.setting) == ("training", setting):
                assert [option.kind(choice) for choice in choices] == list(choices)
    assert [OPTIONS["--long"].kind(name) for name in STRATEGIES] == list(STRATEGIES)
    assert set(USED_BY) == {option.setting for option in GROUPS[2][1]} - {"strategy"}
    assert [OPTIONS["--tokens"].kind(name) for name in TOKENS if name != "ready"]


def test_every_option_names_a_setting_of_some_network():
    for option in OPTIONS.values():
        if option.setting != "limit":
            parts = [
                getattr(settings, option.part) if option.part else settings
                for settings in DEFAULTS.values()
            ]
            assert any(option.setting in {field.name for field in fields(part)} for part in parts)


@pytest.mark.parametrize("network", MODELS)
def test_without_an_option_the_settings_are_the_defaults(network):
    arguments = parsed(f"--model {network}")
    assert neural_settings(arguments) == DEFAULTS[network]
    assert given_options(arguments) == []


def test_options_reach_their_settings(tmp_path):
    settings = neural_settings(
        parsed(
            "--model cnn --width 16 --windows 2,3 --filters 7 --channels two --dropout 25% "
            "--tokens bpe --vocabulary-limit 900 --max-tokens 33 --refit "
            "--epochs 3 --budget 90s --head sigmoid --imbalance focal=2 "
            f"--checkpoints {tmp_path} --checkpoint-steps 9"
        )
    )
    layers, training = settings.layers, settings.training
    assert (layers.width, layers.windows, layers.filters) == (16, (2, 3), 7)
    assert (layers.channels, layers.dropout) == ("two", 0.25)
    assert (settings.tokens, settings.subwords.size, settings.words.largest) == ("bpe", 900, 900)
    assert (settings.max_tokens, settings.refit) == (33, True)
    assert (training.epochs, training.budget, training.head) == (3, 1.5, "sigmoid")
    assert training.imbalance == "focal=2"
    assert (settings.places.checkpoints, settings.places.checkpoint_steps) == (tmp_path, 9)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("--model mean_pool --hidden 32", {"hidden": 32}),
        ("--model mean_pool --hidden 0", {"hidden": 0}),
        ("--model perceptron --hidden 32,16", {"hidden": (32, 16)}),
        ("--model perceptron --hidden 0", {"hidden": ()}),
        ("--model rnn --cell gru --directions 1", {"cell": "gru", "directions": 1}),
        ("--model transformer --width 60 --heads 5", {"width": 60, "heads": 5}),
        ("--model transformer --heads 2 --positions learned", {"heads": 2, "positions": "learned"}),
    ],
)
def test_layers_are_as_asked_for(words, expected):
    layers = neural_settings(parsed(words)).layers
    assert {name: getattr(layers, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("words", "minutes"), [("--budget 90s", 1.5), ("--budget 2h", 120), ("--budget none", None)]
)
def test_a_budget_is_written_as_a_time_and_kept_in_minutes(words, minutes):
    assert neural_settings(parsed(f"--model cnn {words}")).training.budget == minutes
    assert model_settings(parsed(f"--model auto {words}")).budget == minutes


def test_without_a_budget_auto_has_the_one_that_is_told():
    assert model_settings(parsed("--model auto")) == AutoSettings()
    assert told_for(OPTIONS["--budget"], "auto") == f"{AutoSettings().budget:.0f}m"


def test_a_tokenizer_brings_its_tokens_and_vectors_may_be_frozen(tmp_path):
    path = tmp_path / "tokenizer.json"
    settings = neural_settings(parsed(f"--model cnn --tokenizer {path}"))
    assert (settings.tokens, settings.tokenizer) == ("ready", path)
    settings = neural_settings(parsed("--model cnn --vectors v.txt --freeze-vectors"))
    assert (settings.vectors, settings.tune_vectors) == ("v.txt", False)
    assert isinstance(settings, NeuralSettings)


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("--model cnn --cell gru", "--cell is not for the cnn"),
        ("--model transformer --windows 3", "--windows is not for the transformer"),
        ("--model perceptron --width 10", "--width is not for the perceptron"),
        ("--model rnn --token-ngrams 2", "do not see"),
        ("--model cnn --strength 1", "--strength is an option of the linear model"),
        ("--model cnn --naive-bayes auto", "--naive-bayes is an option of the linear model"),
        ("--model linear --width 10", "--width is an option of the networks"),
        ("--dropout 0", "--dropout is an option of the networks"),
        ("--model mean_pool --hidden 9,8", "one hidden layer at most"),
        ("--epochs 3", "choose one: --model mean_pool"),
        ("--freeze-vectors", "--freeze-vectors is an option of the networks"),
        ("--model cnn --freeze-vectors", "name them with --vectors"),
        ("--model rnn --vectors distilled --revision abc", "a revision is that of an encoder"),
        ("--model frozen --epochs 3", "--epochs is not for the frozen hint: its head is fitted"),
        ("--model frozen --budget 1m --metric accuracy", "--budget is not for the frozen"),
        ("--model frozen --checkpoints kept", "--checkpoints is not for the frozen"),
        ("--model frozen --minimum-count 2", "--minimum-count is not for the frozen"),
        ("--model pretrained --minimum-count 2", "--minimum-count is not for the pretrained"),
        ("--model pretrained --vocabulary-limit 9", "--vocabulary-limit is not for the pretrained"),
        ("--model cnnn", "did you mean 'cnn'?"),
        ("--model cnn --windows 3,x", "no list of whole numbers"),
        ("--model cnn --optimizer adam", "did you mean 'adamw'?"),
        ("--model cnn --dropout 1", "no share"),
        ("--model cnn --budget 0s", "'0s' is no time"),
        ("--model rnn --budget 10", "write it as 90s, 20m or 1h"),
        ("--model auto --budget 10", "write it as 90s, 20m or 1h"),
        ("--budget none", "--budget is an option of the networks"),
        ("--model rnn --directions 3", "directions must be 1 or 2"),
        ("--model mean_pool --pooling last", "pooling must be one of"),
        ("--model perceptron --vectors v.txt", "a perceptron has no vectors"),
        ("--model cnn --vectors v.txt --tokens bpe", "needs words for tokens"),
        ("--model cnn --long window", "did you mean 'windows'?"),
        ("--model cnn --long windows --window-overlap 512", "must overlap by fewer than that"),
        ("--model cnn --window-overlap 60 --max-tokens 50", "lower --window-overlap"),
        ("--model cnn --long head --window-limit 3", "--window-limit is for --long windows or"),
        ("--model rnn --long windows --tail-share 0.3", "--tail-share is for --long head-tail"),
        ("--model rnn --long hierarchical --window-pooled logits", "--window-pooled is for"),
        ("--model rnn --long retrieve --max-tokens 7", "retrieve needs 8 tokens or more"),
        ("--model rnn --long head-tail --max-tokens 1", "head-tail needs 2 tokens or more"),
        ("--model mean_pool --long windows", "is not for n-grams of tokens"),
        ("--model perceptron --long windows", "pass --max-tokens too"),
        ("--model transformer --max-tokens 600", "has positions for 512 tokens"),
        ("--model transformer --long native --max-tokens 512", "no more positions than max_tokens"),
        ("--model cnn --tokens bpe --vocabulary-limit 10", "size must be a whole number"),
    ],
)
def test_options_that_cannot_be_used_get_exit_code_2_and_a_hint(words, hint, capsys, tmp_path):
    (tmp_path / "x.csv").write_text("text,label\none,a\ntwo,b\n")
    out = ["--out", str(tmp_path / "run")]
    assert main(["train", str(tmp_path / "x.csv"), *out, *words.split()]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert hint in re.sub(r"\s+", " ", told.err)
    assert "Traceback" not in told.err
    assert not (tmp_path / "run").exists()


def test_a_frozen_encoder_takes_what_its_head_reads_of_a_training():
    read = "--metric accuracy --head sigmoid --precision float32 --device cpu --imbalance weights"
    training = model_settings(parsed(f"--model frozen --freeze-vectors {read}")).training
    assert (training.metric, training.head, training.precision) == (
        "accuracy",
        "sigmoid",
        "float32",
    )
    assert (training.device, training.imbalance) == ("cpu", "weights")
    others = {option.name for option in GROUPS[3][1]} - set(read.split())
    spelled = {"--optimizer": "sgd", "--schedule": "linear", "--token-dropout": "0.1",
               "--warmup": "0.1", "--label-smoothing": "0.1", "--budget": "1m"}  # fmt: skip
    for name in others:
        with pytest.raises(SettingsError, match=f"^{name} is not for the frozen"):
            model_settings(parsed(f"--model frozen {name} {spelled.get(name, '1')}"))
