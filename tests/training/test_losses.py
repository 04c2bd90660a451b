"""Losses against torch's own and against NumPy."""

import numpy as np
import pytest
from scipy.special import expit, log_softmax, rel_entr, softmax

torch = pytest.importorskip("torch")
functional = torch.nn.functional

from textkind.data.labels import LabelSet  # noqa: E402
from textkind.errors import SettingsError  # noqa: E402
from textkind.training.imbalance import MOST_WEIGHT  # noqa: E402
from textkind.training.losses import (  # noqa: E402
    Loss,
    disagreement,
    head_of,
    logits_of,
    loss_targets,
    make_loss,
    outputs_of,
    text_losses,
    text_weights,
)
from textkind.training.settings import TrainingSettings  # noqa: E402

TWO, THREE = LabelSet(("a", "b")), LabelSet(("a", "b", "c"))
SEVERAL = LabelSet(("a", "b", "c"), several=True)


def logits_and_targets(labels, several=False, rows=40, seed=0):
    random = np.random.default_rng(seed)
    targets = random.integers(0, labels, rows).astype(np.int32)
    if several:
        targets = random.integers(0, 2, (rows, labels)).astype(np.uint8)
    return torch.from_numpy(random.normal(size=(rows, labels)).astype(np.float32)) * 3, targets


def test_class_weights_give_torchs_weighted_mean_when_summed_over_batches():
    logits, targets = logits_and_targets(3)
    loss = make_loss(THREE, targets, TrainingSettings(imbalance="weights"))
    np.testing.assert_allclose(loss.class_weights, 40 / (3 * np.bincount(targets)), rtol=1e-6)
    gold = loss_targets(loss, targets, 3)
    parts = [slice(0, 7), slice(7, 40)]
    weights = text_weights(loss, gold)
    total = sum(float((text_losses(loss, logits[p], gold[p]) * weights[p]).sum()) for p in parts)
    expected = functional.cross_entropy(logits, gold, weight=loss.class_weights)
    assert total / float(weights.sum()) == pytest.approx(float(expected), rel=1e-6)


@pytest.mark.parametrize("head", ["binary", "sigmoid"])
def test_class_weights_of_a_text_are_those_of_its_label_under_every_head(head):
    targets = np.array([0, 0, 0, 1], np.int32)
    loss = make_loss(TWO, targets, TrainingSettings(head=head, imbalance="weights"))
    weights = text_weights(loss, loss_targets(loss, targets, 2))
    np.testing.assert_allclose(weights, [4 / 6, 4 / 6, 4 / 6, 2], rtol=1e-6)


def test_sigmoid_with_positive_weights_is_torchs():
    logits, targets = logits_and_targets(3, several=True)
    loss = make_loss(SEVERAL, targets, TrainingSettings(imbalance="weights"))
    counts = targets.sum(axis=0)
    np.testing.assert_allclose(loss.positive_weights, (40 - counts) / counts, rtol=1e-6)
    gold = loss_targets(loss, targets, 3)
    expected = functional.binary_cross_entropy_with_logits(
        logits, gold, reduction="none", pos_weight=loss.positive_weights
    )
    torch.testing.assert_close(text_losses(loss, logits, gold), expected.sum(dim=1))


def test_positive_weights_have_bounds():
    targets = np.zeros((1000, 2), np.uint8)
    targets[0, 0] = 1
    targets[:, 1] = 1
    loss = make_loss(LabelSet(("a", "b"), True), targets, TrainingSettings(imbalance="weights"))
    np.testing.assert_allclose(loss.positive_weights, [MOST_WEIGHT, 1 / MOST_WEIGHT], rtol=1e-6)


@pytest.mark.parametrize(
    ("labels", "head"), [(TWO, "binary"), (THREE, "softmax"), (SEVERAL, "sigmoid")]
)
@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0, 2.0])
def test_focal_loss_is_the_plain_one_times_a_power_of_the_rest(labels, head, exponent):
    logits, targets = logits_and_targets(len(labels), labels.several)
    told = f"focal={exponent}" if exponent else "none"
    loss = make_loss(labels, targets, TrainingSettings(imbalance=told))
    assert loss.head == head
    logits = logits[:, : outputs_of(head, len(labels))]
    found = text_losses(loss, logits, loss_targets(loss, targets, len(labels)))
    z = logits.double().numpy()
    if head == "softmax":
        p = softmax(z, axis=1)[np.arange(len(z)), targets]
        expected = -np.log(p) * (1 - p) ** exponent
    else:
        gold = targets.reshape(z.shape) != 0
        p = expit(np.where(gold, z, -z))
        expected = (-np.log(p) * (1 - p) ** exponent).sum(axis=1)
    np.testing.assert_allclose(found, expected, rtol=2e-4, atol=1e-6)
    if exponent == 0:
        plain = text_losses(Loss(head), logits, loss_targets(loss, targets, len(labels)))
        assert torch.equal(found, plain)


