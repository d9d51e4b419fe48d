"""Sees to it that Chromium is there, which the tests of the site drive: python -m tests.browser."""

import os
import shutil
import subprocess

NAMES = ("chromium", "chromium-browser", "google-chrome")


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


if __name__ == "__main__":
    install()
