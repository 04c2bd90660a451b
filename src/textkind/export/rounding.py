"""A graph in int8 that changes few labels: what rounding costs is counted on texts, and told.

Where too many labels change, the matrices that suffer most from rounding stay in float32: first
each is rounded alone, and they are ordered by what that does to the logits.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from torch import nn

from textkind.errors import SettingsError
from textkind.evaluation.intervals import share_interval
from textkind.export.golden import Answers, answers_of
from textkind.export.graphs.whole import text_graph
from textkind.export.settings import MOST_CHANGED, ExportSettings
from textkind.export.targets import Subject
from textkind.models.evening import Sizes, block_layers, largest_inputs
from textkind.models.neural import NeuralModel
from textkind.progress import Talk

MOST_LOOKED_AT = 2000  # texts
FEW = 128  # of them, by which matrices are ordered
HINT = "allow more, if that is what you want: --max-changed (most_changed); or leave it in float32"


def rounded_graph(
    subject: Subject,
    settings: ExportSettings,
    computed: Callable[[bytes, list[str]], Answers],
    talk: Talk,
) -> tuple[bytes, dict[str, Any]]:
    """The file of ONNX, and a JSON-able account; computed gives what a graph says of texts.

    SettingsError where there is no text to look at, or too many labels change.
    """
    if subject.texts is None or not len(subject.texts):
        raise SettingsError(
            "what int8 changes is counted on texts, and there are none",
            hint="name some, with labels or without: --check FILE",
        )
    classifier = subject.classifier
    texts = some_of(subject.texts.to_pylist(), MOST_LOOKED_AT)
    most = MOST_CHANGED if settings.most_changed is None else settings.most_changed
    with talk.task("reading the texts in float32"):
        plain = answers_of(classifier, texts, settings.threads)
    assert isinstance(classifier.model, NeuralModel)
    layers = block_layers(classifier.model.network)  # that int8 rounds
    sizes = largest_inputs(classifier.model.network)
    order: list[str] = []
    for number in numbers_in_float(len(layers)):
        if number and not order:
            with talk.task("looking for the matrices that suffer most from rounding"):
                order = by_sensitivity(subject, layers, sizes, texts[:FEW], computed, talk)
        kept = [layers[name] for name in order[:number]]
        with talk.task("reading the texts in int8"):
            data = text_graph(classifier, "int8", kept, sizes)
            found = computed(data, texts)
        changed = sum(a != b for a, b in zip(plain.labels, found.labels, strict=True))
        if changed <= most * len(texts):
            facts = account(subject, plain, found, changed) | {"in_float": sorted(order[:number])}
            talk.note(told(facts, most))
            return data, facts
    raise SettingsError(
        f"int8 changes the labels of {changed:,} of {len(texts):,} texts, more than the "
        f"{100 * most:.3g} % that are allowed, even with {number} of {len(layers)} matrices left "
        "in float32",
        found=round(changed / len(texts), 4),
        hint=HINT,
    )


def some_of(texts: list[str], most: int) -> list[str]:
    """At most so many of the texts, evenly spread."""
    step = max(1, -(-len(texts) // most))
    return texts[::step]


def numbers_in_float(layers: int) -> list[int]:
    """How many matrices are left in float32, as it is tried: none, 1, 2, 4 .. half of them."""
    return [0, *(1 << power for power in range(layers.bit_length()) if 2 << power <= layers)]


def by_sensitivity(
    subject: Subject,
    layers: dict[str, nn.Linear],
    sizes: Sizes,
    texts: list[str],
    computed: Callable[[bytes, list[str]], Answers],
    talk: Talk,
) -> list[str]:
    """Names of the layers, those first that change logits most when they alone are rounded."""
    classifier = subject.classifier
    every = list(layers.values())
    plain = computed(text_graph(classifier, "int8", every), texts).logits
    moved = {}
    for place, (name, part) in enumerate(layers.items()):
        others = [other for other in every if other is not part]
        found = computed(text_graph(classifier, "int8", others, sizes), texts).logits
        moved[name] = float(np.abs(found - plain).mean())
        talk.advance(place + 1, len(layers))
    return sorted(layers, key=lambda name: -moved[name])


def account(subject: Subject, plain: Answers, found: Answers, changed: int) -> dict[str, Any]:
    """What rounding changed, JSON-able."""
    rows = len(plain.labels)
    low, high = share_interval(np.array([changed]), np.array([rows]))
    return {
        "texts": rows,
        "of": subject.texts_name,
        "changed": changed,
        "changed_share": changed / rows,
        "changed_interval": [float(low[0]), float(high[0])],
        "probabilities_moved": {
            "mean": float(np.abs(found.probabilities - plain.probabilities).mean()),
            "most": float(np.abs(found.probabilities - plain.probabilities).max()),
        },
    }


def told(facts: dict[str, Any], most: float) -> str:
    """The account in a sentence."""
    low, high = (f"{100 * bound:.2g}" for bound in facts["changed_interval"])
    left = len(facts["in_float"])
    return (
        f"int8 changes {facts['changed']:,} of {facts['texts']:,} labels ({facts['of']}), "
        f"{facts['changed_share']:.2%} (95 % interval {low} to {high} %; {most:.2%} are allowed)"
        + (f"; {left} matrices stay in float32" if left else "")
    )
