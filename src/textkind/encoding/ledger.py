"""The truncation ledger: how many texts and tokens were not read.

account = ledger(whole, read)                   (N,) tokens of each text, and those read
talk.note(told_ledger(account, "training"))
"""

import numpy as np


def ledger(whole: np.ndarray, read: np.ndarray) -> dict[str, int]:
    """texts and texts_cut, tokens and tokens_unread; a JSON-able record.

    whole (N,) is how many tokens each text has, read (N,) how many of them are read.
    """
    return {
        "texts": int(whole.size),
        "texts_cut": int((whole > read).sum()),
        "tokens": int(whole.sum()),
        "tokens_unread": int((whole - read).sum()),
    }


def told_ledger(account: dict[str, int], part: str) -> str:
    """One sentence of a ledger in which something is not read; part is as in "training texts"."""
    share = account["tokens_unread"] / account["tokens"]
    return (
        f"{account['texts_cut']:,} of {account['texts']:,} {part} are not read whole: "
        f"{account['tokens_unread']:,} of {account['tokens']:,} tokens, {share:.1%}, are left out"
    )
