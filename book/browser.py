"""Chromium, wherever it is installed: it prints the book, and the tests drive it."""

import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync",
    "--disable-component-update", "--no-first-run",
]  # fmt: skip


def find() -> str:
    """The path of the browser.

    Raises:
        RuntimeError: if there is none, with what to install.
    """
    for name in NAMES:
        if path := shutil.which(name):
            return path
    with sync_playwright() as playwright:  # what `playwright install chromium` brings
        if Path(path := playwright.chromium.executable_path).is_file():
            return path
    raise RuntimeError(
        "Chromium is missing: install your system's package `chromium` "
        "(Debian: apt-get install chromium), put it on the PATH as one of "
        + ", ".join(NAMES)
        + ", or run .venv/bin/playwright install --with-deps chromium."
    )
