"""A classifier as a compact file: as it is, or pruned to a size.

    made = compact(classifier, CompactSettings(most_mb=2), data=TrainingTexts(train, validation))
    made.data                                   the bytes of the file

With the training texts at hand the n-grams that are kept are fitted anew, which gives back most of
what pruning takes, and what is lost is measured on validation by fits that did not see it. With
other texts the weights stay, and what is told is how many of their answers change.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, cast

import numpy as np
import pyarrow as pa

from textkind.classifier import Classifier, Model, predict_ids
from textkind.decision.decision import decide, probabilities
from textkind.encoding.ngrams import encode_ngrams
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
from textkind.export.size_search import to_size
from textkind.export.static_table import (
    StaticTable,
    check_averaging,
    row_influence,
    static_table,
    with_rows,
)
from textkind.export.targets import TrainingTexts
from textkind.models.linear import LinearModel, fit_encoded
from textkind.models.linear_rows import Encoded, encode
from textkind.models.settings import linear_settings_of_json
from textkind.progress import SILENT, Talk

SPARE = 1024  # bytes by which golden rows and account may be longer than those of the whole model


@dataclass(frozen=True)
class CompactSettings:
    """How small the file is to be, and what it may cost.

    most_mb       megabytes; None: the model is kept as it is
    most_lost     points of accuracy on validation (of micro F1 with several labels)
    most_changed  share of the answers that may change, where there are no labels to measure by
    """

    most_mb: float | None = None
    most_lost: float = 1.0
    most_changed: float = 0.02

    def __post_init__(self) -> None:
        if self.most_mb is not None and not 0 < self.most_mb < 1e6:
            raise SettingsError("the megabytes must be a number above 0", found=self.most_mb)
        if not 0 <= self.most_lost <= 100:
            raise SettingsError(
                "the points that may be lost must be 0 to 100", found=self.most_lost
            )
        if not 0 <= self.most_changed <= 1:
            raise SettingsError("most_changed must be a share of 0 to 1", found=self.most_changed)


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
    model = compact_model(classifier.model)
    source, rows = replace(classifier, model=cast(Model, model)), len(model.scales)

    def filed(smaller: Classifier, facts: dict[str, Any]) -> Compacted:
        account = {"settings": asdict(settings), **facts}
        return Compacted(compact_bytes(smaller, golden, told | account), smaller, account)

    def bytes_of(smaller: Any) -> int:
        return len(compact_bytes(replace(source, model=smaller), (), told))

    whole = filed(source, {"rows": rows, "of": rows})
    if settings.most_mb is None or len(whole.data) <= settings.most_mb * 1e6:
        if model is not classifier.model and data is not None:  # it was rounded
            facts = _compared(classifier, source, _texts(data), threads)
            return filed(_checked(source, facts, settings), {"rows": rows, "of": rows, **facts})
        return whole
    if data is None:
        raise SettingsError(
            "a model is pruned by texts of its kind, and none are at hand",
            found=f"{len(whole.data) / 1e6:.3g} MB without pruning",
            hint="pass the file that it was trained on with --training, or texts with --check",
        )
    apart = len(whole.data) - bytes_of(model)  # what golden rows and the account take
    limit = int(settings.most_mb * 1e6) - apart - SPARE - 2 * len(golden) * len(source.labels)
    if isinstance(model, LinearModel) and isinstance(data, TrainingTexts):
        smaller, facts = _fitted_anew(source, data, limit, bytes_of, threads, talk)
    else:
        ranked = PRUNED[type(model)](model, _texts(data), threads)
        pruned = to_size(ranked, rows, limit, bytes_of)
        smaller = replace(source, model=pruned)
        compared = _compared(classifier, smaller, _texts(data), threads)
        facts = {"rows": len(pruned.scales), "fitted_anew": False, **compared}
    facts = {"of": rows, **facts}
    return filed(_checked(smaller, facts, settings), facts)


def compact_model(model: Model) -> LinearModel | StaticTable:
    """The model as a compact file has it; SettingsError for one that it cannot hold."""
    check_model(model)
    return model if isinstance(model, LinearModel) else static_table(model)


def check_model(model: Model) -> None:
    """SettingsError for a model that a compact file cannot hold."""
    if isinstance(model, LinearModel):
        return
    if model.name != "mean_pool":
        raise SettingsError(
            "a compact file holds a linear model or static vectors", found=f"a {model.name} model",
            hint="textkind distil makes a linear or static model of any other",
        )  # fmt: skip
    check_averaging(model)


def _checked(smaller: Classifier, facts: dict[str, Any], settings: CompactSettings) -> Classifier:
    """The classifier; SettingsError where it is not what was allowed."""
    lost, changed = facts.get("lost"), facts["changed"]
    if lost is not None and lost > settings.most_lost:
        raise _too_much(f"{lost:.2f} points of {facts['figure']} on validation", "--max-lost")
    if lost is None and changed > settings.most_changed:
        raise _too_much(f"{changed:.2%} of the answers are others", "--max-changed")
    return smaller


def _too_much(lost: str, option: str) -> SettingsError:
    return SettingsError(
        "a file of this size would change the model too much", found=lost,
        hint=f"allow more megabytes with --max-mb, or the loss with {option}",
    )  # fmt: skip


def _fitted_anew(
    source: Classifier,
    data: TrainingTexts,
    limit: int,
    bytes_of: Callable[[Model], int],
    threads: int | None,
    talk: Talk,
) -> tuple[Classifier, dict[str, Any]]:
    """Prune and fit on train, measure and calibrate on validation, fit as the model was fitted."""
    settings = linear_settings_of_json(source.model.facts["settings"])
    train, held_out, decision = data.train, data.validation, source.decision

    def fitted(encoded: Encoded, ranking: np.ndarray, texts: Any) -> Callable[[int], LinearModel]:
        def of(number: int) -> LinearModel:
            encoder = narrowed_encoder(encoded.encoder, strongest(ranking, number))
            rows = encode_ngrams(encoder, texts, threads=threads)
            again = replace(encoded, encoder=encoder, rows=rows, start=None)
            return rounded_weights(fit_encoded(again, settings, seed=data.seed, threads=threads))

        return of

    with talk.task("fitting the whole model on train, to measure what is lost"):
        encoded = encode(train, None, settings, threads)
        whole = fit_encoded(encoded, settings, seed=data.seed, threads=threads)
        ranking = influence(whole, encoded.rows)
    with talk.task("looking for the n-grams that fit"):
        made = fitted(encoded, ranking, train.texts)
        small = to_size(made, len(whole.encoder), limit, bytes_of)
    logits = [one.logits(held_out.texts, threads) for one in (whole, small)]
    calibrator = type(decision.calibrator).fit(logits[1], held_out.targets)
    settled = replace(decision, calibrator=calibrator)
    answers = [
        decide(one, probabilities(one, given))
        for one, given in zip((decision, settled), logits, strict=True)
    ]
    if settings.refit:
        with talk.task("fitting the n-grams that are kept, on train and validation"):
            encoded = encode(train, held_out, settings, threads)
            texts = pa.concat_arrays([train.texts, held_out.texts])
            made = fitted(encoded, ranking, texts)
            small = to_size(made, len(small.encoder), limit, bytes_of)
    before, after = (_figure(one, held_out.targets) for one in answers)
    return replace(source, model=small, decision=settled), {
        "rows": len(small.encoder),
        "fitted_anew": True,
        "figure": "micro F1" if source.labels.several else "accuracy",
        "before": before,
        "after": after,
        "lost": before - after,
        "changed": _changed(*answers),
        "measured_on": len(held_out),
    }


def _pruned_linear(
    model: LinearModel, texts: pa.LargeStringArray, threads: int | None
) -> Callable[[int], LinearModel]:
    """The model of so many n-grams; its weights stay but for one factor of all."""
    ranking = influence(model, encode_ngrams(model.encoder, texts, threads=threads))
    bare = model.logits(pa.array([""], pa.large_string()), 1)  # the biases
    wanted = model.logits(texts, threads) - bare

    def of(number: int) -> LinearModel:
        fewer = narrowed(model, strongest(ranking, number))
        # what is left of a text is made as long as the whole was
        return rounded_weights(fewer, _slope(fewer.logits(texts, threads) - bare, wanted))

    return of


def _pruned_table(
    table: StaticTable, texts: pa.LargeStringArray, threads: int | None
) -> Callable[[int], StaticTable]:
    """The table of so many rows."""
    ranking = row_influence(table, texts, threads)
    return lambda number: with_rows(table, strongest(ranking, number))


PRUNED: dict[type, Callable[[Any, pa.LargeStringArray, int | None], Callable[[int], Any]]] = {
    LinearModel: _pruned_linear,
    StaticTable: _pruned_table,
}


def _texts(data: TrainingTexts | pa.LargeStringArray) -> pa.LargeStringArray:
    """The texts to look at where no labels are learned from."""
    return data.validation.texts if isinstance(data, TrainingTexts) else data


def _compared(
    first: Classifier, second: Classifier, texts: pa.LargeStringArray, threads: int | None
) -> dict[str, Any]:
    """How many of the texts the second answers otherwise."""
    answers = (predict_ids(one, texts, threads) for one in (first, second))
    return {"changed": _changed(*answers), "measured_on": len(texts)}


def _slope(moved: np.ndarray, wanted: np.ndarray) -> float:
    """The factor that brings the first nearest to the second, by least squares."""
    squares = float(np.square(moved, dtype=np.float64).sum())
    return float((moved.astype(np.float64) * wanted).sum() / squares) if squares > 0 else 1.0


def _figure(answers: np.ndarray, targets: np.ndarray) -> float:
    """Accuracy, or micro F1 of several labels, in points."""
    return 100 * float(figure_of(row_parts(answers, targets).sum(axis=0)))


def _changed(first: np.ndarray, second: np.ndarray) -> float:
    """The share of the rows whose answers differ."""
    differs = first != second
    return float((differs.any(axis=1) if differs.ndim == 2 else differs).mean())
