"""Texts unlike all that were learned from: how novel each looks, and which to turn away.

    novelty = fit_novelty(("energy", "knn"), train, targets, validation, gold)
    scores = novelty_scores(novelty, signs)                    (N,) float64, higher: more novel

A classifier gives every text one of its labels, also one that has none of them. The scores of
novelty_scores.py are each told as -log of the chance that a validation text scores as high or
higher, counted up to the highest tenth and beyond it by an exponential tail. Several are added up
(Fisher 1932) or, where texts out of scope are given, with the weights of a logistic regression.
"""

from dataclasses import dataclass

import numpy as np

from textkind.decision.conformal import threshold_of
from textkind.decision.novelty_scores import (
    SCORES,
    Reference,
    Signs,
    raw_scores,
    reference_of,
)
from textkind.errors import ModelFolderError, SettingsError, did_you_mean

AUTO, NONE = "auto", "none"
CHOICES = (AUTO, *SCORES, NONE)
TAIL = 0.1  # of the validation texts, whose scores the exponential tail is fitted to
LEAST_ROWS = 50  # of validation
MATRICES = {"nearest": "int8", "means": "float32", "whitening": "float32", "centre": "float32",
            "background": "float32"}  # fmt: skip
NEEDED_BY = dict.fromkeys(MATRICES, "mahalanobis") | {"nearest": "knn"}


@dataclass(frozen=True, eq=False)
class Novelty:
    """Fitted scores.

    seen        of each score used: (N,) float64, those of the validation texts, rising
    weights     of each score used, in the sum
    validation  (N,) float64 the sums of the validation texts, rising
    """

    reference: Reference
    seen: dict[str, np.ndarray]
    weights: dict[str, float]
    validation: np.ndarray


def scores_of(choice: str, *, vectors: bool, unseen: bool, several: bool) -> tuple[str, ...]:
    """The scores that a choice stands for; SettingsError for one that the model cannot give.

    vectors, unseen: whether the model tells these; several: whether texts may have several labels.
    """
    given = {
        "energy": True,
        "unseen": unseen,
        "knn": vectors,
        "mahalanobis": vectors and not several,
    }
    possible = tuple(name for name in SCORES if given[name])
    if choice in (AUTO, NONE):
        return possible if choice == AUTO else ()
    if choice not in SCORES:
        raise SettingsError(
            "there is no such score of novelty", found=choice, hint=did_you_mean(choice, CHOICES)
        )
    if choice not in possible:
        raise SettingsError(
            f"this model cannot tell novelty by {choice}", hint=f"it can by {', '.join(possible)}"
        )
    return (choice,)


def fit_novelty(
    names: tuple[str, ...],
    train: np.ndarray | None,
    targets: np.ndarray,
    validation: Signs,
    gold: np.ndarray,
    outside: Signs | None = None,
) -> Novelty | None:
    """Scores of these names; None without a name, and with fewer than 50 validation rows.

    train are vectors (N, D), for knn and mahalanobis; targets and gold are those of train and
    validation, (N,) ids or (N, K) 0/1. outside are texts known to be out of scope.
    """
    if not names or len(validation.logits) < LEAST_ROWS:
        return None
    reference = reference_of(names, train, targets, validation.logits, gold)
    raw = raw_scores(names, reference, validation)
    seen = {name: np.sort(one) for name, one in raw.items()}
    weights = dict.fromkeys(names, 1.0)
    if outside is not None and len(outside.logits):
        inside = tail_logs(seen, raw)
        beyond = tail_logs(seen, raw_scores(names, reference, outside))
        weights = learned_weights(names, inside, beyond)
    novelty = Novelty(reference, seen, weights, np.empty(0))
    sums = np.sort(novelty_scores(novelty, validation))
    return Novelty(reference, seen, weights, sums)


def novelty_scores(novelty: Novelty, signs: Signs) -> np.ndarray:
    """(N,) float64: how unlike all texts in scope each looks."""
    logs = tail_logs(novelty.seen, raw_scores(tuple(novelty.seen), novelty.reference, signs))
    return sum((novelty.weights[name] * logs[name] for name in logs), np.zeros(len(signs.logits)))


def rejection_threshold(novelty: Novelty, kept: float) -> float:
    """The novelty above which a text is turned away, so that this share of those in scope stays.

    It is that of a conformal set: at least that share stays in expectation. SettingsError for a
    share that is none, or too high for so few rows.
    """
    if type(kept) not in (int, float) or not 0 < kept < 1:
        raise SettingsError("the share to keep must be above 0 and below 1", found=kept)
    highest = threshold_of(novelty.validation, kept)
    if highest == np.inf:
        raise SettingsError(
            f"too few validation texts to keep {kept:.4g} of those in scope",
            found=len(novelty.validation),
            hint="a lower share, or more validation texts",
        )
    return highest


