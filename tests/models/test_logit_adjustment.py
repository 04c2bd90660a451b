"""Logit adjustment in the loss: what is trained is what the paper's formula trains."""

import numpy as np
import pytest
from scipy.special import log_softmax

torch = pytest.importorskip("torch")
functional = torch.nn.functional

from textkind.models.logit_adjustment import begin_adjusted  # noqa: E402
from textkind.models.networks.settings import MeanPoolSettings, PerceptronSettings  # noqa: E402
from textkind.models.networks.table import build_network  # noqa: E402

IDS = torch.from_numpy(np.random.default_rng(0).integers(0, 9, (60, 5)))
MASK = torch.ones(60, 5, dtype=torch.bool)
EXPONENT = 0.7
KINDS = [("softmax", 3), ("binary", 1), ("sigmoid", 3)]


def targets_of(head):
    """Unequal labels."""
    random = np.random.default_rng(1)
    if head == "sigmoid":
        return (random.random((60, 3)) < [0.6, 0.2, 0.05]).astype(np.uint8)
    return random.choice(3 if head == "softmax" else 2, 60, p=[0.8, 0.15, 0.05][:3]
                         if head == "softmax" else [0.85, 0.15]).astype(np.int32)  # fmt: skip


def log_prior(head, targets):
    """What the paper adds to the logits; of sigmoids the log odds."""
    if head == "sigmoid":
        share = targets.mean(axis=0)
        return np.log(share / (1 - share))
    share = np.bincount(targets) / len(targets)
    return np.log(share) if head == "softmax" else np.log(share[1:] / share[:1])


def network_of(outputs, layers=None):
    settings = MeanPoolSettings(width=4, dropout=0.0) if layers is None else layers
    name = "mean_pool" if layers is None else "perceptron"
    return build_network(name, 9, outputs, settings, seed=3)


def trained(network, losses_of, steps=20):
    """The logits after plain gradient descent on the losses of the network's outputs."""
    optimizer = torch.optim.SGD(network.parameters(), lr=0.5)
    for _ in range(steps):
        optimizer.zero_grad()
        losses_of(network(IDS, MASK)).mean().backward()
        optimizer.step()
    return network(IDS, MASK).detach().numpy()


def plain_losses(head, targets):
    if head == "softmax":
        gold = torch.from_numpy(targets.astype(np.int64))
        return lambda logits: functional.cross_entropy(logits, gold, reduction="none")
    gold = torch.from_numpy(targets.astype(np.float32).reshape(60, -1))
    return lambda logits: functional.binary_cross_entropy_with_logits(
        logits, gold, reduction="none"
    ).sum(dim=1)


@pytest.mark.parametrize(("head", "outputs"), KINDS)
def test_training_from_the_adjusted_bias_is_training_by_the_papers_loss(head, outputs):
    targets = targets_of(head)
    losses, offsets = plain_losses(head, targets), EXPONENT * log_prior(head, targets)
    added = torch.from_numpy(offsets.astype(np.float32))
    by_formula = trained(network_of(outputs), lambda logits: losses(logits + added))
    network = network_of(outputs)
    begin_adjusted(network, targets, head, EXPONENT)
    found = trained(network, losses)
    np.testing.assert_allclose(found, by_formula + offsets, atol=1e-5)


def test_the_papers_loss_is_equation_10():
    # -log(exp(f_y + t log pi_y) / sum_k exp(f_k + t log pi_k))
    targets = targets_of("softmax")
    prior = np.bincount(targets) / 60
    network = network_of(3)
    f = network(IDS, MASK).detach().numpy().astype(np.float64)
    numerators = np.exp(f) * prior**EXPONENT
    expected = -np.log(numerators[np.arange(60), targets] / numerators.sum(axis=1))
    begin_adjusted(network, targets, "softmax", EXPONENT)
    found = plain_losses("softmax", targets)(network(IDS, MASK)).detach().numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_a_label_without_a_text_or_with_all_has_a_finite_bias():
    for head, targets in (
        ("softmax", np.zeros(60, np.int32)),
        ("sigmoid", np.column_stack([np.ones(60), np.zeros(60), np.ones(60)]).astype(np.uint8)),
    ):
        network = network_of(3)
        begin_adjusted(network, targets, head, 1.0)
        assert torch.isfinite(network.head.bias).all()


def test_a_perceptron_without_a_hidden_layer_is_adjusted_as_well():
    network = network_of(3, PerceptronSettings(hidden=()))
    before = network(IDS, MASK).detach().numpy()
    targets = targets_of("softmax")
    begin_adjusted(network, targets, "softmax", 1.0)
    change = network(IDS, MASK).detach().numpy() - before
    prior = np.log(np.bincount(targets) / 60)
    np.testing.assert_allclose(log_softmax(change, axis=1), np.tile(prior, (60, 1)), rtol=1e-4)
