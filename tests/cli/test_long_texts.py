"""Long texts by the commands: the ledger against a count of our own, in training and after."""

import csv
import json
import re

import numpy as np
import pytest

from textkind.cli import main

pytest.importorskip("torch")

LIMIT = 12
CNN = [
    "--model", "cnn", "--width", "8", "--windows", "1,2", "--filters", "8", "--epochs", "3",
    "--learning-rate", "0.03", "--threads", "1", "--precision", "float32",
]  # fmt: skip
WORDS = {"fruit": ["apple", "pear", "plum"], "metal": ["iron", "zinc", "tin"]}
COMMON = ["one", "and", "the", "then", "some", "more"]
# strategy -> the most words of a text that are read
MOST = {
    "head": LIMIT,
    "head-tail": LIMIT,
    "retrieve": LIMIT,
    "windows": LIMIT + 2 * (LIMIT - 3),
    "hierarchical": LIMIT + 2 * (LIMIT - 3),
    "native": 10**9,
}


def write_rows(path, rows, seed):
    """Texts of 1 to 60 words, a token each, of which some give the label away."""
    random = np.random.default_rng(seed)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("text", "label"))
        for _ in range(rows):
            label = str(random.choice(sorted(WORDS)))
            words = random.choice(COMMON, random.integers(0, 58)).tolist()
            words += random.choice(WORDS[label], 2).tolist()
            random.shuffle(words)
            writer.writerow((" ".join(words), label))
    return path


def word_counts(path):
    with path.open(newline="", encoding="utf-8") as file:
        return np.array([len(row["text"].split()) for row in csv.DictReader(file)])


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    parts = {"train": 120, "validation": 40, "test": 50}
    return {
        part: write_rows(folder / f"{part}.csv", rows, seed)
        for seed, (part, rows) in enumerate(parts.items())
    }


@pytest.fixture(scope="module")
def trained(files, tmp_path_factory):
    made = {}

    def make(strategy):
        if strategy not in made:
            folder = tmp_path_factory.mktemp("runs") / "run"
            words = ["train", str(files["train"]), "--validation", str(files["validation"])]
            words += ["--test", str(files["test"]), "--out", str(folder), "--quiet", *CNN]
            if strategy != "native":
                words += ["--max-tokens", str(LIMIT)]
            if strategy in ("windows", "hierarchical"):
                words += ["--window-limit", "3", "--window-overlap", "3"]
            assert main([*words, "--long", strategy]) == 0
            made[strategy] = folder
        return made[strategy]

    return make


@pytest.mark.parametrize("strategy", [one for one in MOST if one != "native"])
def test_the_ledger_of_every_part_is_in_metrics_log_and_report(strategy, trained, files):
    folder = trained(strategy)
    found = json.loads((folder / "metrics.json").read_text())["fit"]["long"]
    assert (found["strategy"], found["max_tokens"]) == (strategy, LIMIT)
    assert list(found["parts"]) == ["train", "validation", "test"]
    log, page = (folder / "log.txt").read_text(), (folder / "report.html").read_text()
    for part, file in files.items():
        counts = word_counts(file)
        unread = np.maximum(counts - MOST[strategy], 0)
        assert found["parts"][part] == {
            "texts": counts.size,
            "texts_cut": int((unread > 0).sum()),
            "tokens": int(counts.sum()),
            "tokens_unread": int(unread.sum()),
        }
        name = "training" if part == "train" else part
        assert f"{(unread > 0).sum()} of {counts.size} {name} texts are not read whole" in log
    assert 'id="long"' in page


def test_auto_reads_in_windows_where_much_would_be_cut_and_tells_why(files, tmp_path, capsys):
    out = str(tmp_path / "run")
    words = ["train", str(files["train"]), "--out", out, *CNN, "--max-tokens", str(LIMIT)]
    assert main(words) == 0
    told = re.sub(r"\s+", " ", capsys.readouterr().err)
    assert re.search(r"training texts are longer than 12 tokens, and .* --long windows", told)
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["fit"]["long"]["strategy"] == "windows"
    assert metrics["fit"]["asked"]["long"]["strategy"] == "auto"


@pytest.mark.parametrize("strategy", ["head-tail", "windows"])
def test_predict_tells_the_totals_and_if_asked_the_tokens_of_every_text(
    strategy, trained, files, tmp_path, capsys
):
    counts = word_counts(files["test"])
    unread = np.maximum(counts - MOST[strategy], 0)
    note = (
        f"{(unread > 0).sum()} of {counts.size} texts are not read whole: "
        f"{unread.sum()} of {counts.sum():,} tokens"
    )
    words = ["predict", str(trained(strategy)), str(files["test"]), "--threads", "1"]
    for asked in ([], ["--tokens"]):
        out = tmp_path / f"out{len(asked)}.csv"
        assert main([*words, "-o", str(out), "--json", *asked]) == 0
        told = capsys.readouterr()
        assert note in told.err
        assert ("--tokens tells" in told.err) == (not asked)
        assert json.loads(told.out)["unread"]["tokens_unread"] == unread.sum()
        with out.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert ("tokens_read" in "".join(rows[0])) == bool(asked)
    found = [[int(row[f"predicted_tokens_{end}"]) for row in rows] for end in ("read", "unread")]
    assert found == [(counts - unread).tolist(), unread.tolist()]


def test_evaluate_and_show_tell_what_is_not_read(trained, files, capsys):
    folder = str(trained("head"))
    assert main(["evaluate", folder, str(files["test"]), "--threads", "1"]) == 0
    assert "texts are not read whole" in capsys.readouterr().err
    assert main(["show", folder]) == 0
    assert "long texts by head" in capsys.readouterr().out


@pytest.mark.parametrize("model", ["linear", "native"])
def test_tokens_are_refused_of_a_model_that_reads_all_of_every_text(
    model, trained, files, tmp_path, capsys
):
    folder = trained("native") if model == "native" else tmp_path / "linear"
    if model == "linear":
        words = ["train", str(files["train"]), "--out", str(folder), "--quiet", "--strength", "1"]
        assert main([*words, "--features", "words"]) == 0
    capsys.readouterr()
    assert main(["predict", str(folder), str(files["test"]), "--tokens"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "reads every text whole" in told.err
    assert "leave --tokens out" in told.err


@pytest.mark.parametrize("strategy", MOST)
def test_a_text_of_a_megabyte_and_an_empty_one_are_labelled(strategy, trained, tmp_path, capsys):
    lines = [{"text": "plum tin the " * 80_000}, {"text": ""}, {"text": "x" * 1_000_000}]
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("".join(json.dumps(line) + "\n" for line in lines))
    words = ["predict", str(trained(strategy)), str(source), "-o", str(out), "--threads", "1"]
    asked = ["--tokens"] if strategy != "native" else []
    assert main([*words, "--quiet", *asked]) == 0
    found = [json.loads(line) for line in out.read_text().splitlines()]
    assert all(row["label"] in WORDS for row in found)
    if asked:
        read = [row["tokens_read"] for row in found]
        assert read == [MOST[strategy], 0, 1]
        assert found[0]["tokens_unread"] == 240_000 - MOST[strategy]
