"""The browser that the tests drive; `python -m tests.browser` sees to it that there is one."""

import os
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page, Request

NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync",
    "--disable-component-update", "--no-first-run",
]  # fmt: skip
PATIENCE = 20
"""How many seconds any wait may take: a machine may be busy, and what fails is not waited for."""

WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 360, "height": 740}


def find() -> str:
    """The path of the browser.

    Raises:
        RuntimeError: if there is none, with what to install.
    """
    for name in NAMES:
        if path := shutil.which(name):
            return path
    raise RuntimeError(
        "The tests of the site need Chromium: install your system's package `chromium` "
        "(Debian: apt-get install chromium), or put it on the PATH as one of " + ", ".join(NAMES)
    )


def install() -> None:
    """Install the browser where this is a Debian system and we may."""
    if any(map(shutil.which, NAMES)) or not shutil.which("apt-get") or os.geteuid():
        return
    print("Installing Chromium for the tests of the site", flush=True)
    subprocess.run(["apt-get", "update", "-qq"], check=False)
    subprocess.run(
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"],
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, check=False,
    )  # fmt: skip


def pages(site: Path) -> list[str]:
    return sorted(p.relative_to(site).as_posix() for p in site.glob("*/**/*.html"))


def failure(request: Request) -> list[str]:
    """What failed, if not because the browser went on to another page."""
    why = request.failure or ""
    return [] if "ERR_ABORTED" in why else [f"failed: {request.url} {why}"]


def watch(page: Page, address: str) -> list[str]:
    """What goes wrong on the page from now on."""
    wrong: list[str] = []
    host = urlsplit(address).netloc

    def ask(request) -> None:
        if urlsplit(request.url).scheme.startswith("http") and urlsplit(request.url).netloc != host:
            wrong.append(f"asks another host: {request.url}")

    page.on("request", ask)
    page.on("requestfailed", lambda request: wrong.extend(failure(request)))
    page.on("response", lambda r: wrong.append(f"{r.status}: {r.url}") if r.status >= 400 else None)
    page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
    # The console also says what the policy forbade.
    page.on("console", lambda m: wrong.append(m.text) if m.type in ("error", "warning") else None)
    return wrong


def visit(page: Page, address: str) -> None:
    page.goto(address, wait_until="load")
    page.evaluate("() => document.fonts.ready")


if __name__ == "__main__":
    install()
