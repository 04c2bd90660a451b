"""textkind predict from shards to shards: what it prints, and how it goes on."""

import json

import pandas as pd
import pytest

from textkind.cli.commands import main


@pytest.fixture
def shards(tmp_path):
    for number in range(3):
        frame = pd.DataFrame({"text": ["late parcel", "refund the charge"], "n": [number] * 2})
        (tmp_path / "in").mkdir(exist_ok=True)
        frame.to_csv(tmp_path / "in" / f"part-{number}.csv", index=False)
    return tmp_path / "in"


def test_a_pattern_is_labelled_into_a_folder_and_a_second_call_says_so(
    run_folder, shards, tmp_path, capsys
):
    asked = ["predict", str(run_folder), f"{shards}/part-*.csv", "-o", f"{tmp_path}/out/"]
    assert main(asked) == 0
    first = capsys.readouterr()
    assert "6 texts labelled" in first.out
    assert "3 files of predictions, 0 from before" in first.out
    assert f"3 shards in {shards}/part-*.csv" in first.err
    assert main([*asked, "--json"]) == 0
    second = capsys.readouterr()
    told = json.loads(second.out)
    assert (told["predicted"], told["shards"], told["shards_before"]) == (6, 3, 3)
    assert "3 files of predictions are finished" in second.err


def test_what_differs_is_told_and_overwrite_starts_anew(run_folder, shards, tmp_path, capsys):
    asked = ["predict", str(run_folder), str(shards), "-o", f"{tmp_path}/out/", "--quiet"]
    assert main(asked) == 0
    assert main([*asked, "--out-format", "jsonl"]) == 2
    assert "it differs in format ('jsonl', before 'csv')" in capsys.readouterr().err
    assert main([*asked, "--out-format", "jsonl", "--shard-rows", "1", "--overwrite"]) == 0
    names = sorted(path.name for path in (tmp_path / "out").iterdir() if path.is_file())
    assert names == [f"part-{n}-00000.jsonl" for n in range(3)]
