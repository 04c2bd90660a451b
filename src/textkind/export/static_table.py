"""A network that averages vectors of tokens as one table of logits, a row for each token.

Behind the mean there is only a linear layer, so a text's logits are the mean of what each of its
tokens would have alone: the head of its vector. A row of K numbers takes the place of one of D.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from textkind.data.labels import LabelSet
from textkind.encoding.tokens import TokenEncoder
from textkind.errors import SettingsError
from textkind.models.networks.settings import MeanPoolSettings
from textkind.models.scoring import pack_weights
from textkind.models.trials import margins_to_logits

POOLINGS = ("mean", "sif")  # those that are a weighted sum
HINT = "textkind distil --to linear makes a linear model of it"


@dataclass(frozen=True, eq=False)
class StaticTable:
    """A mean of rows, as a model of texts to logits.

    ids     (V,) int64 rising: the tokens that have a row; the others count in the mean alone
    steps   (V, P) int8 times scales (V,) float32 are the rows
    biases  (P,) float32; P is 1 for two labels of which a text has one, else K
    """

    labels: LabelSet
    encoder: TokenEncoder
    ids: np.ndarray
    steps: np.ndarray
    scales: np.ndarray
    biases: np.ndarray
    facts: dict[str, Any]

    name = "mean_pool"

    def logits(self, texts: pa.LargeStringArray, threads: int | None = None) -> np.ndarray:
        """(N, K) float32 logits of texts."""
        shares = token_shares(self.encoder, texts, threads)[:, self.ids]
        rows = self.steps.astype(np.float64) * self.scales[:, None]
        margins = (shares @ rows + self.biases).astype(np.float32)
        return margins_to_logits(margins, len(self.labels))

    def token_counts(self, texts: pa.LargeStringArray, threads: int | None = None) -> None:
        """None: all of every text is read."""

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """SettingsError: a model folder keeps the network."""
        raise SettingsError("a table of static vectors is kept in a compact file alone")


def token_shares(
    encoder: TokenEncoder, texts: pa.LargeStringArray, threads: int | None = None
) -> Any:
    """(N, size) float64 SciPy CSR matrix: of each text's tokens the share that each is."""
    from scipy.sparse import csr_matrix

    tokens = encoder.encode(texts, threads)
    shares = np.repeat(1 / np.maximum(tokens.lengths, 1), tokens.lengths)
    return csr_matrix((shares, tokens.ids, tokens.offsets), (len(texts), encoder.size))


def check_averaging(model: Any) -> None:
    """SettingsError where a fitted mean_pool is more than a mean and a head."""
    layers = model.layers
    assert isinstance(layers, MeanPoolSettings)
    for needed, is_so, found in (
        ("a mean of vectors", layers.pooling in POOLINGS, f"pooling: {layers.pooling}"),
        ("no hidden layer", not layers.hidden, f"hidden: {layers.hidden}"),
        ("texts read to their end", not model.reading.has_limit, "max_tokens"),
    ):
        if not is_so:
            raise SettingsError(f"a compact file needs {needed}", found=found, hint=HINT)


def static_table(model: Any) -> StaticTable:
    """The table of a fitted mean_pool that check_averaging lets pass."""
    state = {name: tensor.cpu().numpy() for name, tensor in model.network.state_dict().items()}
    vectors = state["embedding.weight"]
    if "token_weights" in state:
        vectors = vectors * state["token_weights"][:, None]
    rows = vectors @ state["head.weight"].T  # (V, P)
    steps, scales = pack_weights(rows[None], rows.shape[1])
    return StaticTable(
        model.labels, model.encoder, np.arange(len(rows)), steps, scales,
        state["head.bias"].astype(np.float32), model.facts,
    )  # fmt: skip


def row_influence(
    table: StaticTable, texts: pa.LargeStringArray, threads: int | None = None
) -> np.ndarray:
    """(V,) float64: the length of a row's shares in the texts, times its largest number."""
    squares = token_shares(table.encoder, texts, threads).power(2).sum(axis=0)
    lengths = np.sqrt(np.asarray(squares).ravel()[table.ids])
    return lengths * np.abs(table.steps.astype(np.float64)).max(axis=1) * table.scales


def with_rows(table: StaticTable, rows: np.ndarray) -> StaticTable:
    """The table with these rows alone; the other tokens count in the mean."""
    return replace(table, ids=table.ids[rows], steps=table.steps[rows], scales=table.scales[rows])
