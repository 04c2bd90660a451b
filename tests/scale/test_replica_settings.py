"""What serve.yaml may say of the service; a mistake is told before a replica starts."""

import pytest

from textkind.errors import SettingsError
from textkind.scale.replica import ReplicaSettings, replica_settings, service_settings
from textkind.serve.settings import LOOPBACK, Limits

MODELS = ["reviews=/models/a=b"]


def test_what_is_not_said_is_as_in_one_process():
    settings = service_settings(replica_settings({"models": MODELS}), "127.0.0.1", 3)
    (model,) = settings.models
    assert (model[0], str(model[1])) == ("reviews", "/models/a=b")
    assert (settings.workers, settings.threads, settings.watch) == (1, 3, 0)
    assert settings.limits == Limits()
    assert settings.host_names == LOOPBACK
    assert settings.api_keys == ()


def test_what_is_said_is_taken(tmp_path):
    keys = tmp_path / "keys.txt"
    keys.write_text("0123456789abcdef")
    args = {
        "models": MODELS,
        "api_key_file": str(keys),
        "allow_host": ["texts.example.org"],
        "limits": {"texts": 7},
        "precision": "int8",
    }
    settings = service_settings(replica_settings(args), "10.0.0.1", 1)
    assert settings.api_keys == (b"0123456789abcdef",)
    assert settings.limits == Limits(texts=7)
    assert settings.host_names == ("10.0.0.1", "texts.example.org")
    assert settings.precision == "int8"


@pytest.mark.parametrize("host", ["0.0.0.0", "10.0.0.1", "::"])
def test_where_others_reach_the_proxies_a_key_is_needed(host, monkeypatch):
    monkeypatch.delenv("TEXTKIND_API_KEY", raising=False)
    with pytest.raises(SettingsError, match="an address that other machines reach needs a key"):
        service_settings(ReplicaSettings(MODELS), host, 1)
    service_settings(ReplicaSettings(MODELS, no_auth=True), host, 1)
    monkeypatch.setenv("TEXTKIND_API_KEY", "0123456789abcdef")
    assert service_settings(ReplicaSettings(MODELS), host, 1).api_keys


@pytest.mark.parametrize(
    ("args", "words", "hint"),
    [
        ({}, "args must have a list of models", "models: [reviews="),
        ({"models": "reviews"}, "args must have a list of models", "models: [reviews="),
        ({"models": []}, "there is no model to serve", ""),
        ({"models": ["a b"]}, "a model's name may hold letters", "NAME=FOLDER"),
        ({"models": MODELS, "model": 1}, "args knows no such name", "did you mean 'models'?"),
        ({"models": MODELS, "limits": {"text": 1}}, "limits knows no such name", "'texts'"),
        ({"models": MODELS, "limits": [1]}, "limits must be a mapping", ""),
        ({"models": MODELS, "limits": {"texts": 0}}, "the limit texts must be above 0", ""),
        ({"models": MODELS, "api_key_file": "/no/such"}, "the file of keys cannot be read", ""),
    ],
    ids=str,
)
def test_a_mistake_is_told(args, words, hint):
    with pytest.raises(SettingsError) as caught:
        replica_settings(args)
    assert words in caught.value.args[0]
    assert hint in caught.value.hint
