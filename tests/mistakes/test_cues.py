"""Cues in the wording: what they find, and what they leave alone."""

import pyarrow as pa
import pytest

from textkind.mistakes.cues import IRONY, NEGATION, context_missing, cue_rows


def texts(*given):
    return pa.array(given, pa.large_string())


@pytest.mark.parametrize(
    ("text", "negates"),
    [
        ("it does not work", True), ("it DOESN'T work", True), ("it doesn\u2019t work", True),
        ("I can't", True), ("nothing works", True), ("without a receipt", True),
        ("it does n't work", True), ("it doesnt t work", False),
        ("a notable note", False), ("i know", False), ("the nobel prize", False), ("", False),
    ],
)  # fmt: skip
def test_a_negation_is_a_word_that_negates(text, negates):
    assert cue_rows(NEGATION, texts(text)).tolist() == [negates]


@pytest.mark.parametrize(
    ("text", "ironic"),
    [
        ("Yeah, right", True), ("so happy about it #sarcasm", True), ("Oh great, it broke", True),
        ("the \u201cservice\u201d here", True), ("really?!", False), ("lovely \U0001f644", True),
        ("thanks for nothing", True), ("as if it mattered", True),
        ("a great service", False), ("are you sure?", False), ("I am not", False), ("", False),
    ],
)  # fmt: skip
def test_a_cue_of_irony_is_a_turn_of_phrase(text, ironic):
    assert cue_rows(IRONY, texts(text)).tolist() == [ironic]


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("It never came", True), ("Really good stuff", True), ("", True),
        ("@someone http://example.org ok then", True), ("But they would not help me at all", True),
        ("The parcel never came back here", False),
        ("Italy is a country in the south", False),
        ("It " + "is a long story " * 10, False),
    ],
)  # fmt: skip
def test_context_is_missing_where_a_text_is_short_or_points_outside(text, missing):
    assert context_missing(texts(text)).tolist() == [missing]
