"""The Python examples of docs/trust.md run, and say what the page says."""

import re
from pathlib import Path

import numpy as np

PAGE = Path(__file__).parents[1] / "docs" / "trust.md"


def test_the_examples_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    [block] = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names = {}
    exec(compile(block, str(PAGE), "exec"), names)
    classifier, new = names["classifier"], names["new"]
    assert classifier.is_answered(new, max_error=0.05).tolist() == [True, False]
    sets = classifier.predict_sets(new, coverage=0.9)
    np.testing.assert_array_equal(sets, [[False, True], [True, True]])
    assert classifier.is_novel(["quantum chess tournament"]).tolist() == [True]
    assert len((tmp_path / "sure.jsonl").read_text().splitlines()) == 2
