"""The Python examples of docs/library.md run, and say what the page says."""

import re
from pathlib import Path

import numpy as np

PAGE = Path(__file__).parents[1] / "docs" / "library.md"


def test_the_examples_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 2
    names = [{}, {}]
    for block, space in zip(blocks, names, strict=True):
        exec(compile(block, str(PAGE), "exec"), space)
    assert names[0]["classifier"].predict(["where is my parcel"]) == np.array(["delivery"])
    assert names[1]["run"].metrics["test"]["accuracy"]["value"] == 1
    assert names[1]["ladder"].facts["verdict"]["winner"] == "linear"
    assert len((tmp_path / "labelled.csv").read_text().splitlines()) == 121
