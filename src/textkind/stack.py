"""The stack: a few classifiers whose probabilities are mixed, each with a share of the say.

    p(label | text) = sum over members of share * p_member(label | text)

The shares are 0 or more and sum to 1, so a stack of M members has M - 1 free numbers. They are the
most likely ones for the validation texts, by the logits of fits that did not see those: found by
expectation and maximisation, which for shares of fixed members climbs to the one optimum
(Jelinek & Mercer 1980, "Interpolated estimation of Markov source parameters"; the likelihood is
concave). With so few numbers validation can be used again to calibrate the decision.
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
LEAST_SHARE = 0.02  # a member with a smaller say costs its time and changes next to nothing
STEPS = 2000  # of expectation and maximisation at most
GAIN = 1e-9  # nats an observation; a step that gains less is the last
SMALLEST = 1e-7  # a probability nearer to 0 or 1 counts as this near, so that logits stay finite


@dataclass(frozen=True, eq=False)
class StackModel:
    """Members with their shares (M,) float64. facts is the JSON-able account of the fit."""

    labels: LabelSet
    members: tuple[Classifier, ...]
    shares: np.ndarray
    facts: dict[str, Any]

    name = NAME

    def logits(self, texts: pa.LargeStringArray, threads: int | None = None) -> np.ndarray:
        """(N, K) float32 logits of texts: of the mixed probabilities."""
        given = [predict_probabilities(member, texts, threads) for member in self.members]
        return mixed_logits(np.stack(given), self.shares, self.labels.several)

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """A JSON-able config with those of the members in it; arrays by `place/name`."""
        members, arrays = [], {"shares": self.shares}
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
        told, shares = config.get("members"), arrays.get("shares")
        if set(config) != {"members", "facts"} or not isinstance(told, list) or not told:
            raise ModelFolderError("the stack in this folder is damaged: it has no members")
        if shares is None or shares.shape != (len(told),) or not _are_shares(shares):
            raise ModelFolderError("the stack in this folder is damaged: its shares make no sense")
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
            members.append(Classifier(model, decision_from_json(one["decision"]), labels.names))
        return StackModel(labels, tuple(members), shares, config["facts"])


def mixed_logits(given: np.ndarray, shares: np.ndarray, several: bool) -> np.ndarray:
    """(N, K) float32 logits of the mixture of (M, N, K) probabilities with shares (M,)."""
    mixed = np.einsum("m,mnk->nk", shares, given, dtype=np.float64)
    mixed = np.clip(mixed, SMALLEST, 1 - SMALLEST)
    logits = np.log(mixed) - np.log1p(-mixed) if several else np.log(mixed)
    return logits.astype(np.float32)


def fit_shares(given: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """(M,) float64 shares, most likely for the targets, those under LEAST_SHARE set to 0.

    given (M, N, K) probabilities; targets (N,) ids, or (N, K) 0/1, of which each is then one
    observation. N must be 1 or more.
    """
    if targets.ndim == 2:
        likelihood = np.where(targets[None] != 0, given, 1 - given).reshape(len(given), -1)
    else:
        likelihood = given[:, np.arange(len(targets)), targets]
    likelihood = np.maximum(likelihood.astype(np.float64), SMALLEST)  # (M, observations)
    shares = _climbed(likelihood)
    kept = shares >= LEAST_SHARE
    found = np.zeros(len(given))
    found[kept] = _climbed(likelihood[kept])
    return found


def _climbed(likelihood: np.ndarray) -> np.ndarray:
    shares = np.full(len(likelihood), 1 / len(likelihood))
    before = -np.inf
    for _ in range(STEPS):
        mixed = shares @ likelihood
        now = float(np.log(mixed).mean())
        if now - before < GAIN:
            break
        before = now
        shares = (shares[:, None] * likelihood / mixed).mean(axis=1)
    return shares


def _are_shares(shares: np.ndarray) -> bool:
    return bool((shares >= 0).all() and abs(shares.sum() - 1) < 1e-6)