@pytest.mark.parametrize("head", ["softmax", "sigmoid"])
@pytest.mark.parametrize("exponent", [0.5, 2.0])
def test_focal_loss_of_a_text_that_is_surely_right_has_a_finite_slope(head, exponent):
    logits = torch.tensor([[40.0, -40.0, -40.0], [-40.0, 40.0, -40.0]], requires_grad=True)
    loss = Loss(head, focal=exponent)
    text_losses(loss, logits, loss_targets(loss, np.array([0, 0]), 3)).sum().backward()
    assert torch.isfinite(logits.grad).all()


def test_smoothed_cross_entropy_gives_every_label_a_share():
    logits, targets = logits_and_targets(3)
    loss = Loss("softmax", label_smoothing=0.1)
    found = text_losses(loss, logits, loss_targets(loss, targets, 3))
    shares = np.eye(3)[targets] * 0.9 + 0.1 / 3
    expected = -(shares * log_softmax(logits.double().numpy(), axis=1)).sum(axis=1)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_smoothed_sigmoid_moves_both_targets_towards_a_half():
    logits, targets = logits_and_targets(3, several=True)
    loss = Loss("sigmoid", label_smoothing=0.2)
    found = text_losses(loss, logits, loss_targets(loss, targets, 3))
    smooth = torch.from_numpy(np.where(targets, 0.9, 0.1).astype(np.float32))
    expected = functional.binary_cross_entropy_with_logits(logits, smooth, reduction="none")
    torch.testing.assert_close(found, expected.sum(dim=1))


@pytest.mark.parametrize(
    ("labels", "asked", "head"),
    [
        (TWO, "auto", "binary"),
        (THREE, "auto", "softmax"),
        (SEVERAL, "auto", "sigmoid"),
        (TWO, "softmax", "softmax"),
        (TWO, "sigmoid", "sigmoid"),
        (THREE, "sigmoid", "sigmoid"),
        (SEVERAL, "sigmoid", "sigmoid"),
    ],
)
def test_the_head_follows_from_the_labels_unless_asked_for(labels, asked, head):
    assert head_of(labels, asked) == head


@pytest.mark.parametrize(
    ("labels", "changes"),
    [
        (THREE, {"head": "binary"}),
        (SEVERAL, {"head": "softmax"}),
        (SEVERAL, {"head": "binary"}),
    ],
)
def test_a_loss_that_cannot_serve_the_labels_is_refused(labels, changes):
    _, targets = logits_and_targets(len(labels), labels.several)
    with pytest.raises(SettingsError):
        make_loss(labels, targets, TrainingSettings(**changes))


def test_a_label_without_training_texts_has_a_finite_weight():
    targets = np.array([0, 0, 1], np.int32)
    loss = make_loss(THREE, targets, TrainingSettings(imbalance="weights"))
    assert torch.isfinite(loss.class_weights).all()


def test_softmax_of_one_logits_two_is_its_sigmoid():
    outputs = np.linspace(-5, 5, 11, dtype=np.float32)[:, None]
    logits = logits_of("binary", outputs)
    assert logits.shape == (11, 2)
    assert logits.dtype == np.float32
    np.testing.assert_allclose(softmax(logits, axis=1)[:, 1], expit(outputs[:, 0]), rtol=1e-6)


def test_binary_head_and_softmax_of_its_two_logits_lose_the_same():
    outputs, targets = logits_and_targets(2)
    outputs = outputs[:, :1]
    one, two = Loss("binary"), Loss("softmax")
    both = torch.from_numpy(logits_of("binary", outputs.numpy()))
    torch.testing.assert_close(
        text_losses(one, outputs, loss_targets(one, targets, 2)),
        text_losses(two, both, loss_targets(two, targets, 2)),
    )


@pytest.mark.parametrize("head", ["softmax", "sigmoid", "binary"])
def test_disagreement_is_the_mean_of_both_divergences(head):
    columns = 1 if head == "binary" else 3
    first, second = (logits_and_targets(columns, seed=seed)[0] for seed in (1, 2))
    found = disagreement(Loss(head), first, second)
    p, q = (
        softmax(x, axis=1)[..., None] if head == "softmax" else np.stack([expit(x), expit(-x)], -1)
        for x in (first.numpy().astype(np.float64), second.numpy().astype(np.float64))
    )
    expected = (rel_entr(p, q) + rel_entr(q, p)).sum(axis=(1, 2)) / 2
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    np.testing.assert_allclose(disagreement(Loss(head), first, first), 0, atol=1e-6)


def test_the_focal_exponent_is_two_unless_given():
    _, targets = logits_and_targets(3)
    assert make_loss(THREE, targets, TrainingSettings(imbalance="focal")).focal == 2
    assert make_loss(THREE, targets, TrainingSettings(imbalance="focal=0.5")).focal == 0.5


@pytest.mark.parametrize("imbalance", ["none", "sampling", "post-hoc", "logit-adjustment"])
def test_what_works_elsewhere_leaves_the_loss_alone(imbalance):
    _, targets = logits_and_targets(3)
    loss = make_loss(THREE, targets, TrainingSettings(imbalance=imbalance))
    assert (loss.class_weights, loss.positive_weights, loss.focal) == (None, None, 0.0)
