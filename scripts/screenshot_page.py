"""Make a picture of the service's page, such as docs/page.png, in headless Chromium.

    python scripts/screenshot_page.py RUN [RUN] OUT.png "text"

The runs are served on a free port of this machine, and compared where there are two.
"""

import re
import shutil
import subprocess
import sys

from playwright.sync_api import sync_playwright

WIDTH, HEIGHT = 900, 1330  # pixels: down to the words that decided


def main(runs: list[str], out: str, text: str) -> None:
    """Serve the runs, ask for the label of the text, and write the picture."""
    command = [sys.executable, "-m", "textkind", "serve", *runs, "--similar", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        try:
            for line in server.stderr:
                if found := re.search(r"serving at (\S+)", line):
                    photograph(found[1], out, text, len(runs) > 1)
                    return
                print(line, end="", file=sys.stderr)
        finally:
            server.terminate()


def photograph(address: str, out: str, text: str, compared: bool) -> None:
    """The page at the address, once it has explained the text."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.goto(address)
        page.get_by_label("Text", exact=True).fill(text)
        page.locator("#label-form button:enabled").wait_for()
        if compared:
            page.get_by_label("Compare with").select_option(index=2)
        page.get_by_role("button", name="Label the text").click()
        page.locator(".near li").last.wait_for()
        page.screenshot(path=out)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:-2], *sys.argv[-2:])