def tail_logs(seen: dict[str, np.ndarray], raw: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Each score as -log of the chance of one as high, by the rising ones that were seen."""
    return {name: tail_log(seen[name], raw[name]) for name in raw}


def tail_log(seen: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """(N,) float64, 0 or more; constant scores that were seen say nothing below them."""
    number = len(seen)
    first = number - max(1, int(number * TAIL))  # of the tail
    border, spread = seen[first - 1], float((seen[first:] - seen[first - 1]).mean())
    above = number - np.searchsorted(seen, np.minimum(scores, border), side="left")
    counted = np.log((number + 1) / (above + 1))
    unit = spread if spread > 0 else max(abs(float(border)), 1.0)  # all of the tail alike
    return counted + np.maximum(scores - border, 0) / unit


def learned_weights(
    names: tuple[str, ...], inside: dict[str, np.ndarray], outside: dict[str, np.ndarray]
) -> dict[str, float]:
    """Weights of the scores that tell texts out of scope from those in it; both sides count alike.

    None is below 0: what looks stranger is never less novel.
    """
    from sklearn.linear_model import LogisticRegression

    table = np.concatenate([np.stack([part[name] for name in names], 1)
                            for part in (inside, outside)])  # fmt: skip
    is_outside = np.repeat([0, 1], [len(inside[names[0]]), len(outside[names[0]])])
    fitted = LogisticRegression(class_weight="balanced").fit(table, is_outside)
    weights = np.maximum(fitted.coef_[0], 0)
    if not weights.any():
        weights[:] = 1
    return dict(zip(names, weights.tolist(), strict=True))


def novelty_arrays(novelty: Novelty | None) -> dict[str, np.ndarray]:
    """The arrays to save; none where there is no novelty."""
    if novelty is None:
        return {}
    reference = novelty.reference
    return {
        "temperature": np.array([reference.temperature]),
        **{name: getattr(reference, name) for name in MATRICES},
        "weights": np.array([novelty.weights[name] for name in novelty.seen]),
        "validation": novelty.validation,
        **{f"seen {name}": one for name, one in novelty.seen.items()},
    }


def novelty_from_arrays(arrays: dict[str, np.ndarray], several: bool) -> Novelty | None:
    """What `novelty_arrays` was given; ModelFolderError names what is wrong."""
    if not arrays:
        return None

    def require(good: bool | np.bool_, problem: str) -> None:
        if not good:
            raise ModelFolderError(f"the score of novelty is damaged: {problem}")

    names = tuple(name for name in SCORES if f"seen {name}" in arrays)
    kinds = {"temperature": "float64", "weights": "float64", "validation": "float64", **MATRICES,
             **{f"seen {name}": "float64" for name in names}}  # fmt: skip
    found = {name: str(array.dtype) for name, array in arrays.items()}
    require(bool(names) and found == kinds, f"its arrays are not {kinds}")
    rows = arrays["validation"].shape
    require(len(rows) == 1 and rows[0] >= LEAST_ROWS, "its validation texts")
    for name in ("validation", *(f"seen {name}" for name in names)):
        require(arrays[name].shape == rows, f"the shape of {name}")
        require((np.diff(arrays[name]) >= 0).all(), f"{name} does not rise")
    weights, temperature = arrays["weights"], arrays["temperature"]
    require(weights.shape == (len(names),) and (weights >= 0).all(), "its weights")
    require(temperature.shape == (1,) and (temperature > 0).all(), "its temperature")
    matrices = {name: arrays[name] for name in MATRICES}
    for name, matrix in matrices.items():
        needed = NEEDED_BY[name] in names
        require(matrix.ndim == 2 and (matrix.size > 0) == needed, f"the shape of {name}")
    width = matrices["means"].shape[1]
    for name in ("whitening", "background"):
        require(matrices[name].shape == (width, width), f"the shape of {name}")
    require(matrices["centre"].shape == (1 if width else 0, width), "the shape of centre")
    reference = Reference(several, float(temperature[0]), **matrices)
    return Novelty(
        reference,
        {name: arrays[f"seen {name}"] for name in names},
        dict(zip(names, weights.tolist(), strict=True)),
        arrays["validation"],
    )
