"""A classifier as a compact file: as it is, or pruned to a size.

    made = compact(classifier, CompactSettings(most_mb=2), data=TrainingTexts(train, validation))
    made.data                                   the bytes of the file

With the training texts at hand the n-grams that are kept are fitted anew, which gives back most of
what pruning takes, and what is lost is measured on validation by fits that did not see it. With
other texts the weights stay, and what is told is how many of their answers change.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from textkind.classifier import Classifier, predict_ids
from textkind.data.corpus import Corpus
from textkind.decision.decision import Decision, decide, probabilities
from textkind.encoding.ngrams import NgramEncoder, encode_ngrams
from textkind.errors import SettingsError
from textkind.evaluation.paired import figure_of, row_parts
from textkind.export.compact_file import compact_bytes
from textkind.export.pruning import (
    influence,
    narrowed,
    narrowed_encoder,
    rounded_weights,
    strongest,
)
from textkind.models.linear import Encoded, LinearModel, encode, fit_encoded
from textkind.models.settings import LinearSettings, linear_settings_of_json
from textkind.progress import SILENT, Talk

MOST_TURNS = 12  # of looking for the number of n-grams that fits
FULL = 0.96  # of the size asked for: near enough
FEWEST = 8  # n-grams of the smallest model


@dataclass(frozen=True)
class CompactSettings:
    """How small the file is to be, and what it may cost.

    most_mb       megabytes; None: the model is kept as it is
    most_lost     points of accuracy on validation (of micro F1 with several labels)
    most_changed  percent of answers that change, where there are no labels to measure by
    """

    most_mb: float | None = None
    most_lost: float = 1.0
    most_changed: float = 2.0

    def __post_init__(self) -> None:
        if self.most_mb is not None and not 0 < self.most_mb < 1e6:
            raise SettingsError("the megabytes must be a number above 0", found=self.most_mb)
        for name in ("most_lost", "most_changed"):
            if not 0 <= getattr(self, name) <= 100:
                raise SettingsError(f"{name} must be 0 to 100", found=getattr(self, name))


@dataclass(frozen=True, eq=False)
class TrainingTexts:
    """What the model learned from, split as it was then."""

    train: Corpus
    validation: Corpus
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Compacted:
    """The bytes of a compact file, the classifier in it, and a JSON-able account."""

    data: bytes
    classifier: Classifier
    facts: dict[str, Any]


def compact(
    classifier: Classifier,
    settings: CompactSettings = CompactSettings(),
    *,
    data: TrainingTexts | pa.LargeStringArray | None = None,
    golden: tuple[str, ...],
    told: dict[str, Any],
    threads: int | None = None,
    talk: Talk = SILENT,
) -> Compacted:
    """The file of a classifier; golden are the texts that it is checked by, told goes into it.

    data are the texts that it learned from, or any texts of its kind; only a model that must be
    pruned needs them. Raises SettingsError where there are none, where too much would be lost, and
    for a model of another kind.
    """

    def filed(smaller: Classifier, facts: dict[str, Any]) -> Compacted:
        account = {"settings": asdict(settings), **facts}
        return Compacted(compact_bytes(smaller, golden, told | account), smaller, account)

    whole = filed(classifier, {"ngrams": None, "pruned": False})
    limit = None if settings.most_mb is None else int(settings.most_mb * 1e6)
    if limit is None or len(whole.data) <= limit:
        return whole
    model = classifier.model
    assert isinstance(model, LinearModel)
    if data is None:
        raise SettingsError(
            "a model is pruned by texts of its kind, and none are at hand",
            found=f"{len(whole.data) / 1e6:.3g} MB without pruning",
            hint="pass the file that it was trained on with --data, or texts with --texts",
        )
    if isinstance(data, TrainingTexts):
        smaller, facts = _fitted_anew(classifier, model, data, limit, filed, threads, talk)
        if facts["lost"] > settings.most_lost:
            raise _too_much(f"{facts['lost']:.2f} points of {facts['figure']} on validation",
                            f"--max-lost {facts['lost']:.2g}")  # fmt: skip
    else:
        smaller, facts = _as_fitted(classifier, model, data, limit, filed, threads)
        if facts["changed"] > settings.most_changed:
            raise _too_much(f"{facts['changed']:.2f} % of the answers",
                            f"--max-changed {facts['changed']:.2g}")  # fmt: skip
    return filed(smaller, facts)


def _too_much(lost: str, option: str) -> SettingsError:
    return SettingsError(
        "a file of this size would change the model too much", found=lost,
        hint=f"allow more megabytes, or the loss: {option}",
    )  # fmt: skip


def _fitted_anew(
    classifier: Classifier,
    model: LinearModel,
    data: TrainingTexts,
    limit: int,
    filed: Callable[[Classifier, dict[str, Any]], Compacted],
    threads: int | None,
    talk: Talk,
) -> tuple[Classifier, dict[str, Any]]:
    """Prune and fit on train, measure and calibrate on validation, fit as the model was fitted."""
    settings = linear_settings_of_json(model.facts["settings"])
    train, held_out, decision = data.train, data.validation, classifier.decision

    def fitted(encoded: Encoded, number: int, ranking: np.ndarray, texts: Any) -> LinearModel:
        encoder = narrowed_encoder(encoded.encoder, strongest(ranking, number))
        rows = encode_ngrams(encoder, texts, threads=threads)
        again = replace(encoded, encoder=encoder, rows=rows, start=None)
        return rounded_weights(fit_encoded(again, settings, seed=data.seed, threads=threads))

    with talk.task("fitting the whole model on train, to measure what is lost"):
        encoded = encode(train, None, settings, threads)
        whole = fit_encoded(encoded, settings, seed=data.seed, threads=threads)
        ranking = influence(whole, encoded.rows)
    with talk.task("looking for the n-grams that fit"):
        small, number = _to_size(
            lambda number: fitted(encoded, number, ranking, train.texts),
            len(whole.encoder), limit, lambda made: filed(replace(classifier, model=made), {}),
        )  # fmt: skip
    logits = [one.logits(held_out.texts, threads) for one in (whole, small)]
    calibrator = type(decision.calibrator).fit(logits[1], held_out.targets)
    settled = replace(decision, calibrator=calibrator)
    answers = [
        decide(decision, probabilities(decision, logits[0])),
        decide(settled, probabilities(settled, logits[1])),
    ]
    if settings.refit:
        with talk.task("fitting the n-grams that are kept, on train and validation"):
            encoded = encode(train, held_out, settings, threads)
            texts = pa.concat_arrays([train.texts, held_out.texts])
            small, number = _to_size(
                lambda number: fitted(encoded, number, ranking, texts),
                number, limit, lambda made: filed(replace(classifier, model=made), {}),
            )  # fmt: skip
    smaller = replace(classifier, model=small, decision=settled)
    before, after = (_figure(one, held_out.targets) for one in answers)
    return smaller, {
        "ngrams": number,
        "pruned": True,
        "fitted_anew": True,
        "figure": "micro F1" if classifier.labels.several else "accuracy",
        "before": before,
        "after": after,
        "lost": before - after,
        "changed": _changed(*answers),
        "measured_on": len(held_out),
    }


def _as_fitted(
    classifier: Classifier,
    model: LinearModel,
    texts: pa.LargeStringArray,
    limit: int,
    filed: Callable[[Classifier, dict[str, Any]], Compacted],
    threads: int | None,
) -> tuple[Classifier, dict[str, Any]]:
    """Prune by some texts without labels; the weights stay but for one factor of all."""
    ranking = influence(model, encode_ngrams(model.encoder, texts, threads=threads))
    before = model.logits(texts, threads)

    def pruned(number: int) -> LinearModel:
        fewer = narrowed(model, strongest(ranking, number))
        # what is left of a text is made longer than it was before, to the length of 1
        factor = _slope(fewer.logits(texts, threads) - _biases(model), before - _biases(model))
        return rounded_weights(fewer, factor)

    small, number = _to_size(
        pruned, len(model.encoder), limit, lambda made: filed(replace(classifier, model=made), {})
    )
    smaller = replace(classifier, model=small)
    answers = predict_ids(classifier, texts, threads), predict_ids(smaller, texts, threads)
    return smaller, {
        "ngrams": number,
        "pruned": True,
        "fitted_anew": False,
        "changed": _changed(*answers),
        "measured_on": len(texts),
    }


def _to_size(
    made: Callable[[int], LinearModel],
    most: int,
    limit: int,
    filed: Callable[[LinearModel], Compacted],
) -> tuple[LinearModel, int]:
    """The model of the most n-grams whose file is within the limit, and how many those are.

    SettingsError where not even the smallest is.
    """
    number, high, best, size = most, most + 1, None, 0
    for _ in range(MOST_TURNS):
        model = made(number)
        size = len(filed(model).data)
        if size <= limit:
            best = model, number
            if number + 1 >= high or size >= FULL * limit:
                return best
        else:
            high = number
        low = FEWEST if best is None else best[1]
        # a file grows with its n-grams, but for what it has of any number
        guess = int(number * 0.99 * limit / size)
        number = guess if low < guess < high else (low + high) // 2
        if number == low and best is not None:
            return best
    if best is None:
        raise SettingsError(
            "no model of this kind is so small", found=f"{limit / 1e6:.3g} MB",
            hint=f"allow {size / 1e6:.2g} MB or more",
        )  # fmt: skip
    return best


def _biases(model: LinearModel) -> np.ndarray:
    """(K,) logits of a text without a known n-gram."""
    return model.logits(pa.array([""], pa.large_string()), 1)[0]


def _slope(moved: np.ndarray, wanted: np.ndarray) -> float:
    """The factor that brings the first nearest to the second, by least squares."""
    squares = float(np.square(moved, dtype=np.float64).sum())
    return float((moved.astype(np.float64) * wanted).sum() / squares) if squares > 0 else 1.0


def _figure(answers: np.ndarray, targets: np.ndarray) -> float:
    """Accuracy, or micro F1 of several labels, in points."""
    return 100 * float(figure_of(row_parts(answers, targets).sum(axis=0)))


def _changed(first: np.ndarray, second: np.ndarray) -> float:
    """Percent of the rows whose answers differ."""
    differs = first != second
    return 100 * float((differs.any(axis=1) if differs.ndim == 2 else differs).mean())
