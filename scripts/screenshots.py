"""Screenshots of the main states of the page, written to docs/images.

``./scripts/screenshots`` runs it with a Chromium and with this environment.
"""

from __future__ import annotations

import base64
import tempfile
from pathlib import Path

from scripts.chromium import Browser, running_browser
from scripts.server_process import ROOT, running

IMAGES = ROOT / "docs" / "images"

MIXED = "The cast is great, but the plot makes no sense and the ending drags."


def main() -> None:
    """Starts a model server and a browser, and writes the pictures."""
    IMAGES.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as directory,
        running(Path(directory) / "server") as server,
        running_browser(Path(directory)) as browser,
    ):
        for name, scheme, width, height in (
            ("page", "light", 1120, 860),
            ("page-dark", "dark", 1120, 860),
            ("page-narrow", "light", 360, 1400),
        ):
            _open(browser, server.url, scheme, width, height)
            browser.enter(MIXED)
            browser.wait(lambda: browser.find_all("#why .words .unit"))
            browser.wait_for("#lists", "afinn-111")
            _save(browser, name)
        _open(browser, server.url, "light", 1000, 780)
        browser.button("Long").click()
        browser.button("Read all of it in windows").click()
        browser.button("Explain this text")
        _save(browser, "page-windows")
        _open(browser, server.url, "light", 1120, 860)
        browser.button("Several").click()
        browser.wait(lambda: browser.find_all("#table tbody tr"))
        browser.wait(lambda: browser.find("#save-csv").is_enabled())
        _save(browser, "page-table")


def _open(browser: Browser, url: str, scheme: str, width: int, height: int) -> None:
    # Bars and marks stand still at once.
    browser.prefer(prefers_color_scheme=scheme, prefers_reduced_motion="reduce")
    browser.size(width, height)
    browser.open(f"{url}/")
    browser.wait(lambda: browser.find("#model-field").is_displayed())


def _save(browser: Browser, name: str) -> None:
    browser.run("document.activeElement.blur(); scrollTo(0, 0)")
    shot = browser.command("Page.captureScreenshot", format="png", optimizeForSpeed=False)
    file = IMAGES / f"{name}.png"
    file.write_bytes(base64.b64decode(shot["data"]))
    print(f"{file.relative_to(ROOT)}: {file.stat().st_size / 1000:.0f} KB")


if __name__ == "__main__":
    main()
