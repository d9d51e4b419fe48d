"""What the labs cost a reader: weight, waiting, and the delay from slider to picture, of all labs.

Build the book first (``make book``). Run as ``python -m benchmarks.pages``: Chromium over the built
site, then the peers that run in pages too, on one network: :func:`benchmarks.wasm.against_peers`.
With ``--kernel`` the same labs' widgets on a kernel, move by move in turn. With ``--site FOLDER``
another built site, such as an earlier state's; with names, those labs alone.
"""

import argparse
import gzip
import http.server
import sys
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from playwright.sync_api import Page, sync_playwright

from benchmarks.wasm import against_peers
from book import SITE, outputs
from book.browser import find
from stabsim import labs

MOVES = 30


def shown() -> dict[str, tuple[str, dict[str, Any]]]:
    """By lab the first page that shows it, and with what setting."""
    every = [
        (lab, (page, changes))
        for page in outputs.pages()
        for lab, changes in outputs.labs("en", page)
    ]
    return dict(reversed(every))


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


def weight(site: Path, urls: set[str]) -> dict[str, float]:
    """KB after gzip, of the theme, of what all labs share, and of the labs' own files."""
    kinds = {"theme": 0.0, "shared": 0.0, "labs": 0.0, "page": 0.0}
    for url in urls:
        path = site / urlsplit(url).path.lstrip("/")
        if not path.is_file():
            continue
        kind = (
            "labs" if "/models/" in url else "shared" if "/_static/lab/" in url
            else "page" if path.suffix == ".html" else "theme"
        )  # fmt: skip
        kinds[kind] += len(gzip.compress(path.read_bytes())) / 1024
    return kinds


def open_page(page: Page, site: Path, base: str, place: str, name: str) -> dict:
    """Open a page and say what it took until the lab's engine is ready, in ms and KB."""
    asked: set[str] = set()
    page.on("request", lambda r: asked.add(r.url))
    page.goto(f"{base}/en/{place}.html", wait_until="load")
    before = weight(site, set(asked))
    paint = page.evaluate(
        "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
    )
    page.goto(f"{base}/en/{place}.html?again#lab-{name}", wait_until="load")
    page.wait_for_function(
        "(n) => document.querySelector(`#lab-${n}`).dataset.ready !== undefined", arg=name
    )
    ready = page.evaluate(
        "(n) => performance.getEntriesByName(`lab-ready:${n}`)[0].startTime", name
    )
    return {"before": before, "after": weight(site, asked), "paint": paint, "ready": ready}


MOVE = """async ([name, forth]) => {
  const lab = document.querySelector(`#lab-${name}`);
  const own = (kind) => lab.querySelector(`.lab-controls ${kind}:enabled`);
  const control = own("input[type=range]") ?? own("select");
  while (lab.ariaBusy) await new Promise((done) => setTimeout(done, 5));
  performance.clearMeasures();
  if (control.options) control.selectedIndex += forth ? 1 : -1;
  else control.value = Number(control.value) + (forth ? 1 : -1);
  for (const kind of ["input", "change"]) control.dispatchEvent(new Event(kind, {bubbles: true}));
  const measured = () => performance.getEntriesByName(`lab:${name}`, "measure").at(-1);
  while (!measured()) await new Promise((done) => setTimeout(done, 2));
  return measured().duration;
}"""
"""One move of the first control that can be moved: milliseconds from input to picture."""


def move_widget(widget: Any, position: int) -> float:
    """The same on a kernel."""
    slider = next(f for f in widget._fields.values() if hasattr(f, "children")).children[0]
    start = time.perf_counter()
    slider.value = position
    widget.wait()
    return 1000 * (time.perf_counter() - start)


def delays(page: Page, name: str, widget: Any) -> str:
    """The first move, then p50 and p95 of the others, in ms; the widget's too, if there is one."""
    first = page.evaluate(MOVE, [name, True])
    pairs = [
        (page.evaluate(MOVE, [name, bool(i % 2)]),
         move_widget(widget, 40 + i % 2) if widget else 0.0)
        for i in range(MOVES)
    ]  # fmt: skip
    (p50, k50), (p95, k95) = np.percentile(pairs, [50, 95], axis=0)
    there = f" {k50:.0f}, {k95:.0f} |" if widget else ""
    return f"{first:.0f} | {p50:.0f}, {p95:.0f} |{there}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages", description=__doc__)
    parser.add_argument("labs", nargs="*", help="these alone, and no peers")
    parser.add_argument("--site", type=Path, default=SITE, help="another built site")
    parser.add_argument("--kernel", action="store_true", help="widgets on a kernel, too")
    given = parser.parse_args()
    places = shown()
    handler = partial(Quiet, directory=given.site)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"
    kernel = " kernel p50, p95, ms |" if given.kernel else ""
    print("| lab | KB before first touch: theme, shared, page | lab's files, KB | first paint, ms "
          f"| ready, ms | first live, ms | page p50, p95, ms |{kernel}")  # fmt: skip
    print("|---|---|---|---|---|---|---|" + "---|" * given.kernel)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find(), args=["--no-sandbox", "--disable-gpu"]
        )
        for name in given.labs or places:
            place, setting = places[name]
            window = browser.new_context(
                viewport={"width": 1280, "height": 900}, service_workers="block"
            )
            page = window.new_page()
            cost = open_page(page, given.site, base, place, name)
            widget = labs.show(name, **setting).widget() if given.kernel else None
            if widget:
                widget.wait()
            b, a = cost["before"], cost["after"]
            print(
                f"| {name} | {b['theme']:.0f}, {b['shared']:.0f}, {b['page']:.0f} | "
                f"{a['labs']:.0f} | {cost['paint']:.0f} | {cost['ready']:.0f} | "
                + delays(page, name, widget),
                flush=True,
            )
            page.close()
        browser.close()
    server.shutdown()
    if not given.labs:
        print()
        against_peers(rounds=3)
    return 0


if __name__ == "__main__":
    sys.exit(main())
