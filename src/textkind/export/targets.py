"""The targets: what a model can be exported as. Each is a line of TARGETS and a file beside this.

The file of a target holds

    check(subject, settings)                SettingsError for a model or options it cannot take
    write(subject, place, settings, talk)   writes into an empty folder; gives Written
    load(place, card)                       gives Exported, from what `write` wrote
"""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from textkind.classifier import MODELS, Classifier
from textkind.data.corpus import Corpus
from textkind.decision.decision import Decision
from textkind.errors import SettingsError, did_you_mean
from textkind.export.golden import Allowed, Answers
from textkind.export.settings import ExportSettings
from textkind.optional import need
from textkind.progress import Talk

NETWORKS = ("mean_pool", "perceptron", "cnn", "rnn", "transformer")
ENCODERS = ("frozen", "pretrained")
PRUNING = ("most_mb", "most_lost", "most_changed", "check", "training")  # of a compact file


@dataclass(frozen=True, eq=False)
class TrainingTexts:
    """What a model learned from, split as it was then, by the seed of then."""

    train: Corpus
    validation: Corpus
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Subject:
    """What is exported.

    metrics   of its run, None of a model folder alone
    texts     to look at where something is rounded, and texts_name what they are; None: none there
    training  what it learned from, where that was given
    folder    the model folder that it was loaded from, None of a classifier in memory
    home      the full path at which the artefact will lie
    """

    classifier: Classifier
    metrics: dict[str, Any] | None = None
    texts: pa.LargeStringArray | None = None
    texts_name: str = ""
    training: TrainingTexts | None = None
    folder: Path | None = None
    home: Path = Path()


@dataclass(frozen=True)
class Written:
    """What a target has written: the names of its files, and JSON-able facts for its card.

    allowed   how far from its golden rows it may answer when it is loaded, on any machine
    same      whether it must answer as the classifier does; else golden rows are its own answers
    decision  of the artefact, where it is another than the classifier's
    """

    files: tuple[str, ...]
    facts: dict[str, Any]
    allowed: Allowed
    same: bool = True
    decision: Decision | None = None


class Exported(Protocol):
    """An artefact that was loaded and found sound."""

    labels: tuple[str, ...]

    def answers(self, texts: Sequence[str], threads: int | None = None) -> Answers:
        """What it says of texts; None: as many threads as it likes."""
        ...


class TargetFile(Protocol):
    """What the file of a target holds."""

    def check(self, subject: Subject, settings: ExportSettings) -> None: ...  # noqa: D102

    def write(  # noqa: D102
        self, subject: Subject, place: Path, settings: ExportSettings, talk: Talk
    ) -> Written: ...

    def load(self, place: Path, card: dict[str, Any]) -> Exported: ...  # noqa: D102


@dataclass(frozen=True)
class Target:
    """What it makes in words, of which kinds of models, where its file stands.

    options  names of ExportSettings that it knows, beside those of all
    needs    packages that its file imports
    """

    makes: str
    models: tuple[str, ...]
    module: str
    options: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()

    def file(self) -> TargetFile:
        """Its module; MissingPackageError where a package that it needs is not installed."""
        for package in self.needs:
            need(package, "this export", "export" if package.startswith("onnx") else None)
        module: Any = importlib.import_module(self.module)
        return module


TARGETS = {
    "onnx": Target(
        "a graph for onnxruntime, with its tokenizer and a short reader without PyTorch",
        (*NETWORKS, *ENCODERS),
        "textkind.export.onnx_folder",
        options=("precision", "most_changed", "check"),
        needs=("onnx", "onnxruntime", "torch"),
    ),
    "huggingface": Target(
        "a folder for transformers and the Hugging Face hub",
        ENCODERS,
        "textkind.export.hugging_face",
        options=("custom_code",),
        needs=("transformers", "torch"),
    ),
    "compact": Target(
        "one small file, with readers in Python and JavaScript that need nothing else",
        ("linear", "mean_pool"),
        "textkind.export.compact_folder",
        options=PRUNING,
    ),
    "page": Target(
        "a web page with the model inside, which labels texts without network",
        ("linear", "mean_pool"),
        "textkind.export.page_folder",
        options=PRUNING,
    ),
    "scikit-learn": Target(
        "a Pipeline of scikit-learn, without pickle and without textkind",
        ("linear",),
        "textkind.export.scikit_learn_folder",
        options=PRUNING,
    ),
    "ray-serve": Target(
        "the model and a configuration of Ray Serve, which answers as the service does",
        tuple(MODELS),
        "textkind.export.ray_serve",
    ),
}


def target_of(name: str) -> Target:
    """The target of that name; SettingsError with the nearest name where there is none."""
    if name not in TARGETS:
        raise SettingsError("there is no such target", found=name, hint=did_you_mean(name, TARGETS))
    return TARGETS[name]


def check_target(name: str, kind: str, settings: ExportSettings) -> Target:
    """The target; SettingsError where it is none for this kind of model, or lacks an option."""
    target = target_of(name)
    if kind not in target.models:
        others = [other for other, one in TARGETS.items() if kind in one.models]
        raise SettingsError(
            f"{name} is for models of the kinds {', '.join(target.models)}",
            found=f"a {kind} model",
            hint=f"--to {others[0]}" if others else "no target takes such a model",
        )
    some_know = dict.fromkeys(option for one in TARGETS.values() for option in one.options)
    for option in some_know:
        if getattr(settings, option) is not None and option not in target.options:
            raise SettingsError(
                f"{name} knows no {option}", found=getattr(settings, option), hint="leave it out"
            )
    return target
