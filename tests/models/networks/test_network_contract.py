"""The contract of every network: what holds for one member of the table holds for all."""

import copy
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from textkind.errors import SettingsError  # noqa: E402
from textkind.explain.gradients import step_gradients  # noqa: E402
from textkind.models.networks.pretrained_settings import Architecture  # noqa: E402
from textkind.models.networks.settings import SETTINGS  # noqa: E402
from textkind.models.networks.table import NETWORKS, build_network  # noqa: E402

POOLINGS = ("mean", "max", "attention")
ARCHITECTURE = Architecture(
    vocabulary=30, width=8, token_width=8, layers=2, positions=22, heads=2, inner_width=12
)
SMALL = {
    "mean_pool": {"width": 6},
    "perceptron": {"hidden": (7,)},
    "cnn": {"width": 6, "windows": (1, 2, 3), "filters": 4},
    "rnn": {"width": 6, "units": 5},
    "transformer": {"width": 8, "layers": 2, "heads": 2, "feed_forward": 2, "longest": 20},
    "frozen": {"architecture": ARCHITECTURE, "pooling": "mean"},
    "pretrained": {"architecture": ARCHITECTURE},
}
OPTIONS = {
    "mean_pool": [{"pooling": p, "hidden": h} for p in (*POOLINGS, "sif") for h in (0, 16)],
    "perceptron": [
        {"hidden": hidden, "weighting": weighting}
        for hidden in ((), (7,), (7, 5))
        for weighting in ("tfidf", "count")
    ]
    + [{"activation": activation} for activation in ("tanh", "gelu", "none")],
    "cnn": [{"channels": channels} for channels in ("static", "non-static", "two")],
    "rnn": [
        {"cell": cell, "pooling": pooling, "directions": directions}
        for cell in ("tanh", "lstm", "gru")
        for pooling in ("last", *POOLINGS)
        for directions in (1, 2)
    ]
    + [{"layers": 2, "cell": cell} for cell in ("tanh", "lstm", "gru")],
    "transformer": [
        {"pooling": pooling, "positions": positions}
        for pooling in ("cls", *POOLINGS)
        for positions in ("learned", "rotary")
    ],
    "frozen": [{"normalize": normalize} for normalize in (False, True)],
    "pretrained": [{"pooling": pooling} for pooling in ("cls", *POOLINGS)]
    + [
        {"pooling": "mean", "checkpointing": True},
        {"pooling": "mean", "architecture": replace(ARCHITECTURE, relative_buckets=8)},
        {"pooling": "mean", "architecture": replace(ARCHITECTURE, before=0, behind=1)},
    ],
}
MEMBERS = {
    " ".join([name, *map(str, options.values())]): (name, SMALL[name] | options)
    for name in NETWORKS
    for options in OPTIONS[name]
}
VOCABULARY, OUTPUTS = 30, 3
# id 0 is a word here too: only the mask says what is padding
ROWS = [[4, 0, 9, 9, 28, 3, 17], [5, 6, 7], [], [11], [0, 0], [29, 1, 2, 1, 1]]


def made(member, seed=0):
    """A network whose every number is random, those that begin at zero or one too."""
    name, options = MEMBERS[member]
    network = build_network(name, VOCABULARY, OUTPUTS, SETTINGS[name](**options), seed)
    random = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=random))
    counts = np.arange(1, VOCABULARY + 1)
    counts[20] = 20_000  # beside a word of no text here, all others are rare
    if hasattr(network, "set_token_counts"):
        network.set_token_counts(counts)
    if hasattr(network, "set_document_counts"):
        network.set_document_counts(counts, 20_000)
    return network.eval()


