import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textkind.encoding.encoders import encoder_from_state
from textkind.encoding.runs import RunEncoder, fit_runs
from textkind.encoding.words import WordSettings, fit_words
from textkind.errors import ModelFolderError


def arrow(texts):
    return pa.array(texts, pa.large_string())


def words(*texts, **settings):
    return fit_words(arrow(list(texts)), WordSettings(**{"minimum_count": 1} | settings))


def test_runs_of_tokens_stand_in_buckets_behind_the_tokens():
    plain = words("one two two one three", minimum_count=2)
    texts = arrow(["one two odd", "", "two odd", "odd two"])
    encoder = fit_runs(plain, texts, longest=3, buckets=1000)
    tokens = encoder.encode(texts)
    assert tokens.lengths.tolist() == [3 + 3, 0, 2 + 1, 2 + 1]
    first, third, fourth = tokens.ids[:6], tokens.ids[6:9], tokens.ids[9:]
    assert first[:3].tolist() == [2, 3, 1]  # one and two are equally common
    assert (first[3:] >= 4).all()
    assert encoder.size == 2 + 2 + 4  # different runs
    assert set(tokens.ids[tokens.ids >= 4].tolist()) == {4, 5, 6, 7}
    assert third[2] == first[5]  # two odd
    assert fourth[2] != third[2]  # order counts
    assert encoder.spellings()[4:] == [""] * 4


def test_runs_that_training_has_too_seldom_are_left_out():
    texts = arrow(["a b c", "a b d", "e"])
    plain = words("a b c d e")
    once, twice = (
        fit_runs(plain, texts, longest=2, buckets=1 << 20, minimum_count=least) for least in (1, 2)
    )
    assert once.encode(arrow(["a b c", "d e", "b d"])).lengths.tolist() == [3 + 2, 2, 2 + 1]
    assert twice.encode(arrow(["a b c", "b d"])).lengths.tolist() == [3 + 1, 2]
    assert (once.size, twice.size) == (plain.size + 3, plain.size + 1)


@given(st.lists(st.lists(st.sampled_from("abcde"), max_size=9), max_size=5), st.integers(2, 4))
def test_a_run_has_one_bucket_wherever_it_stands(texts, longest):
    plain = words("a b c d e")
    told = arrow([" ".join(text) for text in texts])
    encoder = fit_runs(plain, told, longest=longest, buckets=1 << 20)
    tokens, ids = encoder.encode(told), plain.encode(told)
    buckets: dict[int, tuple[str, ...]] = {}
    for row, text in enumerate(texts):
        found = tokens.ids[tokens.offsets[row] : tokens.offsets[row + 1]]
        np.testing.assert_array_equal(
            found[: len(text)], ids.ids[ids.offsets[row] : ids.offsets[row + 1]]
        )
        runs = [
            tuple(text[i : j + 1])
            for i in range(len(text))
            for j in range(i + 1, min(i + longest, len(text)))
        ]
        assert len(found) == len(text) + len(runs)
        for bucket, run in zip(found[len(text) :].tolist(), runs, strict=True):
            assert plain.size <= bucket < encoder.size
            assert buckets.setdefault(bucket, run) == run  # a million buckets, few runs


def test_buckets_are_used_evenly():
    plain = words(" ".join(f"w{i}" for i in range(200)))
    rows = [" ".join(f"w{(i * k) % 200}" for i in range(200)) for k in range(1, 60)]
    encoder = fit_runs(plain, arrow(rows), longest=2, buckets=64)
    assert encoder.size == plain.size + 64


def test_state_gives_the_same_encoder_again():
    told = arrow(["the end", "it is"])
    encoder = fit_runs(words("it is the end"), told, longest=2, buckets=100)
    config, arrays = encoder.state()
    again = encoder_from_state(config, arrays)
    assert isinstance(again, RunEncoder)
    np.testing.assert_array_equal(again.encode(told).ids, encoder.encode(told).ids)
    assert (again.size, again.unknown_id, again.pad_id) == (encoder.size, 1, 0)


@pytest.mark.parametrize(
    "wrong",
    [{"longest": 1}, {"longest": "2"}, {"buckets": 0}, {"buckets": 1 << 40}, {"tokens": None},
     {"tokens": {"kind": "runs"}}, {"tokens": {"kind": ["words"]}}, {"colour": 1}],
)  # fmt: skip
def test_a_damaged_state_is_refused(wrong):
    config, arrays = fitted_state()
    with pytest.raises(ModelFolderError):
        encoder_from_state(config | wrong, arrays)


@pytest.mark.parametrize("filled", [None, [3, 3], [5, 2], [-1, 4], [3, 100], [[1, 2]], [1.0, 2.0]])
def test_damaged_buckets_are_refused(filled):
    config, arrays = fitted_state()
    rest = {name: array for name, array in arrays.items() if name != "filled"}
    damaged = {} if filled is None else {"filled": np.array(filled)}
    with pytest.raises(ModelFolderError):
        encoder_from_state(config, rest | damaged)


def fitted_state():
    encoder = fit_runs(words("it is the end"), arrow(["it is"]), longest=2, buckets=100)
    return encoder.state()
