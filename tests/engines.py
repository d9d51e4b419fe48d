"""The three engines that browsers have, each driven through the same few methods.

Chromium by Playwright, as elsewhere in the tests. Playwright's Firefox and WebKit are builds of its
own. A system's Firefox speaks WebDriver BiDi itself, and its WebKitGTK has a driver for Selenium.
"""

import glob
import json
import os
import shutil
import subprocess
import tempfile
import time
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser
from playwright.sync_api import Error as PlaywrightError
from selenium.common import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.webkitgtk.options import Options
from selenium.webdriver.webkitgtk.service import Service
from selenium.webdriver.webkitgtk.webdriver import WebDriver
from websocket import create_connection

from tests.browser import PATIENCE, WIDE, visit, watch

KEYS = {
    "ArrowLeft": Keys.ARROW_LEFT,
    "ArrowRight": Keys.ARROW_RIGHT,
    "Enter": Keys.ENTER,
}

MINI_BROWSER = ("/usr/lib/*/webkit2gtk-4.*/MiniBrowser", "/usr/libexec/webkit2gtk-4.*/MiniBrowser")
"""Where Debian and Fedora put WebKitGTK's browser, which is on no PATH."""

LISTEN = """() => {
  globalThis.wrong = [];
  const note = (text) => globalThis.wrong.push(String(text));
  addEventListener("error", (event) => note(event.message));
  addEventListener("unhandledrejection", (event) => note(event.reason));
  addEventListener("securitypolicyviolation", (event) => note(`forbidden: ${event.blockedURI}`));
}"""
"""Notes what goes wrong in a page."""

FOCUS = "(selector) => document.querySelector(selector).focus()"


MIDDLE = """(selector) => {
  const element = document.querySelector(selector);
  element.scrollIntoView({ block: "center", behavior: "instant" });
  const { left, top, width, height } = element.getBoundingClientRect();
  return [Math.round(left + width / 2), Math.round(top + height / 2)];
}"""


STILL = """async (selector) => {
  const element = document.querySelector(selector);
  element.scrollIntoView({ block: "center", behavior: "instant" });
  await document.fonts.ready;
  let before = "";
  for (let same = 0; same < 3; ) {
    await new Promise(requestAnimationFrame);
    const { x, y } = element.getBoundingClientRect();
    same = before === `${x},${y}` ? same + 1 : 0;
    before = `${x},${y}`;
  }
}"""
"""Resolves when what a selector selects is in view and has stood still for three frames."""


class Missing(Exception):
    """An engine that is not installed, and what would install it."""


