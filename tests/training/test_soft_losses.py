"""Soft targets in the losses of the networks: against torch's own, NumPy, and hard labels."""

import numpy as np
import pytest
from scipy.special import expit, log_softmax, softmax

torch = pytest.importorskip("torch")
functional = torch.nn.functional

from textkind.data.labels import LabelSet  # noqa: E402
from textkind.data.soft import SoftTargets  # noqa: E402
from textkind.errors import SettingsError  # noqa: E402
from textkind.training.losses import PLAIN, loss_targets, make_loss, text_losses  # noqa: E402
from textkind.training.settings import TrainingSettings  # noqa: E402

TWO, THREE = LabelSet(("a", "b")), LabelSet(("a", "b", "c"))
SEVERAL = LabelSet(("a", "b", "c"), several=True)
ROWS = 30


def drawn(labels, seed=0):
    """Logits of the head, targets, and a teacher's probabilities."""
    random = np.random.default_rng(seed)
    size = len(labels)
    outputs = 1 if size == 2 else size
    logits = torch.from_numpy(random.normal(size=(ROWS, outputs)).astype(np.float32)) * 3
    raw = random.normal(size=(ROWS, size)) * 2
    if labels.several:
        return logits, random.integers(0, 2, (ROWS, size)).astype(np.uint8), expit(raw)
    return logits, random.integers(0, size, ROWS).astype(np.int32), softmax(raw, axis=1)


def soft_loss(labels, logits, targets, given, share, temperature=1.0):
    soft = SoftTargets(given.astype(np.float32), np.full(ROWS, share, np.float32), temperature)
    loss = make_loss(labels, targets, TrainingSettings(), soft)
    return text_losses(loss, logits, loss_targets(loss, targets, len(labels), soft))


def test_softmax_of_a_teacher_alone_is_torchs_cross_entropy_with_probabilities():
    logits, targets, given = drawn(THREE)
    expected = functional.cross_entropy(
        logits, torch.from_numpy(given.astype(np.float32)), reduction="none"
    )
    torch.testing.assert_close(soft_loss(THREE, logits, targets, given, 0.0), expected)


@pytest.mark.parametrize("temperature", [1.0, 2.5])
def test_the_mixture_is_hintons(temperature):
    logits, targets, given = drawn(THREE)
    found = soft_loss(THREE, logits, targets, given, 0.3, temperature)
    by_label = -log_softmax(logits.numpy(), axis=1)[np.arange(ROWS), targets]
    wanted = softmax(np.log(given) / temperature, axis=1)
    by_teacher = -(wanted * log_softmax(logits.numpy() / temperature, axis=1)).sum(axis=1)
    expected = 0.3 * by_label + 0.7 * temperature**2 * by_teacher
    np.testing.assert_allclose(found, expected, rtol=1e-4)


@pytest.mark.parametrize(("labels", "column"), [(TWO, slice(1, 2)), (SEVERAL, slice(0, 3))])
def test_one_logit_and_sigmoids_are_binary_cross_entropy_with_probabilities(labels, column):
    logits, targets, given = drawn(labels)
    expected = functional.binary_cross_entropy_with_logits(
        logits, torch.from_numpy(given[:, column].astype(np.float32)), reduction="none"
    ).sum(dim=1)
    torch.testing.assert_close(soft_loss(labels, logits, targets, given, 0.0), expected)


@pytest.mark.parametrize("share", [0.0, 1.0])
@pytest.mark.parametrize("labels", [TWO, THREE, SEVERAL])
def test_probabilities_of_0_and_1_give_the_bits_of_labels(labels, share):
    logits, targets, _ = drawn(labels)
    sure = targets if labels.several else np.eye(len(labels))[targets]
    loss = make_loss(labels, targets, TrainingSettings())
    results = []
    for soft in (False, True):
        own = logits.clone().requires_grad_()
        losses = (
            soft_loss(labels, own, targets, sure, share)
            if soft
            else text_losses(loss, own, loss_targets(loss, targets, len(labels)))
        )
        losses.sum().backward()
        results.append((losses.detach().numpy(), own.grad.numpy()))
    for hard, soft in zip(*results, strict=True):
        np.testing.assert_array_equal(hard, soft)


def test_gradients_of_the_teachers_part_are_as_large_at_a_high_temperature():
    logits, targets, given = drawn(THREE)
    lengths = []
    for temperature in (20.0, 40.0):
        own = logits.clone().requires_grad_()
        soft_loss(THREE, own, targets, given, 0.0, temperature).sum().backward()
        lengths.append(float(own.grad.norm()))
    assert lengths[1] == pytest.approx(lengths[0], rel=0.1)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("imbalance", "weights"),
        ("imbalance", "focal=2"),
        ("label_smoothing", 0.1),
    ],
)
def test_what_changes_labels_is_refused_beside_a_teacher(name, value):
    assert name in PLAIN
    soft = SoftTargets(np.full((4, 2), 0.5, np.float32), np.zeros(4, np.float32))
    with pytest.raises(SettingsError, match=f"{name} must be"):
        make_loss(TWO, np.array([0, 1, 0, 1]), TrainingSettings(**{name: value}), soft)
