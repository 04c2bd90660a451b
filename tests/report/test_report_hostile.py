"""A corpus that attacks the page: nothing runs, nothing is asked for, texts are shown as is."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.report.browsing import opened
from textkind.cli import main
from textkind.report.compare_page import write_comparison
from textkind.report.wording import visible

ATTACKS = [
    "<script>window.broken = 1</script>",
    "</style><style>body { display: none }</style>",
    "</title></script><script>window.broken = 2</script>",
    '"><img src="http://127.0.0.1:9/a.png" onerror="window.broken = 3">',
    "<a href=\"javascript:window.broken = 4\" onmouseover='window.broken = 5'>press</a>",
    "<svg onload=window.broken=6><use href=data:image/svg+xml,x></use></svg>",
    "<base href=http://127.0.0.1:9/><meta http-equiv=refresh content=0;url=http://127.0.0.1:9/>",
    "\u202eright to left\u2066 and \u2067back \u200f",
    "nul\x00 bell\x07 escape\x1b delete\x7f",
    "{{ 7 * 7 }} {% raw %} {# note #} ${7*7} %s {0}",
    "--> ]]> <!-- &lt;script&gt; &#60;",
    "lone \ud800 surrogate, \u05e9\u05dc\u05d5\u05dd, \U0001f469\u200d\U0001f4bb",
]
LABELS = [ATTACKS[0], ATTACKS[3], ATTACKS[7].strip(), ATTACKS[9]]
NAME = "<img src=x onerror=window.broken=7>\u202e{{ 7 * 7 }}.jsonl"
TEXT, LABEL, KIND = "<script>window.broken = 8</script>", '"onload="window.broken=9', "{{ 9 }}"


def check_harmless(page: Any, path: Path, texts: list[str]) -> None:
    """Nothing ran or left the page, and the texts are seen."""
    page.evaluate(
        """() => {
            for (const one of document.querySelectorAll('details')) one.open = true;
            for (const one of document.querySelectorAll('main *'))
                for (const kind of ['mouseover', 'click', 'focus', 'load', 'error'])
                    one.dispatchEvent(new Event(kind));
        }"""
    )
    page.wait_for_timeout(200)
    assert page.heard == [path.as_uri()]
    assert page.evaluate("window.broken") is None
    assert page.evaluate("location.href.split('#')[0]") == path.as_uri()
    assert page.locator("script").count() == page.locator("style").count() == 1
    foreign = "img, base, iframe, object, body meta, main script, main style, a:not([href^='#'])"
    assert page.locator(foreign).count() == 0
    assert page.locator("body").is_visible()
    seen = " ".join(page.locator("main").inner_text().split())
    for text in texts:
        assert " ".join(visible(text).split())[:55] in seen, text


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of such texts, labels and columns under such a name; every tenth label is wrong."""
    path = tmp_path_factory.mktemp("hostile") / NAME
    lines = []
    for place in range(480):
        label = LABELS[place % 4]
        words = f"{ATTACKS[place % 12]} {' '.join(f'word{place % 4}{i}' for i in range(6))} {place}"
        given = LABELS[(place + 1) % 4] if place % 10 == 0 else label
        row = {TEXT: words, LABEL: given, KIND: ATTACKS[place % 3]}
        lines.append(json.dumps(row).replace("\\ud800 surrogate", "surrogate"))
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_a_run_on_hostile_texts_is_a_harmless_page(browser, corpus, tmp_path) -> None:
    run = tmp_path / "run"
    asked = ["--text", TEXT, "--label", LABEL, "--quiet", "--out", str(run)]
    assert main(["train", str(corpus), *asked]) == 0
    mistakes = [json.loads(line) for line in (run / "mistakes.jsonl").read_text().splitlines()]
    assert mistakes
    path = run / "report.html"
    page = opened(browser, path)
    texts = [one["text"] for one in mistakes] + LABELS + [NAME, TEXT]
    check_harmless(page, path, texts)
    choice = page.get_by_role("combobox", name="Gold and predicted", exact=True)
    assert choice.locator("option").count() > 2
    for index in range(choice.locator("option").count()):
        choice.select_option(index=index)
    page.get_by_label("Search mistakes").fill(ATTACKS[0])
    check_harmless(page, path, [])
    page.context.close()


def test_the_page_of_a_hostile_comparison_is_harmless(browser, make_comparison, tmp_path) -> None:
    facts = make_comparison(labels=LABELS, text=" ".join(ATTACKS[:3]), folds=3)
    facts["data"] |= {"source": f"/tmp/{NAME}", "notes": ATTACKS}
    facts["data"]["columns"] |= {"text": [TEXT], "label": LABEL}
    facts |= {"notes": ATTACKS, "command": f"textkind compare '{NAME}'"}
    facts["environment"]["system"] = ATTACKS[4]
    facts["gains"]["groups"][0]["group"] = ATTACKS[5]
    path = tmp_path / "report.html"
    write_comparison(path, facts)
    page = opened(browser, path)
    check_harmless(page, path, [*ATTACKS, *LABELS, NAME, TEXT, LABEL])
    page.context.close()