class Engine(ABC):
    """A browser with one page, WIDE."""

    @abstractmethod
    def open(self, address: str) -> None:
        """Go to an address, and wait until it is loaded."""

    @abstractmethod
    def run(self, function: str, *arguments: Any) -> Any:
        """What a function in JavaScript returns in the page; a promise is waited for."""

    @abstractmethod
    def type(self, selector: str, *keys: str) -> None:
        """Press keys, by their names or as text, in what a selector selects."""

    @abstractmethod
    def click(self, selector: str) -> None:
        """Click on what a selector selects."""

    @abstractmethod
    def close(self) -> None:
        """End the browser, and whatever it needed."""

    def wrong(self) -> list[str]:
        """What went wrong since the page was opened."""
        return self.run("() => globalThis.wrong")

    def wait(self, condition: str, *arguments: Any) -> None:
        """Wait until a function in JavaScript returns something true, on this page or the next."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                if self.run(condition, *arguments):
                    return
                failed = None
            except (PlaywrightError, WebDriverException) as error:  # the page is on its way out
                failed = error
            if time.monotonic() > end:
                raise AssertionError(f"It did not become true: {condition} {arguments}") from failed
            time.sleep(0.02)


class Chromium(Engine):
    """Chromium, which also says what its console says and what is asked of other hosts."""

    def __init__(self, browser: Browser, workers: Literal["allow", "block"] = "block") -> None:
        self.browser = browser  # the tests' own: Playwright runs once in a process
        self.workers: Literal["allow", "block"] = workers  # whether it keeps editions
        self.page = self.browser.new_page(viewport=WIDE, service_workers=self.workers)
        self.page.add_init_script(f"({LISTEN})()")
        self.said: list[str] = []

    def open(self, address: str) -> None:
        self.page.close()
        self.page = self.browser.new_page(viewport=WIDE, service_workers=self.workers)
        self.page.add_init_script(f"({LISTEN})()")
        self.said = watch(self.page, address)
        visit(self.page, address)

    def run(self, function: str, *arguments: Any) -> Any:
        return self.page.evaluate(f"(given) => ({function})(...given)", arguments)

    def type(self, selector: str, *keys: str) -> None:
        for key in keys:
            if key in KEYS:
                self.page.locator(selector).press(key)
            else:
                self.page.locator(selector).press_sequentially(key)

    def click(self, selector: str) -> None:
        self.page.locator(selector).click()

    def wrong(self) -> list[str]:
        return [*super().wrong(), *self.said]

    def close(self) -> None:
        self.page.close()


class Firefox(Engine):
    """Firefox over WebDriver BiDi, without geckodriver, which Debian does not have."""

    def __init__(self) -> None:
        path = shutil.which("firefox-esr") or shutil.which("firefox")
        if path is None:
            raise Missing("There is no Firefox (Debian: apt-get install firefox-esr)")
        self.profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        folder = Path(self.profile.name)
        with (folder / "log").open("w") as log:
            self.process = subprocess.Popen(
                [path, "--headless", "--no-remote", "--profile", folder,
                 "--remote-debugging-port", "0"],
                stdout=log, stderr=log,
            )  # fmt: skip
        told = folder / "WebDriverBiDiServer.json"
        until(lambda: told.exists() and told.read_text(), self.process, folder / "log")
        server = json.loads(told.read_text())
        address = f"ws://{server['ws_host']}:{server['ws_port']}/session"
        self.connection = create_connection(address, timeout=PATIENCE, suppress_origin=True)
        self.asked = 0
        self.ask("session.new", capabilities={})
        (first,) = self.ask("browsingContext.getTree")["contexts"]
        self.context = first["context"]
        self.ask("browsingContext.setViewport", context=self.context, viewport=WIDE)
        self.ask("script.addPreloadScript", functionDeclaration=LISTEN)

    def ask(self, method: str, **given: Any) -> Any:
        """One command of BiDi."""
        self.asked += 1
        self.connection.send(json.dumps({"id": self.asked, "method": method, "params": given}))
        answer = {}
        while answer.get("id") != self.asked:
            answer = json.loads(self.connection.recv())
        if "result" not in answer:
            raise WebDriverException(f"{method}: {answer}")
        return answer["result"]

    def open(self, address: str) -> None:
        self.ask("browsingContext.navigate", context=self.context, url=address, wait="complete")

    def run(self, function: str, *arguments: Any) -> Any:
        called = f"({function})(...{json.dumps(arguments)})"
        answer = self.ask(
            "script.evaluate", target={"context": self.context}, awaitPromise=True,
            expression=f"Promise.resolve({called}).then((got) => JSON.stringify(got))",
        )  # fmt: skip
        if answer["type"] != "success":
            raise WebDriverException(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"].get("value", "null"))

    def type(self, selector: str, *keys: str) -> None:
        self.run(FOCUS, selector)
        pressed = [key for text in keys for key in ([KEYS[text]] if text in KEYS else text)]
        actions = [{"type": t, "value": key} for key in pressed for t in ("keyDown", "keyUp")]
        self.act(type="key", id="keyboard", actions=actions)

    def click(self, selector: str) -> None:
        x, y = self.run(MIDDLE, selector)
        move = {"type": "pointerMove", "x": x, "y": y}
        press = [{"type": t, "button": 0} for t in ("pointerDown", "pointerUp")]
        self.act(type="pointer", id="mouse", actions=[move, *press])

    def act(self, **source: Any) -> None:
        """What a keyboard or a mouse does."""
        self.ask("input.performActions", context=self.context, actions=[source])

    def close(self) -> None:
        self.connection.close()
        self.process.terminate()
        self.process.wait(PATIENCE)
        self.profile.cleanup()


class WebKit(Engine):
    """WebKitGTK's own small browser, on a screen that nobody sees."""

    def __init__(self) -> None:
        driver, screen = shutil.which("WebKitWebDriver"), shutil.which("Xvfb")
        browsers = sorted(found for where in MINI_BROWSER for found in glob.glob(where))
        if not (driver and screen and browsers):
            raise Missing("There is no WebKitGTK (Debian: apt-get install webkit2gtk-driver xvfb)")
        reader, writer = os.pipe()
        self.screen = subprocess.Popen(
            [screen, "-displayfd", str(writer), "-screen", "0", "1400x1000x24", "-nolisten", "tcp"],
            pass_fds=[writer], stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(writer)
        with os.fdopen(reader) as told:
            display = f":{told.readline().strip()}"
        options = Options()
        options.binary_location = browsers[-1]
        options.add_argument("--automation")
        options.set_capability("browserName", "MiniBrowser")
        service = Service(driver, env={**os.environ, "DISPLAY": display})
        try:
            with warnings.catch_warnings():  # Selenium warns of how Selenium calls itself
                warnings.filterwarnings("ignore", "setting remote_server_addr", DeprecationWarning)
                self.driver = WebDriver(options=options, service=service)
        except WebDriverException:
            self.screen.kill()
            self.screen.wait()
            raise
        self.driver.set_window_size(WIDE["width"], WIDE["height"])
        self.driver.set_script_timeout(PATIENCE)

    def open(self, address: str) -> None:
        self.driver.get(address)
        self.run(LISTEN)  # it has no way to do so before

    def run(self, function: str, *arguments: Any) -> Any:
        return self.driver.execute_async_script(
            f"const [given, done] = arguments;"
            f"Promise.resolve(({function})(...given)).then(done, (error) => {{ throw error; }});",
            arguments,
        )

    def found(self, selector: str) -> WebElement:
        """What a selector selects; the driver finds nothing while it changes from page to page."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                return self.driver.find_element(By.CSS_SELECTOR, selector)
            except WebDriverException:
                if time.monotonic() > end:
                    raise
            time.sleep(0.02)

    def type(self, selector: str, *keys: str) -> None:
        found = self.found(selector)
        for key in keys:
            found.send_keys(KEYS.get(key, key))

    def click(self, selector: str) -> None:
        # It clicks on the place where the element was, also if a page that loads moves it since.
        self.run(STILL, selector)
        self.found(selector).click()

    def close(self) -> None:
        self.driver.quit()
        self.screen.terminate()
        self.screen.wait(PATIENCE)


ENGINES: dict[str, Callable[..., Engine]] = {
    "chromium": Chromium,
    "firefox": Firefox,
    "webkit": WebKit,
}


def until(ready: Any, process: subprocess.Popen, log: Path) -> None:
    """Wait until a process is ready."""
    end = time.monotonic() + PATIENCE
    while not ready():
        if process.poll() is not None or time.monotonic() > end:
            process.kill()
            raise RuntimeError(f"{process.args} did not start: {log.read_text()}")
        time.sleep(0.02)
