"""A headless Chromium, driven over WebDriver, that remembers what a page did wrong.

Used by the tests of the page and by ``screenshots.py``.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium-headless-shell") or ""
DRIVER = os.environ.get("CHROMEDRIVER") or shutil.which("chromedriver") or ""
AXE = Path(os.environ.get("AXE") or "axe.min.js")

IS_HERE = os.access(CHROMIUM, os.X_OK) and os.access(DRIVER, os.X_OK)
"""Whether there is a browser; ``need_chromium`` of scripts/environment fetches one."""

PATIENCE_S = 20.0

_WATCH = """
window.__trouble = [];
addEventListener("securitypolicyviolation", (event) =>
  __trouble.push(`policy: ${event.violatedDirective} of ${event.blockedURI} ${event.sample}`));
addEventListener("error", (event) => __trouble.push(`error: ${event.message}`));
addEventListener("unhandledrejection", (event) => __trouble.push(`rejection: ${event.reason}`));
for (const name of ["alert", "confirm", "prompt", "print", "open"])
  window[name] = () => { __trouble.push(`called: ${name}`); };
"""

Found = TypeVar("Found")


class Browser:
    """One tab of a browser.

    Args:
        driver: The driver of the browser.
    """

    def __init__(self, driver: Chrome) -> None:
        self.driver = driver
        self._events: list[dict[str, Any]] = []
        self.command("Page.addScriptToEvaluateOnNewDocument", source=_WATCH)

    def command(self, name: str, **parameters: Any) -> Any:
        """Sends a command of the DevTools protocol."""
        return self.driver.execute_cdp_cmd(name, parameters)

    def open(self, url: str) -> None:
        """Opens a page, and forgets what happened before."""
        self._log()
        self._events = []
        self.driver.get(url)

    def run(self, script: str, *arguments: Any) -> Any:
        """Runs a script in the page, and returns what it returns."""
        return self.driver.execute_script(script, *arguments)

    def find(self, selector: str) -> WebElement:
        """Returns the first element of a CSS selector."""
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def find_all(self, selector: str) -> Sequence[WebElement]:
        """Returns the elements of a CSS selector."""
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector: str) -> str:
        """Returns the text of an element; "" if it is not visible."""
        script = (
            "const found = document.querySelector(arguments[0]);"
            "return found?.checkVisibility() ? found.innerText : ''"
        )
        return str(self.run(script, selector))

    def button(self, text: str) -> WebElement:
        """Returns the visible button with a text."""
        return self.wait(
            lambda: next(
                (e for e in self.find_all("button") if e.is_displayed() and e.text == text), None
            ),
            f"a button {text!r}",
        )

    def wait(self, condition: Callable[[], Found | None], what: str = "a state") -> Found:
        """Waits until a condition is true, and returns its value."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if found := condition():
                return found
            time.sleep(0.02)
        raise AssertionError(f"{what} did not come; the page reads:\n{self.text('body')}")

    def wait_for(self, selector: str, text: str) -> str:
        """Waits until an element shows a text, and returns all that it shows."""
        return self.wait(
            lambda: shown if text in (shown := self.text(selector)) else None,
            f"{text!r} in {selector}",
        )

    def press(self, *keys: str) -> None:
        """Presses keys, one after the other, wherever the focus is."""
        chain = ActionChains(self.driver, duration=0)
        for key in keys:
            chain.send_keys(key)
        chain.perform()

    def enter(self, text: str, selector: str = "#text") -> None:
        """Puts a text into a field at once, as a paste does."""
        self.run(
            "const field = document.querySelector(arguments[0]); field.value = arguments[1];"
            "field.dispatchEvent(new InputEvent('input', {bubbles: true}))",
            selector,
            text,
        )

    def size(self, width: int, height: int = 900, scale: float = 1) -> None:
        """Sets the size of the viewport."""
        self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=False,
        )

    def prefer(self, **features: str) -> None:
        """Sets media features, such as ``prefers_color_scheme="dark"``."""
        named = [
            {"name": name.replace("_", "-"), "value": value} for name, value in features.items()
        ]
        self.command("Emulation.setEmulatedMedia", features=named)

    def trouble(self) -> Sequence[str]:
        """Returns violations of the policy, errors of scripts and opened dialogues, so far."""
        return list(self.run("return window.__trouble ?? []"))

    def events(self, method: str) -> Sequence[Any]:
        """Returns the parameters of all events of the DevTools protocol since the page's start."""
        self._events += self._log()
        return [each["params"] for each in self._events if each["method"] == method]

    def _log(self) -> list[dict[str, Any]]:
        """Returns the events since the last call."""
        entries = self.driver.get_log("performance")  # type: ignore[no-untyped-call]
        return [json.loads(each["message"])["message"] for each in entries]

    def requested(self) -> Sequence[str]:
        """Returns the addresses of all requests since the page was opened."""
        return [each["request"]["url"] for each in self.events("Network.requestWillBeSent")]

    def inaccessible(self) -> Sequence[str]:
        """Returns what axe-core finds: a line for each violation, with the elements."""
        # A command of the browser's, which the policy of the page has no say in.
        if not self.run("return 'axe' in window"):
            self.command("Runtime.evaluate", expression=AXE.read_text(encoding="utf-8"))
        found = self.driver.execute_async_script(
            "axe.run(document, {resultTypes: ['violations']}).then(arguments[0])"
        )
        return [
            f"{each['id']}: {node['html']} ({node['failureSummary']})"
            for each in found["violations"]
            for node in each["nodes"]
        ]

    def close(self) -> None:
        """Leaves the page, and undoes what tests set."""
        self.command("Emulation.clearDeviceMetricsOverride")
        self.command("Emulation.setEmulatedMedia", features=[])
        self.command(
            "Network.emulateNetworkConditions",
            offline=False,
            latency=0,
            downloadThroughput=-1,
            uploadThroughput=-1,
        )
        self.driver.get("about:blank")


@contextmanager
def running_browser(downloads: Path) -> Iterator[Browser]:
    """Starts a browser that reaches nothing but this machine."""
    options = ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--lang=en-US",
        "--hide-scrollbars",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    ):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL"})
    libraries = os.environ.get("CHROMIUM_LIBRARIES", "")
    environment = {**os.environ, "LD_LIBRARY_PATH": libraries} if libraries else dict(os.environ)
    service = Service(DRIVER, env=environment)
    driver = Chrome(options=options, service=service)
    try:
        browser = Browser(driver)
        browser.command(
            "Browser.setDownloadBehavior", behavior="allow", downloadPath=str(downloads)
        )
        yield browser
    finally:
        driver.quit()
