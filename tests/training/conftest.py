import numpy as np
import pytest

torch = pytest.importorskip("torch")

from textkind.data.labels import LabelSet  # noqa: E402
from textkind.encoding.tokens import Tokens  # noqa: E402
from textkind.training.fit import Examples  # noqa: E402


class TinyNetwork(torch.nn.Module):
    """Masked mean of embeddings, dropout, linear: a network of the tests' own."""

    token_tables = ("embedding.weight",)

    def __init__(self, vocabulary=40, outputs=3, width=8, dropout=0.0, seed=0):
        super().__init__()
        with torch.random.fork_rng([]):
            torch.manual_seed(seed)
            self.embedding = torch.nn.Embedding(vocabulary, width)
            self.dropout = torch.nn.Dropout(dropout)
            self.head = torch.nn.Linear(width, outputs)

    def forward(self, input_ids, attention_mask):
        x = self.embedding(input_ids) * attention_mask[:, :, None]
        x = x.sum(dim=1) / attention_mask.sum(dim=1, keepdim=True).clamp(min=1)
        return self.head(self.dropout(x))


def ragged(lists):
    lengths = [len(one) for one in lists]
    return Tokens(
        np.array([token for one in lists for token in one], np.int32),
        np.concatenate(([0], np.cumsum(lengths))).astype(np.int64),
    )


def toy_examples(rows=120, labels=3, vocabulary=40, seed=0, several=False):
    """Texts of 0 to 12 tokens, some of which belong to a label."""
    random = np.random.default_rng(seed)
    lists, targets = [], []
    for _ in range(rows):
        label = int(random.integers(labels))
        own = 1 + label * 5 + random.integers(0, 5, 3)
        noise = random.integers(20, vocabulary, random.integers(0, 10))
        lists.append(random.permutation(np.concatenate([own, noise])).tolist())
        targets.append(label)
    targets = np.array(targets, np.int32)
    if several:
        targets = np.eye(labels, dtype=np.uint8)[targets]
    return Examples(ragged(lists), targets)


@pytest.fixture
def tiny():
    return TinyNetwork


@pytest.fixture
def labels():
    return LabelSet(("a", "b", "c"))


@pytest.fixture
def tokens_of():
    return ragged


@pytest.fixture
def examples_of():
    return toy_examples


@pytest.fixture(autouse=True)
def one_thread():
    """Two threads that wait for each other are slower than one, for networks this small."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