def assert_close(ours, expected):
    torch.testing.assert_close(ours, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("member", MEMBERS)
def test_a_text_has_logits_and_they_are_read_off_its_vector(member, pad):
    network, batch = made(member), pad(ROWS)
    logits, vectors = network(*batch), network.vectors(*batch)
    assert (logits.shape, logits.dtype) == ((len(ROWS), OUTPUTS), torch.float32)
    assert vectors.shape == (len(ROWS), network.vector_width)
    assert_close(network.head(vectors), logits)
    assert (logits[0] - logits[1]).abs().max() > 1e-4


@pytest.mark.parametrize("member", MEMBERS)
def test_neither_padding_nor_neighbours_change_a_text(member, pad):
    network, (ids, mask) = made(member), pad(ROWS)
    together = network(ids, mask)
    assert_close(network(*pad(ROWS, 15)), together)
    noise = torch.where(mask, ids, 13)  # the mask alone says what counts
    assert_close(network(noise, mask), together)
    order = [3, 5, 0, 2, 4, 1]
    assert_close(network(ids[order], mask[order]), together[order])
    for row, text in enumerate(ROWS):
        assert_close(network(*pad([text, []]))[:1], together[row : row + 1])
        if text:
            assert_close(network(*pad([text, text])), together[[row, row]])


@pytest.mark.parametrize("member", MEMBERS)
def test_texts_without_a_token_are_finite_and_alike(member, pad):
    network = made(member).train()
    for batch in (pad([[], []]), pad([[], []], 9), pad([[], [3, 4, 5, 6, 7, 8]])):
        network.zero_grad()
        logits = network(*batch)
        logits.square().sum().backward()
        assert logits.isfinite().all()
        for name, parameter in network.named_parameters():
            assert parameter.grad is None or parameter.grad.isfinite().all(), name
    network.eval()
    empty = network(*pad([[], []], 9))
    assert_close(empty[0], empty[1])


@pytest.mark.parametrize("member", MEMBERS)
def test_token_tables_can_be_lent_by_the_rows_of_a_batch(member, pad):
    network, (ids, mask) = made(member), pad(ROWS)
    whole = network(ids, mask)
    tensors = dict(network.named_parameters()) | dict(network.named_buffers())
    sized = {name for name, tensor in tensors.items() if len(tensor) == VOCABULARY}
    assert set(network.token_tables) == sized
    assert set(network.vector_tables) <= sized
    assert tensors["embedding.weight"] is network.embedding.weight
    random = torch.Generator().manual_seed(2)
    used = ids.unique()
    used = used[torch.randperm(len(used), generator=random)]
    place_of = torch.full((VOCABULARY,), -1)
    place_of[used] = torch.arange(len(used))
    for path in network.token_tables:
        place, _, name = path.rpartition(".")
        owner, part = network.get_submodule(place), tensors[path].detach()[used]
        if name in owner._parameters:
            owner._parameters[name] = torch.nn.Parameter(part)
        else:
            owner._buffers[name] = part
    torch.testing.assert_close(network(place_of[ids], mask), whole, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("member", MEMBERS)
def test_the_seed_decides_the_first_weights_and_nothing_else_is_drawn(member):
    made(member)  # skips
    name, options = MEMBERS[member]
    before = torch.random.get_rng_state()
    settings = SETTINGS[name](**options)
    first, again, other = (
        build_network(name, VOCABULARY, OUTPUTS, settings, seed).state_dict() for seed in (0, 0, 1)
    )
    assert torch.equal(torch.random.get_rng_state(), before)
    for key, tensor in first.items():
        assert torch.equal(tensor, again[key]), key
    assert not torch.equal(first["embedding.weight"], other["embedding.weight"])


@pytest.mark.parametrize("member", MEMBERS)
def test_every_parameter_gets_a_gradient(member, pad):
    network = made(member)
    network(*pad(ROWS)).pow(3).sum().backward()
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None, name
            assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("member", MEMBERS)
def test_learning_draws_dropout_and_reading_does_not(member, pad):
    network, batch = made(member), pad(ROWS)
    assert torch.equal(network(*batch), network(*batch))
    name, options = MEMBERS[member]
    has_nothing_to_drop = name == "frozen" or options.get("hidden") == ()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network.train()
        assert torch.equal(network(*batch), network(*batch)) == has_nothing_to_drop


@pytest.mark.parametrize("member", MEMBERS)
def test_shapes_can_be_had_without_memory_and_the_weights_put_in(member, pad):
    network, batch = made(member), pad(ROWS)
    name, options = MEMBERS[member]
    with torch.device("meta"):
        empty = build_network(name, VOCABULARY, OUTPUTS, SETTINGS[name](**options), 0)
    empty.load_state_dict(network.state_dict(), assign=True)
    assert torch.equal(empty.eval()(*batch), network(*batch))
    assert torch.equal(copy.deepcopy(network)(*batch), network(*batch))


@pytest.mark.parametrize("member", MEMBERS)
def test_half_precision_computes_the_same_but_for_rounding(member, pad):
    network, batch = made(member), pad(ROWS)
    whole = network(*batch)
    with torch.autocast("cpu", torch.bfloat16):
        half = network(*batch).float()
    assert (half - whole).abs().max() < 0.1 * whole.abs().max()


@pytest.mark.parametrize("member", MEMBERS)
def test_every_step_has_its_gradient(member, pad):
    network, (ids, mask) = made(member), pad(ROWS)
    norms = step_gradients(network, ids, mask, lambda logits: logits.square().sum())
    assert norms.shape == ids.shape
    assert np.array_equal(np.isnan(norms), ~mask.numpy())


def test_an_unknown_network_is_refused_with_a_hint():
    with pytest.raises(SettingsError, match="did you mean") as caught:
        build_network("transfomer", 5, 2, SETTINGS["transformer"](), 0)
    assert "transformer" in str(caught.value)


def test_the_table_has_the_networks_that_have_settings():
    assert list(NETWORKS) == list(SETTINGS)
