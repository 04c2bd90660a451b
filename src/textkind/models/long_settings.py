"""LongSettings: what is read of texts longer than a network reads at once; known without torch."""

from dataclasses import dataclass

from textkind.errors import SettingsError
from textkind.models.networks.settings import POOLINGS, check_choice, check_share, check_whole

STRATEGIES = ("auto", "head", "head-tail", "windows", "hierarchical", "retrieve", "native")
WINDOWED = ("windows", "hierarchical")
# setting -> the strategies that it is for
USED_BY = {
    "tail": ("head-tail",),
    "overlap": WINDOWED,
    "most_windows": WINDOWED,
    "pooling": WINDOWED,
    "pooled": ("windows",),
}
PASSAGES = 8  # of retrieve: so many fill what is read, each the length of a paragraph or so


@dataclass(frozen=True)
class LongSettings:
    """What becomes of a text that is longer than the network reads at once, its max_tokens.

    head           its first tokens are read
    head-tail      its first and last
    windows        all, in windows of max_tokens that overlap; what they give is pooled
    hierarchical   the same, and a small transformer reads the windows' vectors before that
    retrieve       the passages that tell most of the labels, in their order
    native         all that the network has positions for, max_tokens or not
    auto           one of the above, by the lengths of the training texts
    """

    strategy: str = "auto"
    tail: float = 0.5  # share of what head-tail reads that is taken from the end
    overlap: int | None = None  # tokens that neighbouring windows share at least; None: a quarter
    most_windows: int = 16  # of a text; what is behind them is not read
    pooling: str = "mean"  # of windows: mean, max or attention
    pooled: str = "vectors"  # what is pooled: vectors, or logits

    def __post_init__(self) -> None:
        check_choice("long", self.strategy, STRATEGIES)
        check_share("tail", self.tail)
        if self.overlap is not None:
            check_whole("overlap", self.overlap, 0)
        check_whole("most_windows", self.most_windows)
        check_choice("pooling", self.pooling, POOLINGS)
        check_choice("pooled", self.pooled, ("vectors", "logits"))
        if self.strategy == "hierarchical" and self.pooled == "logits":
            raise SettingsError("hierarchical reads the vectors of windows, not their logits")

    def overlap_of(self, window: int) -> int:
        """The tokens that neighbouring windows of that many tokens share at least."""
        return window // 4 if self.overlap is None else self.overlap

    def reach(self, window: int) -> int:
        """The most tokens of a text that its windows cover."""
        return window + (self.most_windows - 1) * (window - self.overlap_of(window))


def check_fits(long: LongSettings, max_tokens: int | None) -> None:
    """SettingsError where the strategy cannot be had with so many tokens at once; None: all."""
    if max_tokens is None:
        if long.strategy in ("auto", "head", "native"):
            return
        raise SettingsError(
            f"{long.strategy} is for networks that read a limited number of tokens at once",
            hint="pass --max-tokens too, or leave --long out: all of every text is read",
        )
    may_have_windows = long.strategy in (*WINDOWED, "auto")
    if may_have_windows and long.overlap_of(max_tokens) >= max_tokens:
        raise SettingsError(
            f"windows of {max_tokens:,} tokens must overlap by fewer than that",
            found=long.overlap,
            hint="lower --window-overlap, or raise --max-tokens",
        )
    least = PASSAGES if long.strategy == "retrieve" else 2
    if long.strategy in ("retrieve", "head-tail") and max_tokens < least:
        raise SettingsError(f"{long.strategy} needs {least} tokens or more", found=max_tokens)
