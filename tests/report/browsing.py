"""Pages in real headless Chromium: how they are opened, and what is told of them."""

from pathlib import Path
from typing import Any

import numpy as np

from textkind.models.settings import LinearSettings
from textkind.workflow.train import TrainSettings, train

HOSTILE = [
    "<script>document.title='broken'</script>",
    '"><img src=x onerror="document.title=1">',
    "\u202edlrow olleh",
    "\u05e9\u05dc\u05d5\u05dd",
    "x" * 200,
    "a_label_with_quite_a_long_name",
]
WORDS_OF_200 = "w" * 200
KINDS = ("hostile", "many", "several", "neural", "comparison", "trained", "map")
TITLES = {"comparison": "Comparison of models", "map": "Map of a corpus"}


def trained(folder: Path) -> Path:
    """A run with all that an audit, an error analysis and a rule for rare labels tell."""
    random = np.random.default_rng(0)
    words = np.array([*HOSTILE, "not", "never", WORDS_OF_200, *"abcdefghijklmnopqrst"])
    labels = random.choice(HOSTILE[:4], 900, p=[0.6, 0.25, 0.1, 0.05])
    told = [
        f"{label} {' '.join(random.choice(words, 8))}"
        if random.random() < 0.6
        else " ".join(random.choice(words, 3))
        for label in labels
    ]
    settings = TrainSettings(out=folder, model=LinearSettings(imbalance="post-hoc"))
    metrics = train({"text": told, "label": labels.tolist()}, settings).metrics
    for entry in ("findings", "errors", "slices", "effect", "trust", "clean", "map"):
        assert metrics[entry], entry
    return folder


def opened(browser: Any, path: Path, **context: Any) -> Any:
    """The page in a context of its own, everything it complains of or asks for in `page.heard`."""
    page = browser.new_context(**context).new_page()
    page.heard = []
    page.on("console", lambda message: page.heard.append(message.text))
    page.on("pageerror", lambda error: page.heard.append(str(error)))
    page.on("request", lambda request: page.heard.append(request.url))
    page.goto(path.as_uri())
    return page
