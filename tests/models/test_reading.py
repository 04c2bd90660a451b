"""What is read of a text: what auto chooses and why, and every strategy on the tokens of texts."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textkind.data.labels import LabelSet
from textkind.encoding.ledger import ledger
from textkind.encoding.tokens import Tokens
from textkind.models.long_settings import STRATEGIES, LongSettings
from textkind.models.networks.settings import CnnSettings, MeanPoolSettings
from textkind.models.neural_settings import NeuralSettings
from textkind.models.reading import LITTLE, READ, Reading, long_facts, reading_of
from textkind.progress import Talk

CNN = NeuralSettings(layers=CnnSettings(), max_tokens=8)
LABELS = LabelSet(("a", "b"))
SCORES = np.arange(50, dtype=np.int32)


class Remembering(Talk):
    def __init__(self):
        self.notes = []

    def note(self, message):
        self.notes.append(message)


def tokens_of(lengths):
    offsets = np.cumsum([0, *lengths])
    return Tokens(np.arange(offsets[-1], dtype=np.int32) % 49 + 1, offsets)


def reading(settings, lengths):
    talk = Remembering()
    targets = (np.arange(len(lengths)) % 2).astype(np.int32)
    found = reading_of(
        settings, tokens_of(lengths), targets, LABELS, 50, seed=0, threads=1, talk=talk
    )
    return found, talk.notes


def test_auto_reads_the_head_where_no_text_is_too_long_and_says_nothing():
    found, notes = reading(CNN, [8, 3, 0])
    assert (found.long.strategy, notes) == ("head", [])
    found, notes = reading(replace(CNN, max_tokens=None), [800, 3])
    assert (found.long.strategy, found.has_limit, notes) == ("head", False, [])


def test_auto_reads_windows_where_more_than_a_little_would_be_left_out_and_says_why():
    found, notes = reading(CNN, [18, 2, 8, 8])
    assert found.long == replace(CNN.long, strategy="windows")
    [note] = notes
    assert note == (
        "25.0% of the training texts are longer than 8 tokens, and 27.8% of all tokens stand "
        "behind them: --long windows, at most 16 of 8 tokens, each sharing 2 or more with the next"
    )


@pytest.mark.parametrize(("beyond", "strategy"), [(9, "head"), (10, "windows")])
def test_the_border_of_auto_is_a_share_of_the_tokens(beyond, strategy):
    lengths = [8 + beyond, *[8] * 122, 6 - (beyond - 9)]  # 1,000 tokens
    assert LITTLE == 0.01
    found, notes = reading(CNN, lengths)
    assert found.long.strategy == strategy
    assert f"--long {strategy}" in notes[0]


def test_auto_leaves_runs_of_tokens_as_they_are():
    settings = NeuralSettings(layers=MeanPoolSettings(), max_tokens=8, ngrams=2)
    found, notes = reading(settings, [80, 80])
    assert found.long.strategy == "head"
    assert "n-grams of tokens stand behind the tokens" in notes[0]


def test_there_is_a_way_to_read_by_every_strategy():
    assert {*READ, "auto"} == set(STRATEGIES)


def test_retrieve_reads_a_text_whole_that_fits_and_of_a_longer_one_whole_passages():
    lengths = [248, 249, 254, 255, 300]
    tokens = tokens_of(lengths)
    read = Reading(LongSettings("retrieve"), 254, SCORES).read(tokens)
    assert read.lengths.tolist()[:3] == lengths[:3]
    assert all(217 < length <= 248 for length in read.lengths[3:])  # 8 passages, one may be short
    assert ledger(tokens.lengths, read.lengths)["texts_cut"] == 2


@pytest.mark.parametrize("strategy", READ)
@given(st.lists(st.integers(0, 90), max_size=9))
def test_no_strategy_reads_more_than_it_may_and_each_reads_a_short_text_whole(strategy, lengths):
    long, tokens = LongSettings(strategy, overlap=3, most_windows=3), tokens_of(lengths)
    read = Reading(long, 8, SCORES).read(tokens)
    most = long.reach(8) if strategy in ("windows", "hierarchical") else 8
    assert read.lengths.tolist() == [min(length, most) for length in lengths]
    for text, (begin, end) in enumerate(zip(tokens.offsets, tokens.offsets[1:], strict=False)):
        kept = read.ids[read.offsets[text] : read.offsets[text + 1]].tolist()
        whole = tokens.ids[begin:end].tolist()
        places = iter(whole)
        assert all(token in places for token in kept), "they stay in their order"
        assert len(whole) > most or kept == whole


def test_head_and_tail_share_what_is_read():
    tokens = tokens_of([20])
    for tail, kept in ((0.5, [1, 2, 3, 4, 17, 18, 19, 20]), (0.25, [1, 2, 3, 4, 5, 6, 19, 20])):
        read = Reading(LongSettings("head-tail", tail=tail), 8).read(tokens)
        assert read.ids.tolist() == kept


def test_without_a_limit_all_is_read_and_there_are_no_ledgers():
    tokens = tokens_of([70])
    whole = Reading(LongSettings("native"), None)
    assert whole.read(tokens) is tokens
    ledgers = {"train": {"texts": 1}}
    assert long_facts(whole, ledgers)["parts"] == {}
    assert long_facts(replace(whole, max_tokens=9), ledgers)["parts"] == ledgers


def test_retrieve_finds_the_words_that_give_a_label_away_wherever_they_stand():
    random = np.random.default_rng(0)
    lists, targets = [], []
    for _ in range(200):
        label, text = int(random.integers(2)), random.integers(10, 50, 80)
        place = int(random.integers(0, 79))
        text[place : place + 2] = 1 + label
        lists.append(text)
        targets.append(label)
    tokens = Tokens(np.concatenate(lists).astype(np.int32), np.arange(201) * 80)
    settings = replace(CNN, max_tokens=16, long=LongSettings("retrieve"))
    found = reading_of(
        settings, tokens, np.array(targets, np.int32), LABELS, 50, seed=0, threads=1, talk=Talk()
    )
    assert set(np.argsort(-found.scores)[:2].tolist()) == {1, 2}
    read = found.read(tokens)
    pairs = zip(read.offsets, read.offsets[1:], targets, strict=False)
    assert all((read.ids[begin:end] == 1 + label).any() for begin, end, label in pairs)
