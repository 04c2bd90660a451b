"""Rows drawn from a stream: bounded, the same in any order, nothing lost."""

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from textkind.data.bounded import Drawn, DrawnParts
from textkind.data.labelled_blocks import ROWS, LabelledBlock
from textkind.data.settings import SplitSettings
from textkind.data.text_keys import text_keys

PLENTY = 1 << 30
MOST = {"test": (40, PLENTY), "validation": (20, PLENTY), "train": (30, PLENTY)}


def block(texts, first=1):
    column = pa.array(texts, pa.large_string())
    keys = text_keys(column)
    rows = {
        "text": column,
        "labels": pa.array([[0]] * len(texts), pa.list_(pa.int32())),
        "row": np.arange(first, first + len(texts)),
        "key": keys,
        "unit": keys,
        "id": pa.nulls(len(texts), pa.large_string()),
    }
    return LabelledBlock(pa.table(rows, ROWS), pa.table({"beside": [text[:1] for text in texts]}))


def texts_of(blocks):
    return sorted(text for one in blocks for text in one.rows["text"].to_pylist())


def drawn_of(pieces, most_rows, most_bytes, key=lambda text: text):
    drawn, back = Drawn(most_rows, most_bytes), []
    for texts in pieces:
        one = block(texts)
        keys = text_keys(pa.array([key(text) for text in texts], pa.large_string()))
        back += drawn.add(one, keys)
    kept, more = drawn.finish()
    return [] if kept is None else kept.rows["text"].to_pylist(), texts_of([*back, *more])


def pieces_of(texts, size):
    return [texts[begin : begin + size] for begin in range(0, len(texts), size)]


@settings(max_examples=15)
@given(st.randoms(use_true_random=False), st.integers(1, 60), st.integers(1, 50))
def test_the_order_of_the_stream_changes_nothing_and_nothing_is_lost(random, size, most):
    texts = [f"text {number}" for number in range(120)]
    shuffled = random.sample(texts, len(texts))
    kept, back = drawn_of(pieces_of(texts, size), most, PLENTY)
    again, back_again = drawn_of(pieces_of(shuffled, 17), most, PLENTY)
    assert sorted(kept) == sorted(again)
    assert back == back_again
    assert sorted([*kept, *back]) == sorted(texts)
    assert len(kept) == most


def test_equal_keys_are_kept_together_or_not_at_all():
    texts = [f"{number // 3} of {number}" for number in range(300)]
    kept, back = drawn_of(pieces_of(texts, 40), 100, PLENTY, key=lambda text: text.split()[0])
    assert len(kept) == 99
    assert not {text.split()[0] for text in kept} & {text.split()[0] for text in back}


def test_bytes_are_a_limit_too():
    texts = [f"{number:03d}" + "x" * 97 for number in range(100)]
    kept, _ = drawn_of(pieces_of(texts, 30), PLENTY, 1_000)
    assert len(kept) == 10


def test_a_text_that_would_fill_a_part_by_itself_goes_back():
    texts = ["ok"] * 200 + [f"text {number}" for number in range(200)]
    kept, back = drawn_of(pieces_of(texts, 50), 100, PLENTY)
    assert "ok" not in kept
    assert back.count("ok") == 200
    assert len(kept) == 100


def test_rows_come_out_in_the_order_of_the_stream_with_what_is_beside_them():
    drawn = Drawn(10, PLENTY)
    for first in (1, 4):
        one = block(["b second", "a first", "c third"] if first == 1 else ["e", "d"], first)
        drawn.add(one, np.arange(10, 10 - len(one), -1).astype(np.uint64) * np.uint64(first))
    kept, _ = drawn.finish()
    assert kept.rows["row"].to_pylist() == [1, 2, 3, 4, 5]
    assert kept.beside["beside"].to_pylist() == ["b", "a", "c", "e", "d"]


def parts_of(pieces, split=SplitSettings(test_share=0.3, validation_share=0.2), given=()):
    drawing, back, row = DrawnParts(split, given, MOST, 1), [], 1
    for texts in pieces:
        back += drawing.add(block(texts, row))
        row += len(texts)
    parts, more = drawing.finish()
    return {name: texts_of([part]) for name, part in parts.items()}, texts_of([*back, *more])


def test_parts_have_their_shares_as_far_as_they_may_and_the_rest_is_learned_from():
    texts = [f"text {number}" for number in range(100)]
    parts, learned = parts_of(pieces_of(texts, 25))
    assert 20 <= len(parts["test"]) <= 40
    assert 10 <= len(parts["validation"]) <= 20
    assert sorted([*parts["test"], *parts["validation"], *learned]) == sorted(texts)
    assert set(parts["train"]) <= set(learned)
    assert len(parts["train"]) == 30


def test_equal_texts_are_in_one_part_in_any_order():
    texts = [f"text {number}" for number in range(100)] * 2
    parts, learned = parts_of(pieces_of(texts, 30))
    assert not set(parts["test"]) & set(learned)
    again, learned_again = parts_of(pieces_of(texts[::-1], 50))
    assert again == parts
    assert learned_again == learned


def test_equal_texts_may_part_where_that_is_asked_for():
    split = SplitSettings(test_share=0.5, validation_share=0, duplicates_on_one_side=False)
    parts, learned = parts_of([["same"] * 60], split)
    assert 15 < len(parts["test"]) < 45
    assert len(parts["test"]) + len(learned) == 60


def test_parts_with_a_source_of_their_own_are_not_split_off():
    texts = [f"text {number}" for number in range(50)]
    parts, learned = parts_of([texts], given={"test", "validation"})
    assert parts.keys() == {"train"}
    assert learned == sorted(texts)


def test_too_few_rows_to_validate_on_are_learned_from():
    drawing = DrawnParts(SplitSettings(test_share=0, validation_share=0.1), (), MOST, 20)
    texts = [f"text {number}" for number in range(60)]
    back = drawing.add(block(texts))
    parts, more = drawing.finish()
    assert parts.keys() == {"train"}
    assert texts_of([*back, *more]) == sorted(texts)


def test_another_seed_deals_otherwise():
    texts = [f"text {number}" for number in range(100)]
    dealt = [
        parts_of([texts], SplitSettings(test_share=0.3, validation_share=0.2, seed=seed))
        for seed in (0, 1)
    ]
    assert dealt[0][0]["test"] != dealt[1][0]["test"]
