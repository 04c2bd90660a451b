"""What this process sets for libraries: before they are loaded, and never over the user's own."""

import os
import subprocess
import sys

import pytest

from textkind.environment import KEPT_SHAPES, own_environment

pytest.importorskip("torch")
PROGRAM = """
import os, sys
import textkind
from textkind.classifier import MODELS, fit_function
assert "torch" not in sys.modules
before = {name: os.environ.get(name) for name in sys.argv[1:]}
fit_function("linear")
assert before == {name: os.environ.get(name) for name in sys.argv[1:]}
FUNCTION("cnn")
assert "torch" in sys.modules
print(*(os.environ.get(name) for name in sys.argv[1:]))
"""


def shown(given, function="fit_function"):
    """What stands in the environment once a network's module is loaded."""
    program = PROGRAM.replace("FUNCTION", function)
    plain = {name: value for name, value in own_environment().items() if name not in KEPT_SHAPES}
    command = [sys.executable, "-c", program, *KEPT_SHAPES]
    ended = subprocess.run(command, env=plain | given, text=True, capture_output=True, check=True)
    return ended.stdout.split()


def test_shapes_are_bounded_before_pytorch_is_loaded_and_not_at_import():
    assert shown({}) == list(KEPT_SHAPES.values())


def test_what_only_reads_keeps_more():
    loaded = "(lambda name: MODELS[name].part('NeuralModel'))"
    assert shown({}, loaded) == ["None"] * len(KEPT_SHAPES)


def test_what_the_user_set_stays():
    name = next(iter(KEPT_SHAPES))
    assert shown({name: "7"}) == ["7", *list(KEPT_SHAPES.values())[1:]]


def test_own_processes_have_the_environment_of_this_one(monkeypatch):
    monkeypatch.setenv("SOMETHING", "else")
    assert own_environment()["SOMETHING"] == os.environ["SOMETHING"]
