"""Ragged cuts: against Python's own slices, text by text."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from textkind.encoding.cuts import first_tokens, head_and_tail, telling_passages
from textkind.encoding.ledger import ledger, told_ledger
from textkind.encoding.tokens import Tokens

LISTS = st.lists(st.lists(st.integers(1, 9), max_size=40), max_size=12)
SCORES = np.array([0, 5, 3, 0, 1, 8, 2, 2, 9, 4], np.int64)  # of ids 0 to 9


def ragged(lists):
    ids = np.array([token for one in lists for token in one], np.int32)
    return Tokens(ids, np.cumsum([0, *map(len, lists)]))


def as_lists(tokens):
    pairs = zip(tokens.offsets[:-1], tokens.offsets[1:], strict=True)
    return [tokens.ids[begin:end].tolist() for begin, end in pairs]


def passages_of(text, passage, most):
    """The twin of telling_passages, for one text."""
    if len(text) <= most:
        return text
    parts = [text[begin : begin + passage] for begin in range(0, len(text), passage)]
    best = sorted(range(len(parts)), key=lambda place: (-sum(SCORES[parts[place]]), place))
    best = best[: most // passage]
    return [token for place in sorted(best) for token in parts[place]]


@given(LISTS, st.integers(1, 50))
def test_the_head_is_the_first_tokens(lists, most):
    assert as_lists(first_tokens(ragged(lists), most)) == [text[:most] for text in lists]


@given(LISTS, st.integers(0, 12), st.integers(0, 12))
def test_head_and_tail_are_both_ends_of_a_long_text_and_all_of_a_short_one(lists, head, tail):
    found = as_lists(head_and_tail(ragged(lists), head, tail))
    for text, kept in zip(lists, found, strict=True):
        both = text[:head] + text[len(text) - tail :]
        assert kept == (both if len(text) > head + tail else text)


@given(LISTS, st.integers(1, 6), st.integers(6, 24))
def test_the_passages_with_the_highest_scores_stay_in_their_order(lists, passage, most):
    tokens = ragged(lists)
    found = telling_passages(tokens, SCORES, passage, most)
    assert as_lists(found) == [passages_of(text, passage, most) for text in lists]


@given(LISTS, st.integers(1, 6), st.integers(6, 24))
def test_passages_of_a_text_do_not_hang_on_its_neighbours(lists, passage, most):
    found = as_lists(telling_passages(ragged(lists), SCORES, passage, most))
    for text, kept in zip(lists, found, strict=True):
        assert as_lists(telling_passages(ragged([text]), SCORES, passage, most)) == [kept]


def test_a_cut_that_cuts_nothing_gives_the_very_same_tokens():
    tokens = ragged([[1, 2, 3], [], [4, 5]])
    assert first_tokens(tokens, None) is tokens
    assert first_tokens(tokens, 3) is tokens
    assert head_and_tail(tokens, 2, 1) is tokens
    assert telling_passages(tokens, SCORES, 1, 3) is tokens


@given(LISTS, st.integers(1, 12))
def test_the_ledger_has_every_token_read_or_not(lists, most):
    tokens = ragged(lists)
    read = first_tokens(tokens, most)
    account = ledger(tokens.lengths, read.lengths)
    assert account["tokens"] == int(read.offsets[-1]) + account["tokens_unread"]
    assert account["tokens"] == sum(map(len, lists))
    assert account["texts"] == len(lists)
    assert account["texts_cut"] == sum(len(text) > most for text in lists)


def test_a_ledger_is_told_in_one_sentence():
    account = {"texts": 4000, "texts_cut": 3, "tokens": 200_000, "tokens_unread": 5000}
    assert told_ledger(account, "test texts") == (
        "3 of 4,000 test texts are not read whole: 5,000 of 200,000 tokens, 2.5%, are left out"
    )
