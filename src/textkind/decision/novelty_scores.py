"""Single scores of how unlike all that was learned a text looks, fitted on texts in scope alone.

energy       -log of the sum of exp(logit / T) (Liu et al. 2020), T the temperature of calibration
unseen       share of a text's word n-grams that no training text has
knn          1 less the cosine with the k-th nearest training text (Sun et al. 2022)
mahalanobis  squared distance to the nearest label's mean, in units of the spread within labels (Lee
             et al. 2018), less that to the mean of all texts in units of their spread (Ren et al.
             2021); both covariances are shrunk (Ledoit & Wolf 2004)
"""

from dataclasses import dataclass, field

import numpy as np
from scipy.special import logsumexp

from textkind.decision.temperature import fit_temperature
from textkind.encoding.similarity import most_similar, unit_length

SCORES = ("energy", "unseen", "knn", "mahalanobis")
OF_VECTORS = ("knn", "mahalanobis")
NEIGHBOURS = 5
MOST_NEAREST = 20_000  # training texts that knn keeps: 8 MB of vectors 384 wide
STEPS = 127  # of a signed byte


@dataclass(frozen=True, eq=False)
class Signs:
    """What novelty is seen by, of N texts.

    logits (N, K) float32; vectors (N, D) float32 and unseen (N,) float64, None where the model has
    no such thing or no score looks at it.
    """

    logits: np.ndarray
    vectors: np.ndarray | None = None
    unseen: np.ndarray | None = None


def _nothing() -> np.ndarray:
    return np.empty((0, 0), np.float32)


@dataclass(frozen=True, eq=False)
class Reference:
    """What the scores compare with; arrays of scores that are not used are empty.

    several      whether a text may have several labels
    temperature  of the energy
    nearest      (M, D) int8, directions of training texts
    means        (L, D) float32 of the labels in whitened directions
    whitening    (D, D) float32, by the spread within labels
    centre       (1, D) float32 of all texts, in directions whitened by
    background   (D, D) float32, by the spread of all
    """

    several: bool
    temperature: float = 1.0
    nearest: np.ndarray = field(default_factory=lambda: np.empty((0, 0), np.int8))
    means: np.ndarray = field(default_factory=_nothing)
    whitening: np.ndarray = field(default_factory=_nothing)
    centre: np.ndarray = field(default_factory=_nothing)
    background: np.ndarray = field(default_factory=_nothing)


def reference_of(
    names: tuple[str, ...],
    vectors: np.ndarray | None,
    targets: np.ndarray,
    validation: np.ndarray,
    gold: np.ndarray,
) -> Reference:
    """What the scores of these names compare with.

    vectors (N, D) and targets of the training texts; validation (V, K) logits and their gold.
    """
    several = gold.ndim == 2
    temperature = fit_temperature(validation, gold).temperature
    arrays = {}
    if "knn" in names and vectors is not None:
        arrays["nearest"] = in_bytes(vectors[:: -(-len(vectors) // MOST_NEAREST)])
    if "mahalanobis" in names and vectors is not None:
        arrays["means"], arrays["whitening"] = whitened_means(vectors, targets)
        all_alike = np.zeros(len(vectors), np.int32)
        arrays["centre"], arrays["background"] = whitened_means(vectors, all_alike)
    return Reference(several, temperature, **arrays)


def energy(reference: Reference, signs: Signs) -> np.ndarray:
    """Of several labels the energies of each added up (Wang et al. 2021)."""
    scaled = signs.logits.astype(np.float64) / reference.temperature
    if reference.several:
        return -np.logaddexp(0, scaled).sum(axis=1)
    return -logsumexp(scaled, axis=1)


def unseen(reference: Reference, signs: Signs) -> np.ndarray:
    """As the model tells it."""
    assert signs.unseen is not None
    return signs.unseen


def nearest_distance(reference: Reference, signs: Signs) -> np.ndarray:
    """1 less the cosine with the k-th nearest of the kept, with the last where there are fewer."""
    assert signs.vectors is not None
    kept, own = unit_length(reference.nearest.astype(np.float32)), unit_length(signs.vectors)
    nearest = most_similar(own, kept, NEIGHBOURS)[1]
    return (1 - nearest[:, -1]).astype(np.float64)


def relative_mahalanobis(reference: Reference, signs: Signs) -> np.ndarray:
    """The distance to the nearest label, less that to all texts."""
    assert signs.vectors is not None
    own = unit_length(signs.vectors)
    within = squared_distances(own @ reference.whitening, reference.means).min(axis=1)
    return within - squared_distances(own @ reference.background, reference.centre)[:, 0]


RAW = {
    "energy": energy,
    "unseen": unseen,
    "knn": nearest_distance,
    "mahalanobis": relative_mahalanobis,
}


def raw_scores(names: tuple[str, ...], reference: Reference, signs: Signs) -> dict[str, np.ndarray]:
    """Each score (N,) float64, higher where a text looks stranger."""
    return {name: RAW[name](reference, signs) for name in names}


def squared_distances(points: np.ndarray, means: np.ndarray) -> np.ndarray:
    """(N, L) float64 of points (N, D) from means (L, D)."""
    own, to = points.astype(np.float64), means.astype(np.float64)
    return (own**2).sum(axis=1)[:, None] + (to**2).sum(axis=1) - 2 * own @ to.T


def in_bytes(vectors: np.ndarray) -> np.ndarray:
    """(N, D) int8 of the same direction, to half a step of the longest coordinate."""
    largest = np.abs(vectors).max(axis=1, keepdims=True, initial=1e-12)
    return np.rint(vectors * (STEPS / largest)).astype(np.int8)


def whitened_means(vectors: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means (L, D) of the labels with a text, in whitened directions, and the (D, D) whitening."""
    from sklearn.covariance import ledoit_wolf

    own = unit_length(vectors).astype(np.float64)
    _, places = np.unique(targets, return_inverse=True)
    counts = np.bincount(places)
    means = np.zeros((len(counts), own.shape[1]))
    np.add.at(means, places, own)
    means /= counts[:, None]
    covariance, _ = ledoit_wolf(own - means[places], assume_centered=True)
    values, axes = np.linalg.eigh(covariance)
    smallest = max(1e-9 * float(values.mean()), 1e-12)  # a text a label has no spread at all
    whitening = axes / np.sqrt(np.maximum(values, smallest))
    return (means @ whitening).astype(np.float32), whitening.astype(np.float32)
