"""What a model does not read of some texts, told and counted."""

import pyarrow as pa

from textkind.classifier import Model
from textkind.encoding.ledger import ledger, told_ledger
from textkind.progress import Talk


def unread_tokens(
    model: Model, texts: pa.LargeStringArray, threads: int | None, talk: Talk, part: str
) -> dict[str, int] | None:
    """The ledger of the texts, told where something is not read; None of a model without limit."""
    counts = model.token_counts(texts, threads)
    if counts is None:
        return None
    account = ledger(*counts)
    if account["texts_cut"]:
        talk.note(told_ledger(account, part))
    return account
