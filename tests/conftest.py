"""Settings for all tests, and the browser of those that look at pages."""

import os
import shutil
from importlib.resources import files

import pytest
from hypothesis import settings

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WIDE = """width => [...document.querySelectorAll("main *")]
        .filter(one => !one.closest(".scroll, svg"))
        .filter(one => one.getBoundingClientRect().right > width)
        .map(one => one.outerHTML.slice(0, 120))"""
LOW = r"""() => {
    const parse = text => text.match(/[\d.]+/g).map(Number);
    const linear = v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    const light = ([r, g, b]) => {
      const [x, y, z] = [r, g, b].map(v => linear(v / 255));
      return 0.2126 * x + 0.7152 * y + 0.0722 * z;
    };
    const behind = one => {
      for (; one; one = one.parentElement) {
        const color = parse(getComputedStyle(one).backgroundColor);
        if (color.length === 3 || color[3] > 0) return color;
      }
      return [255, 255, 255];
    };
    const found = [];
    for (const one of document.querySelectorAll("body *:not(script, title, desc)")) {
      const inside = [...one.childNodes];
      if (!inside.some(node => node.nodeType === 3 && node.data.trim())) continue;
      const style = getComputedStyle(one);
      const ink = one.closest("svg") ? style.fill : style.color;
      const [a, b] = [light(parse(ink)), light(behind(one))].sort((x, y) => y - x);
      if ((a + 0.05) / (b + 0.05) < 4.5) found.push(one.outerHTML.slice(0, 100) + ink);
    }
    return found;
  }"""

# Several workers share the cores, and OpenMP's threads wait for each other in busy loops: with a
# small network they do little else. Read when PyTorch is loaded, here and in processes of tests.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

# the first example of a test may compile a kernel
settings.register_profile("textkind", deadline=None, derandomize=True)
settings.load_profile("textkind")


@pytest.fixture(scope="module")
def browser():
    """Headless Chromium, as Debian installs it."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def too_wide():
    """The elements of a page that reach beyond its width, but for those that scroll."""
    return lambda page, width: page.evaluate(WIDE, width)


@pytest.fixture(scope="session")
def low_contrast():
    """The elements of a page whose text has less than 4.5 to 1 against what lies behind it."""
    return lambda page: page.evaluate(LOW)


@pytest.fixture(scope="session")
def axe_findings():
    """What axe-core finds against a page: the rule, and the elements."""
    pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed")
    script = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")

    def findings(page):
        page.evaluate(script)
        found = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
        assert len(found["passes"]) > 20
        return [
            (one["id"], [node["html"][:120] for node in one["nodes"]])
            for one in found["violations"]
        ]

    return findings
