"""A network that reads long texts window by window, around any network that reads one.

    network = WindowedNetwork(Cnn(...), outputs, LongSettings("windows"), window=512)
    logits = network(input_ids, attention_mask)             whole texts (B, T) -> (B, K)

A text is cut into windows of one length that overlap; the inner network makes a vector, or logits,
of each, and those are pooled. A text that fits into one window gives what the inner network gives.
In the hierarchical form a transformer reads the windows' vectors before they are pooled (Pappagari
et al. 2019).
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from textkind.models.long_settings import WINDOWED, LongSettings
from textkind.models.networks.pooling import POOLINGS
from textkind.models.networks.transformer import TABLE_START, Block, allowed_keys, start_weights
from textkind.seeds import child_seed

MOST_POSITIONS = 16_384  # of the windows that are read together where no gradients are kept
BATCHING = ("positions_at_once", "start_positions")  # of a network, where it has them
LAYERS, MOST_HEADS, FEED_FORWARD, DROPOUT = 1, 4, 2, 0.1  # of the hierarchical form


def reading_network(
    inner: nn.Module, outputs: int, long: LongSettings, max_tokens: int | None, seed: int
) -> nn.Module:
    """The inner network in the windows that `long` asks for, or itself where it asks for none.

    The same seed gives the same weights; PyTorch's own generator is left as it was.
    """
    if long.strategy not in WINDOWED or max_tokens is None:
        return inner
    with torch.random.fork_rng(devices=[]):
        first = int(child_seed(seed, "windows").generate_state(1)[0])
        torch.default_generator.manual_seed(first)
        return WindowedNetwork(inner, outputs, long, max_tokens)


def plain_network(network: nn.Module) -> nn.Module:
    """The network that reads a single window, or one without windows itself."""
    return network.inner if isinstance(network, WindowedNetwork) else network


@contextmanager
def pooling_vectors(network: nn.Module) -> Iterator[None]:
    """Inside the block a network that pools the logits of windows pools the means of their vectors.

    A linear head gives of a mean of vectors the mean of their logits.
    """
    if not isinstance(network, WindowedNetwork) or not network.pools_logits:
        yield
        return
    kept = network.pooling, network.vector_width
    network.pools_logits = False
    network.vector_width = int(network.inner.vector_width)  # type: ignore[arg-type]
    network.pooling = POOLINGS["mean"](network.vector_width)
    try:
        yield
    finally:
        network.pools_logits = True
        network.pooling, network.vector_width = kept


class WindowedNetwork(nn.Module):
    """Windows, the inner network on each, pooling over a text's windows, dropout, the inner head.

    No text may be longer than `long.reach(window)`.
    """

    def __init__(self, inner: nn.Module, outputs: int, long: LongSettings, window: int) -> None:
        super().__init__()
        self.inner = inner
        self.window, self.overlap = window, long.overlap_of(window)
        self.pools_logits = long.pooled == "logits"
        width = outputs if self.pools_logits else int(inner.vector_width)  # type: ignore[arg-type]
        self.vector_width = width
        self.token_tables = tuple(f"inner.{path}" for path in inner.token_tables)  # type: ignore[union-attr]
        self.vector_tables = tuple(f"inner.{path}" for path in inner.vector_tables)  # type: ignore[union-attr]
        self.between = None
        if long.strategy == "hierarchical":
            self.between = WindowReader(width, long.most_windows)
        self.pooling = POOLINGS[long.pooling](width)
        for name in BATCHING:
            if hasattr(inner, name):
                setattr(self, name, getattr(inner, name))

    def extra_repr(self) -> str:
        """What the modules do not tell, for a checkpoint must be of the same windows."""
        return f"window={self.window}, overlap={self.overlap}, pools_logits={self.pools_logits}"

    @property
    def embedding(self) -> nn.Module:
        """The inner network's."""
        return self.inner.embedding  # type: ignore[return-value]

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """(B, T) int64 ids, (B, T) bool -> (B, K) logits."""
        x = self.vectors(input_ids, attention_mask)
        return x if self.pools_logits else self.inner.head(self.inner.dropout(x))  # type: ignore[operator]

    def head(self, x: Tensor) -> Tensor:
        """The logits (B, K) of what `vectors` gives."""
        return x if self.pools_logits else self.inner.head(x)  # type: ignore[operator]

    def vectors(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """What the last layer reads: (B, D); where logits are pooled those: (B, K)."""
        texts, begins, counts = window_places(attention_mask.sum(dim=1), self.window, self.overlap)
        x = self.window_vectors(input_ids, attention_mask, texts, begins)  # (M, D)
        most = int(counts.max()) if len(counts) else 1
        places = torch.arange(most, device=x.device)
        mask = places < counts[:, None]  # (B, N)
        x = x.new_zeros(*mask.shape, x.shape[1]).masked_scatter(mask[:, :, None], x)  # (B, N, D)
        if self.between is not None:
            x = self.between(x, mask) * attention_mask.any(dim=1)[:, None, None]
        return self.pooling(x, mask)

    def window_vectors(
        self, input_ids: Tensor, attention_mask: Tensor, texts: Tensor, begins: Tensor
    ) -> Tensor:
        """What the inner network makes of each window: (M, D), or (M, K) logits."""
        length, most = min(self.window, input_ids.shape[1]), MOST_POSITIONS
        if input_ids.device.type == "cpu":
            most = getattr(self, "positions_at_once", most)
        at_once = len(texts) if torch.is_grad_enabled() else max(1, most // length)
        found = []
        for some, starts in zip(texts.split(at_once), begins.split(at_once), strict=True):
            places = starts[:, None] + torch.arange(length, device=starts.device)  # (m, L)
            ids, mask = input_ids[some[:, None], places], attention_mask[some[:, None], places]
            x = self.inner.vectors(ids, mask)  # type: ignore[operator]
            if self.pools_logits:
                x = self.inner.head(self.inner.dropout(x))  # type: ignore[operator]
            found.append(x)
        return torch.cat(found)


def window_places(lengths: Tensor, window: int, overlap: int) -> tuple[Tensor, Tensor, Tensor]:
    """The windows of texts of so many tokens: text (M,), first token (M,), and windows a text (B,).

    As few as overlap by `overlap` tokens or more, spread evenly from the first token to the last,
    so that all windows of a long text are full. A text without a token has one window too.
    """
    beyond = (lengths - window).clamp(min=0)  # (B,) tokens behind the first window
    steps = -(-beyond // (window - overlap))  # (B,) from the first window to the last
    counts = steps + 1
    texts = torch.repeat_interleave(counts)  # (M,)
    place = torch.arange(len(texts), device=lengths.device) - (counts.cumsum(0) - counts)[texts]
    return texts, place * beyond[texts] // steps.clamp(min=1)[texts], counts


class WindowReader(nn.Module):
    """A transformer block over the windows of a text, with a learned vector for each place.

    What the block adds is small at first, so that training begins at the plain windows.
    """

    def __init__(self, width: int, most_windows: int) -> None:
        super().__init__()
        heads = next(heads for heads in range(MOST_HEADS, 0, -1) if width % heads == 0)
        self.positions = nn.Parameter(TABLE_START * torch.randn(most_windows, width))
        self.blocks = nn.ModuleList(
            Block(width, heads, FEED_FORWARD * width, DROPOUT) for _ in range(LAYERS)
        )
        for block in self.blocks:
            start_weights(block, LAYERS)  # type: ignore[arg-type]

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, N, D) vectors of windows, (B, N) which there are -> (B, N, D)."""
        x = x + self.positions[: x.shape[1]]
        allowed = allowed_keys(mask)
        for block in self.blocks:
            x = block(x, allowed, None)
        return x
