"""The browser that the tests drive; `python -m tests.browser` sees to it that there is one.

With --all, it sees to all engines.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Page, Request

from book.browser import NAMES

OTHERS = {"firefox-esr": "firefox-esr", "webkit2gtk-driver": "WebKitWebDriver", "xvfb": "Xvfb"}
"""Debian's packages of the other engines, and a program of each: tests/engines.py."""

PATIENCE = 180.0
"""How many seconds any wait may take: a machine may be busy, and what fails is not waited for."""

WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 360, "height": 740}


def install(every: bool) -> None:
    """Install what is missing, Chromium or every engine, where this is Debian and we may."""
    packages = [] if any(map(shutil.which, NAMES)) else ["chromium"]
    if every:
        packages += [p for p, program in OTHERS.items() if not shutil.which(program)]
    if not packages or not shutil.which("apt-get") or os.geteuid():
        return
    print("Installing for the tests of the site:", *packages, flush=True)
    subprocess.run(["apt-get", "update", "-qq"], check=False)
    subprocess.run(
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages],
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, check=False,
    )  # fmt: skip


def pages(site: Path) -> list[str]:
    return sorted(p.relative_to(site).as_posix() for p in site.glob("*/**/*.html"))


def failure(request: Request) -> list[str]:
    """What failed, if not because the browser went on to another page."""
    why = request.failure or ""
    return [] if "ERR_ABORTED" in why else [f"failed: {request.url} {why}"]


def complaint(message: ConsoleMessage) -> list[str]:
    """What the console complains of, if not of the workers that we forbid: tests/conftest.py."""
    told = message.type in ("error", "warning")
    return [message.text] if told and "blocked by Playwright" not in message.text else []


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
    page.on("console", lambda m: wrong.extend(complaint(m)))
    return wrong


def visit(page: Page, address: str) -> None:
    page.goto(address, wait_until="load")
    page.evaluate("() => document.fonts.ready")


if __name__ == "__main__":
    install(every=sys.argv[1:] == ["--all"])
