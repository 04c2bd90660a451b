"""bfloat16 only where asked for, or where it pays."""

import pytest

torch = pytest.importorskip("torch")

from textkind.progress import Talk  # noqa: E402
from textkind.training import precision  # noqa: E402
from textkind.training.precision import probed_precision, reduced  # noqa: E402

CPU = torch.device("cpu")


class Remembering(Talk):
    def __init__(self):
        self.notes = []

    def note(self, message):
        self.notes.append(message)


def never():
    raise AssertionError("the network was asked")


def timings(monkeypatch, *seconds):
    """What _quickest finds, in turn: matrices in float32 and bfloat16, the network in both."""
    left = iter(seconds)
    monkeypatch.setattr(precision, "_quickest", lambda work, tries: next(left))


@pytest.mark.parametrize("asked", ["float32", "bfloat16"])
def test_an_explicit_choice_is_kept_without_a_probe(monkeypatch, asked):
    timings(monkeypatch)
    assert probed_precision(asked, CPU, never) == asked


@pytest.mark.parametrize("half", [1000.0, 1.0, 0.9])
def test_a_processor_without_quick_bfloat16_computes_in_float32(monkeypatch, half):
    timings(monkeypatch, 1.0, half)
    assert probed_precision("auto", CPU, never) == "float32"


def test_a_network_that_gains_nothing_computes_in_float32(monkeypatch):
    timings(monkeypatch, 4.0, 1.0, 1.2, 1.0, 1.0)
    assert probed_precision("auto", CPU, never) == "float32"


def test_a_network_that_is_hopeless_in_bfloat16_is_tried_once(monkeypatch):
    timings(monkeypatch, 4.0, 1.0, 1.2, 60.0)  # no more are left to ask for
    assert probed_precision("auto", CPU, never) == "float32"


def test_a_network_that_gains_computes_in_bfloat16_and_it_is_told(monkeypatch):
    timings(monkeypatch, 4.0, 1.0, 2.0, 1.5, 1.0)
    talk = Remembering()
    assert probed_precision("auto", CPU, never, talk) == "bfloat16"
    assert talk.notes == ["computing in bfloat16, 2.0 times as fast here as float32"]


def test_the_probe_ends_and_the_network_is_asked_in_both_or_not_at_all(monkeypatch):
    kinds = []

    def attempt():
        kinds.append((torch.ones(2, 2) @ torch.ones(2, 2)).dtype)

    assert probed_precision("auto", CPU, attempt) in ("float32", "bfloat16")
    assert not kinds or set(kinds) == {torch.float32, torch.bfloat16}
    kinds.clear()
    monkeypatch.setattr(precision, "GAIN", 0.0)
    assert probed_precision("auto", CPU, attempt) == "bfloat16"
    assert set(kinds) == {torch.float32, torch.bfloat16}


def test_networks_compute_in_the_precision_of_the_context():
    linear = torch.nn.Linear(4, 4)
    with reduced("bfloat16", CPU):
        assert linear(torch.ones(2, 4)).dtype == torch.bfloat16
    with reduced("float32", CPU):
        assert linear(torch.ones(2, 4)).dtype == torch.float32
