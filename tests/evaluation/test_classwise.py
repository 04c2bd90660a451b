"""Class-wise calibration error and the parts of the Brier score, against plain twins."""

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss

from textkind.evaluation.calibration import calibration_error, equal_mass_bins
from textkind.evaluation.classwise import calibration_figures, label_calibration
from textkind.evaluation.metrics import row_brier


def figures(probabilities, targets):
    return calibration_figures(label_calibration(probabilities, targets), probabilities, targets)


def has_label(targets, label):
    return (targets[:, label] if targets.ndim == 2 else targets == label).astype(np.float64)


def plain_parts(given, has):
    """Reliability, resolution and uncertainty of one label, bin by bin as Murphy writes them."""
    bin_of = equal_mass_bins(given)
    reliability = resolution = 0.0
    for number in set(bin_of.tolist()):
        inside = bin_of == number
        share = has[inside].mean()
        reliability += inside.mean() * (given[inside].mean() - share) ** 2
        resolution += inside.mean() * (share - has.mean()) ** 2
    return reliability, resolution, has.var()


def test_each_label_has_the_figures_of_its_plain_twin(draw_case):
    for seed in range(60):
        probabilities, _, targets = draw_case(seed)
        found = label_calibration(probabilities, targets)
        for label in range(probabilities.shape[1]):
            given = probabilities[:, label].astype(np.float64)
            has = has_label(targets, label)
            error = calibration_error(given, has, equal_mass_bins)
            assert found.error[label] == pytest.approx(error, abs=1e-12)
            parts = found.reliability[label], found.resolution[label], found.uncertainty[label]
            assert parts == pytest.approx(plain_parts(given, has), abs=1e-12)


def test_the_parts_add_up_to_the_brier_score(draw_case):
    for seed in range(60):
        probabilities, _, targets = draw_case(seed)
        found = figures(probabilities, targets)
        added = found["brier_reliability"] - found["brier_resolution"]
        added += found["brier_uncertainty"] + found["brier_within_bins"]
        assert added == pytest.approx(row_brier(probabilities, targets).mean(), abs=1e-12)


def test_nothing_is_left_within_bins_of_equal_probabilities():
    random = np.random.default_rng(0)
    second = random.choice([0.1, 0.4, 0.8], 500).astype(np.float32)
    probabilities = np.column_stack([1 - second, second])
    targets = (random.random(500) < second).astype(np.int32)
    found = figures(probabilities, targets)
    assert found["brier_within_bins"] == pytest.approx(0, abs=1e-7)  # float32
    parts = found["brier_reliability"] - found["brier_resolution"] + found["brier_uncertainty"]
    assert parts == pytest.approx(brier_score_loss(targets, second.astype(np.float64)), abs=1e-7)


@pytest.mark.parametrize("labels", [2, 5])
def test_the_labels_shares_are_calibrated_and_tell_nothing_apart(labels):
    targets = np.random.default_rng(0).integers(0, labels, 200)
    shares = np.bincount(targets, minlength=labels) / 200
    found = figures(np.broadcast_to(shares, (200, labels)), targets)
    assert found["ece_classwise"] == pytest.approx(0, abs=1e-12)
    assert found["brier_reliability"] == pytest.approx(0, abs=1e-12)
    assert found["brier_resolution"] == pytest.approx(0, abs=1e-12)
    variance = shares @ (1 - shares)
    assert found["brier_uncertainty"] == pytest.approx(variance / 2 if labels == 2 else variance)


def test_figures_of_no_rows_are_undefined():
    for targets in (np.empty(0, np.int32), np.empty((0, 3), np.uint8)):
        assert all(np.isnan(value) for value in figures(np.empty((0, 3)), targets).values())
