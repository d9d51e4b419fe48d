"""What the labs cost a reader: weight, waiting, and the delay from slider to picture.

Build the book first (``make book``). Run as ``python -m benchmarks.pages``: Chromium over the
built site, and the same lab's widget on a kernel, move by move in turn.
"""

import gzip
import http.server
import sys
import threading
import time
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from playwright.sync_api import Page, sync_playwright

from book import SITE
from stabsim import labs
from tests.browser import find

LABS = [("instability", "kinds", {"net": "outliers"}), ("instability", "strides", {}),
        ("simulator", "simulator", {"net": "relu"}), ("instability", "axis", {})]  # fmt: skip
MOVES = 30


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


def weight(urls: set[str]) -> dict[str, float]:
    """KB after gzip, of the theme, of what all labs share, and of the labs' own files."""
    kinds = {"theme": 0.0, "shared": 0.0, "labs": 0.0, "page": 0.0}
    for url in urls:
        path = SITE / urlsplit(url).path.lstrip("/")
        if not path.is_file():
            continue
        kind = (
            "labs" if "/models/" in url else "shared" if "/_static/lab/" in url
            else "page" if path.suffix == ".html" else "theme"
        )  # fmt: skip
        kinds[kind] += len(gzip.compress(path.read_bytes())) / 1024
    return kinds


def open_page(page: Page, base: str, place: str, name: str, setting: dict[str, str]) -> dict:
    """Open a page and say what it took until the lab's engine is ready, in ms and KB."""
    asked: set[str] = set()
    page.on("request", lambda r: asked.add(r.url))
    query = "&".join(f"{name}.{k}={v}" for k, v in setting.items())
    page.goto(f"{base}/en/{place}.html", wait_until="load")
    before = weight(set(asked))
    paint = page.evaluate(
        "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
    )
    page.goto(f"{base}/en/{place}.html?{query}#lab-{name}", wait_until="load")
    page.wait_for_function(
        "(n) => document.querySelector(`#lab-${n}`).dataset.ready !== undefined", arg=name
    )
    ready = page.evaluate(
        "(n) => performance.getEntriesByName(`lab-ready:${n}`)[0].startTime", name
    )
    return {"before": before, "after": weight(asked), "paint": paint, "ready": ready}


def move(page: Page, name: str, key: str) -> float:
    """One move of the first slider: milliseconds from input to picture."""
    page.evaluate("() => performance.clearMeasures()")
    page.locator(f"#lab-{name} input[type=range]").first.press(key)
    page.wait_for_function("() => performance.getEntriesByType('measure').length")
    return page.evaluate("() => performance.getEntriesByType('measure').at(-1).duration")


def move_widget(widget: Any, position: int) -> float:
    """The same on a kernel."""
    slider = next(f for f in widget._fields.values() if hasattr(f, "children")).children[0]
    start = time.perf_counter()
    slider.value = position
    widget.wait()
    return 1000 * (time.perf_counter() - start)


def main() -> int:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=SITE))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"
    print("| lab | KB before first touch: theme, shared, page | lab's files, KB | first paint | "
          "ready | first live | page p50, p95 | kernel p50, p95 |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find(), args=["--no-sandbox", "--disable-gpu"]
        )
        for place, name, setting in LABS:
            page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
            cost = open_page(page, base, place, name, setting)
            first = move(page, name, "ArrowLeft")
            widget = labs.show(name, **setting).widget()
            widget.wait()
            pairs = [
                (move(page, name, "ArrowLeft" if i % 2 else "ArrowRight"),
                 move_widget(widget, 40 + i % 2))
                for i in range(MOVES)
            ]  # fmt: skip
            (p50, k50), (p95, k95) = np.percentile(pairs, [50, 95], axis=0)
            b, a = cost["before"], cost["after"]
            print(
                f"| {name} | {b['theme']:.0f}, {b['shared']:.0f}, {b['page']:.0f} | "
                f"{a['labs']:.0f} | {cost['paint']:.0f} ms | {cost['ready']:.0f} ms | "
                f"{first:.0f} ms | {p50:.0f}, {p95:.0f} ms | {k50:.0f}, {k95:.0f} ms |",
                flush=True,
            )
            page.close()
        browser.close()
    server.shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
