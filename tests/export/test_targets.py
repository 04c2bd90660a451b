"""The table of targets: which takes which models and options, and what is said of the others."""

import sys

import pytest

from textkind.classifier import MODELS
from textkind.errors import MissingPackageError, SettingsError
from textkind.export.settings import ExportSettings
from textkind.export.targets import TARGETS, check_target


@pytest.mark.parametrize("name", TARGETS)
def test_every_target_takes_models_that_there_are_and_options_that_settings_have(name):
    target = TARGETS[name]
    assert set(target.models) <= set(MODELS)
    assert set(target.options) <= set(ExportSettings.__dataclass_fields__)


REFUSED = [
    ("onix", "cnn", {}, "there is no such target", "did you mean 'onnx'?"),
    ("huggingface", "cnn", {}, "huggingface is for models of the kinds frozen", "--to onnx"),
    ("onnx", "stack", {}, "found 'a stack model'", "no target takes such a model"),
    ("onnx", "cnn", {"custom_code": True}, "onnx knows no custom_code; found True", "leave it out"),
    ("huggingface", "frozen", {"precision": "int8"}, "huggingface knows no precision", "leave it"),
]


@pytest.mark.parametrize(("name", "kind", "options", "problem", "hint"), REFUSED)
def test_what_a_target_does_not_take_is_told(name, kind, options, problem, hint):
    with pytest.raises(SettingsError) as caught:
        check_target(name, kind, ExportSettings(to=name, **options))
    assert problem in str(caught.value)
    assert hint in caught.value.hint


WRONG = [
    ({"precision": "int4"}, "precision must be float32 or int8; found 'int4'"),
    ({"precision": "int8", "most_changed": 1.5}, "most_changed must be a share of 0 to 1"),
    ({"check": "new.csv"}, "check goes with precision int8: in float32 nothing is rounded"),
]


@pytest.mark.parametrize(("options", "problem"), WRONG)
def test_settings_that_make_no_sense_are_refused(options, problem):
    with pytest.raises(SettingsError) as caught:
        ExportSettings(**options)
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("name", "package", "extra"),
    [("onnx", "onnxruntime", "export"), ("huggingface", "transformers", "pretrained")],
)
def test_a_missing_package_is_named_with_its_extra(monkeypatch, name, package, extra):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingPackageError) as caught:
        TARGETS[name].file()
    assert f"the package {package}, needed for this export, is not installed" in str(caught.value)
    assert caught.value.hint == f"pip install 'textkind[{extra}]'"
