"""The stack: a few classifiers whose logits are added up, each with a weight of its own.

    logit(label | text) = sum over members of weight * score_member(label | text)

The score is the log of the member's calibrated probability, and with several labels a text its
log-odds: a logarithmic pool of opinions (Genest & Zidek 1986, "Combining probability
distributions"). The weights are 0 or more and, with a small penalty, the most likely ones for the
validation texts, by the logits of fits that did not see those. A stack of M members has M numbers
to fit, and their likelihood is concave, so validation can be used again to calibrate the decision.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from textkind.classifier import MODELS, Classifier, predict_probabilities
from textkind.data.labels import LabelSet
from textkind.decision.decision import decision_from_json, decision_to_json
from textkind.errors import ModelFolderError

NAME = "stack"
LEAST_SHARE = 0.02  # of all weight; a member with less costs its time and changes next to nothing
PENALTY = 1e-3  # nats a text for half the square of a weight: what a member adds must be worth it
MOST_WEIGHT = 20.0  # where every validation text is right it would grow without end
SMALLEST = 1e-7  # a probability nearer to 0 or 1 counts as this near, so that scores stay finite


@dataclass(frozen=True, eq=False)
class StackModel:
    """Members with their weights (M,) float64. facts is the JSON-able account of the fit."""

    labels: LabelSet
    members: tuple[Classifier, ...]
    weights: np.ndarray
    facts: dict[str, Any]

    name = NAME

    def logits(self, texts: pa.LargeStringArray, threads: int | None = None) -> np.ndarray:
        """(N, K) float32 logits of texts: of the mixed probabilities."""
        given = [predict_probabilities(member, texts, threads) for member in self.members]
        return added_logits(np.stack(given), self.weights, self.labels.several)

    def token_counts(
        self, texts: pa.LargeStringArray, threads: int | None = None
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """(N,) int64 tokens of each text and those read, of the member that leaves out the most.

        None where every member reads every text whole.
        """
        given = [member.model.token_counts(texts, threads) for member in self.members]
        limited = [counts for counts in given if counts is not None]
        if not limited:
            return None
        whole, read = (np.stack(counts) for counts in zip(*limited, strict=True))
        least = (whole - read).argmax(axis=0)
        rows = np.arange(len(texts))
        return whole[least, rows], read[least, rows]

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """A JSON-able config with those of the members in it; arrays by `place/name`."""
        members, arrays = [], {"weights": self.weights}
        for place, member in enumerate(self.members):
            config, own = member.model.state()
            decision = decision_to_json(member.decision)
            members.append({"kind": member.model.name, "config": config, "decision": decision})
            arrays |= {f"{place}/{name}": array for name, array in own.items()}
        return {"members": members, "facts": self.facts}, arrays

    @classmethod
    def from_state(
        cls, config: dict[str, Any], arrays: dict[str, np.ndarray], labels: LabelSet
    ) -> "StackModel":
        """The model that `state` described; ModelFolderError where that cannot be one."""
        told, weights = config.get("members"), arrays.get("weights")
        if set(config) != {"members", "facts"} or not isinstance(told, list) or not told:
            raise ModelFolderError("the stack in this folder is damaged: it has no members")
        if weights is None or weights.shape != (len(told),) or not _are_weights(weights):
            raise ModelFolderError("the stack in this folder is damaged: its weights make no sense")
        members = []
        for place, one in enumerate(told):
            if set(one) != {"kind", "config", "decision"} or one["kind"] not in MODELS:
                raise ModelFolderError("a member of the stack is of no known kind", found=place)
            if one["kind"] == NAME:
                raise ModelFolderError("a stack within a stack", found=place)
            kind = MODELS[one["kind"]]
            start = f"{place}/"
            own = {
                name.removeprefix(start): array
                for name, array in arrays.items()
                if name.startswith(start)
            }
            model = kind.part(kind.model).from_state(one["config"], own, labels)
            decision = decision_from_json(one["decision"], len(labels))
            members.append(Classifier(model, decision, labels.names))
        return StackModel(labels, tuple(members), weights, config["facts"])


def added_logits(given: np.ndarray, weights: np.ndarray, several: bool) -> np.ndarray:
    """(N, K) float32 logits of (M, N, K) probabilities with weights (M,)."""
    return np.einsum("m,mnk->nk", weights, member_scores(given, several)).astype(np.float32)


def fit_weights(given: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """(M,) float64 weights, most likely for the targets; a share under LEAST_SHARE is set to 0.

    given (M, N, K) probabilities; targets (N,) ids, or (N, K) 0/1. N must be 1 or more.
    """
    scores = member_scores(given, targets.ndim == 2)
    weights = _most_likely(scores, targets)
    kept = weights >= LEAST_SHARE * weights.sum()
    found = np.zeros(len(given))
    found[kept] = _most_likely(scores[kept], targets)
    return found


def member_scores(given: np.ndarray, several: bool) -> np.ndarray:
    """(..., K) float64 of (..., K) probabilities: their logs, of several labels log-odds."""
    inside = np.clip(given.astype(np.float64), SMALLEST, 1 - SMALLEST)
    return np.log(inside) - np.log1p(-inside) if several else np.log(inside)


def _most_likely(scores: np.ndarray, targets: np.ndarray) -> np.ndarray:
    from scipy.optimize import minimize
    from scipy.special import expit, log_softmax

    several = targets.ndim == 2
    gold = targets if several else targets[:, None] == np.arange(scores.shape[2])

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        """Nats a text, and their slope in each weight."""
        logits = np.einsum("m,mnk->nk", weights, scores)
        if several:
            nats = np.logaddexp(0, logits).sum() - (logits * gold).sum()
            likely = expit(logits)
        else:
            log_likely = log_softmax(logits, axis=1)
            nats = -(log_likely * gold).sum()
            likely = np.exp(log_likely)
        slope = np.einsum("mnk,nk->m", scores, likely - gold)
        total = nats / len(targets) + PENALTY / 2 * weights @ weights
        return total, slope / len(targets) + PENALTY * weights

    start = np.full(len(scores), 1 / len(scores))
    bounds = [(0.0, MOST_WEIGHT)] * len(scores)
    return minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B").x


def _are_weights(weights: np.ndarray) -> bool:
    return bool(np.isfinite(weights).all() and (weights >= 0).all() and weights.sum() > 0)
