"""Promises that can be kept, and the words of those that cannot."""

import re
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from textkind.decision.conformal import ConformalSettings
from textkind.decision.decision import Decision
from textkind.decision.evidence import Standing, evidence_of
from textkind.decision.promises import promised_error, promised_sets
from textkind.errors import SettingsError


def shown(rows, right=0.9, labels=3, seed=0):
    """Evidence of rows whose likeliest label is right with that chance."""
    random = np.random.default_rng(seed)
    given = random.dirichlet(np.ones(labels), rows).astype(np.float32)
    targets = given.argmax(axis=1)
    wrong = random.random(rows) > right
    targets[wrong] = (targets[wrong] + 1) % labels
    texts = pa.array([str(row) for row in range(rows)], pa.large_string())
    return evidence_of(Decision(False), given, targets, texts)


def test_what_can_be_promised_is():
    assert promised_error(shown(1000), 0.2).answered == 1
    fitted, notes = promised_sets(shown(1000), ConformalSettings())
    assert np.isfinite(fitted.thresholds).all()
    assert notes == []


@pytest.mark.parametrize(
    ("evidence", "asked", "words"),
    [
        (None, 0.1, "no validation texts .* train with a validation part"),
        (shown(49), 0.1, "need 50 validation texts or more; found 49.*validation-share"),
        (
            shown(200),
            0.01,
            "at most 0.01 wrong cannot be promised: 200 .*of all wrong.*20% could be",
        ),
        (shown(60, right=0), 0.3, "found '100.00% of all wrong'.*a better model"),
    ],
)
def test_a_promise_that_cannot_be_kept_is_refused_in_words(evidence, asked, words):
    with pytest.raises(SettingsError) as caught:
        promised_error(evidence, asked)
    assert re.search(words, str(caught.value), re.DOTALL), str(caught.value)


def test_too_few_rows_for_a_coverage_are_told():
    with pytest.raises(SettingsError, match=r"0\.99 of all cases: 99 are needed; found 98"):
        promised_sets(shown(98), ConformalSettings("lac", 0.99))
    assert promised_sets(shown(99), ConformalSettings("lac", 0.99))[1] == []
    with pytest.raises(SettingsError, match="99 of some label are needed"):
        promised_sets(shown(120), ConformalSettings("lac", 0.99, per_class=True))


def test_labels_with_too_few_rows_of_their_own_are_told():
    evidence = shown(300, labels=3)
    few = np.flatnonzero(evidence.targets == 2)[8:]  # of the third label 8 rows are left
    kept = np.setdiff1d(np.arange(300), few)
    standing = Standing(*(array[kept] for array in vars(evidence.standing).values()))
    rows = {name: getattr(evidence, name)[kept] for name in ("targets", "shares", "confidence")}
    evidence = replace(evidence, standing=standing, **rows)
    fitted, notes = promised_sets(evidence, ConformalSettings("lac", 0.9, per_class=True))
    assert np.isinf(fitted.thresholds).tolist() == [False, False, True]
    assert "1 of 3 labels have fewer than 9 validation texts and stand in every set" in notes
