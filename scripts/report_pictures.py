"""Pictures of the report for the docs: a run folder in, PNG files out.

    .venv/bin/python scripts/report_pictures.py demo-run docs/pictures [COMPARISON]

Needs playwright and Chromium. Only parts of the page without a sentence of the corpus are taken.
"""

import shutil
import sys
from pathlib import Path
from typing import Any

TALLEST = 1120  # pixels

# file -> part of the page, width of the window, color scheme
REPORT = {
    "report-verdict.png": ("#verdict", 1280, "light"),
    "report-trust.png": ("#trust", 1280, "light"),
    "report-map.png": ("#map figure", 1280, "light"),
    "report-confusions.png": ("#confusions", 1280, "dark"),
    "report-phone.png": ("#verdict", 360, "dark"),
}
COMPARISON = {"report-ladder.png": ("#picture", 1280, "light")}


def main() -> int:
    """Take the pictures of the run, and of the comparison where one is given."""
    from playwright.sync_api import sync_playwright

    run, folder, *ladders = map(Path, sys.argv[1:])
    folder.mkdir(parents=True, exist_ok=True)
    asked = [(run, REPORT), *((ladder, COMPARISON) for ladder in ladders)]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        for place, pictures in asked:
            for name, (section, width, scheme) in pictures.items():
                take(browser, place / "report.html", folder / name, section, width, scheme)
                print(folder / name)
        browser.close()
    return 0


def take(browser: Any, page: Path, file: Path, section: str, width: int, scheme: str) -> None:
    """A part of a page as a picture, with a margin around it."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
    )
    shown = context.new_page()
    shown.goto(page.resolve().as_uri())
    box = shown.locator(section).bounding_box()
    margin = 16
    clip = {
        "x": max(0, box["x"] - margin),
        "y": box["y"] + 1,
        "width": min(width, box["width"] + 2 * margin),
        "height": min(box["height"], TALLEST),
    }
    shown.screenshot(path=str(file), clip=clip, full_page=True)
    context.close()


if __name__ == "__main__":
    sys.exit(main())
