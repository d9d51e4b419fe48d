"""A class opens the book at once: 200 browsers' worth of requests to the bundle's own server.

``python -m benchmarks.classroom``, after ``make book``. A real browser opens a page and touches
its lab once, to learn what a reader fetches. Then 200 made-up ones fetch the page, and the rest
over six connections each, all at once, as browsers do; each body is compared with the file. They
share this machine's cores with the server, which a class does not.
"""

import argparse
import asyncio
import gzip
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from pathlib import Path
from urllib.parse import unquote, urlsplit

import numpy as np

from book import SITE, bundle

BROWSERS, CONNECTIONS = 200, 6
PAGE = "en/instability.html"


def fetched(base: str, page: str) -> list[str]:
    """The paths that a browser asks for on its first visit and one touch of the first lab."""
    from playwright.sync_api import sync_playwright

    from book.browser import QUIET, find

    paths: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=QUIET)
        tab = browser.new_page()
        tab.on("request", lambda r: paths.append(urlsplit(r.url).path))
        tab.goto(f"{base}/{page}", wait_until="networkidle")
        lab = tab.locator("[id^=lab-]:has(input[type=range])").first
        lab.scroll_into_view_if_needed()
        lab.locator("input[type=range]").first.press("ArrowLeft")
        tab.wait_for_function("() => performance.getEntriesByType('measure').length")
        tab.wait_for_load_state("networkidle")
        browser.close()
    return list(dict.fromkeys(paths))


async def read(port: int, paths: "asyncio.Queue[str]", sums: dict[str, int]) -> tuple[int, int]:
    """One connection: fetch what is left, and count the files that were right and their bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    right = size = 0
    while not paths.empty():
        path = paths.get_nowait()
        asked = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n"
        writer.write(asked.encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.split("content-length: ")[1].split("\r\n")[0])
        body = await reader.readexactly(length)
        plain = gzip.decompress(body) if "content-encoding: gzip" in head else body
        right += head.startswith("http/1.1 200") and zlib.crc32(plain) == sums[path]
        size += len(head) + length
    writer.close()
    return right, size


async def visit(port: int, paths: list[str], sums: dict[str, int]) -> tuple[int, int, float]:
    """One browser: files that failed, bytes, and seconds until the last."""
    start = time.perf_counter()
    page, rest = asyncio.Queue(), asyncio.Queue()
    for i, path in enumerate(paths):
        (rest if i else page).put_nowait(path)
    results = []
    for queue, connections in ((page, 1), (rest, CONNECTIONS)):
        reads = (read(port, queue, sums) for _ in range(connections))
        results += await asyncio.gather(*reads, return_exceptions=True)
    done = [r for r in results if isinstance(r, tuple)]
    right, size = (sum(column) for column in zip(*done, strict=True)) if done else (0, 0)
    return len(paths) - right, size, time.perf_counter() - start


async def crowd(port: int, paths: list[str], sums: dict[str, int], browsers: int) -> np.ndarray:
    """All browsers at once: ``(browsers, 3)``, a row as :func:`visit` gives it."""
    return np.array(await asyncio.gather(*(visit(port, paths, sums) for _ in range(browsers))))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.classroom")
    parser.add_argument("--site", type=Path, default=SITE, help="a built site")
    parser.add_argument("--page", default=PAGE, help="a page with a lab")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        archive = bundle.pack(given.site, Path(folder) / "book.zip")
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(folder)
        home = Path(folder) / bundle.FOLDER
        unpacked = sum(f.stat().st_size for f in home.rglob("*") if f.is_file())
        print(
            f"The bundle: {archive.stat().st_size / 2**20:.1f} MiB, {unpacked / 2**20:.1f} MiB "
            f"and {sum(f.is_file() for f in home.rglob('*')):,} files unpacked."
        )
        command = [sys.executable, "serve.py", "0"]
        with subprocess.Popen(command, cwd=home, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            base = server.stdout.readline().split()[-1]
            port = urlsplit(base).port or 0
            paths = fetched(base, given.page)
            files = {p: home / "site" / unquote(p).lstrip("/") for p in paths}
            sums = {p: zlib.crc32(f.read_bytes()) for p, f in files.items()}
            print(f"{given.page}: {len(paths)} files for a first visit and one touch of a lab.\n")
            print("| browsers at once | requests | failed | MB sent | all done, s | requests/s | "
                  "a browser, median and slowest, s |\n|---|---|---|---|---|---|---|")  # fmt: skip
            failures = 0
            for browsers in (1, 40, BROWSERS):
                start = time.perf_counter()
                failed, size, seconds = asyncio.run(crowd(port, paths, sums, browsers)).T
                taken = time.perf_counter() - start
                count = browsers * len(paths)
                failures += int(failed.sum())
                print(
                    f"| {browsers} | {count:,} | {failed.sum():.0f} | {size.sum() / 1e6:.1f} | "
                    f"{taken:.2f} | {count / taken:,.0f} | "
                    f"{np.median(seconds):.2f}, {seconds.max():.2f} |",
                    flush=True,
                )
            server.terminate()
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
