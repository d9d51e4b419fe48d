"""The book without a network: kept whole on the device, brought up to date whole, or not at all."""

import http.server
import json
import shutil
import threading
from contextlib import suppress

import pytest
from playwright.sync_api import Error

from book import LANGUAGES, edition
from book.assets import NPM
from book.browser import QUIET, find
from tests.browser import NARROW, PATIENCE, WIDE, pages, visit, watch
from tests.conftest import Quiet
from tests.engines import ENGINES, Missing
from tests.test_engines import AWAKE, SKIP
from tests.test_site import SETTLED
from tests.tiers import in_short

MOST = 8_000_000
"""Bytes of a language, as they are sent, that a reader's device is asked to keep."""

PATH = "some/where/"
"""Which the book is served under."""

SAYS = """(words) => document.querySelector("[data-edition]")?.textContent === words
  && navigator.serviceWorker.controller !== null"""
MOVED = "(lab) => document.querySelector(lab).dataset.runs > 0"
READY = "(lab) => document.querySelector(lab)?.dataset.ready !== undefined"
STAND = """async () => {
  const { installing, waiting } = await navigator.serviceWorker.getRegistration();
  return { installing: installing !== null, waiting: waiting !== null };
}"""
HELD = """async () => {
  const names = await caches.keys();
  return Promise.all(names.map(async (name) => (await (await caches.open(name)).keys()).length));
}"""
"""How many files each edition on the device has."""


class Server:
    """A site under a path; what is asked beyond some number waits, and gets no answer."""

    def __init__(self, site):
        self.site, self.asked, self.most = site, [], float("inf")
        self.given_up = threading.Event()
        server = self

        class Handler(Quiet):
            def translate_path(self, path):
                self.directory = str(server.site)
                return super().translate_path(path.replace(f"/{PATH}", "/", 1))

            def do_GET(self):
                server.asked.append(self.path)
                if len(server.asked) <= server.most:
                    super().do_GET()
                elif server.most:
                    server.given_up.wait(PATIENCE)

            def end_headers(self):
                self.send_header("Cache-Control", "no-cache")
                super().end_headers()

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda *_: None  # of those that heard nothing
        self.address = f"http://127.0.0.1:{self.server.server_port}/{PATH}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def allow(self, most):
        """Answer so many requests more."""
        self.given_up.set()
        self.given_up = threading.Event()
        self.asked, self.most = [], most

    def __exit__(self, *_):
        self.given_up.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def server(site):
    with Server(site) as server:
        yield server


def test_is_small_and_says_how_small(site):
    for language in LANGUAGES:
        size = edition.sent(site / language)
        assert 1_000_000 < size < MOST
        page = (site / language / "index.html").read_text(encoding="utf8")
        assert edition.SIZED.format(size=edition.plain(round(size / 1e6, 1), language)) in page
        manifest = json.loads((site / language / edition.MANIFEST).read_text(encoding="utf8"))
        assert manifest["lang"] == language
        for named in (manifest["start_url"], *(icon["src"] for icon in manifest["icons"])):
            assert (site / language / named).is_file()


@pytest.mark.parametrize("name", in_short(ENGINES, "chromium"))
def test_labs_and_pages_work_once_the_network_is_gone(server, name, request):
    own = [request.getfixturevalue("browser"), "allow"] if name == "chromium" else []
    try:
        engine = ENGINES[name](*own)
    except Missing as missing:
        pytest.skip(f"{missing}: nothing is kept in it")
    try:
        engine.open(f"{server.address}en/index.html")
        engine.wait(SAYS, edition.SAID["kept"].en)
        server.allow(0)
        for lab, page in (("first", ""), ("warmup_map", "en/warmup.html?warmup_map.seed=1")):
            if page:
                engine.run("(to) => { location.href = to; }", server.address + page)
            engine.wait("(lab) => document.querySelector(lab) !== null", f"#lab-{lab}")
            engine.wait(AWAKE)
            engine.run(SKIP)
            engine.run("(lab) => document.querySelector(lab).scrollIntoView()", f"#lab-{lab}")
            engine.wait(READY, f"#lab-{lab}")
            engine.type(f"#lab-{lab} .lab-controls input[name=seed]", "ArrowRight")
            engine.wait(MOVED, f"#lab-{lab}")
        engine.run("(to) => { location.href = to; }", f"{server.address}en/")
        engine.wait(SAYS, edition.SAID["kept"].en)
        # Only what tells of a newer edition was asked for.
        assert {path.rpartition("/")[2] for path in server.asked} <= {edition.WORKER}
    finally:
        engine.close()


@pytest.mark.long
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_once_the_network_is_gone(site, server, context, language):
    page = context(viewport=WIDE, service_workers="allow").new_page()
    visit(page, f"{server.address}{language}/index.html")
    page.wait_for_function(SAYS, arg=edition.SAID["kept"].in_(language))
    wrong = watch(page, server.address)
    server.allow(0)
    for name in pages(site):
        if name.startswith(f"{language}/"):
            visit(page, server.address + name)
            page.locator("main h1").last.wait_for()
    visit(page, f"{server.address}{language}/search.html?q=warmup")
    page.locator("[data-search] ol a").first.wait_for()
    assert not wrong


def test_an_update_comes_whole_or_not_at_all(site, server, tmp_path, browser):
    """Killed in the middle, or from a server that is itself being updated: the old one stays."""
    newer = tmp_path / "newer"
    shutil.copytree(site / "en", newer / "en")
    for name in ("index", "warmup"):
        page = newer / f"en/{name}.html"
        page.write_text(page.read_text(encoding="utf8").replace("<h1>", "<h1>Newer: "))
    edition.complete(newer / "en", "en")
    files = len(edition.kept(site / "en"))
    changed = ["index", "warmup"]

    def launch():
        window = browser.browser_type.launch_persistent_context(
            tmp_path / "profile", executable_path=find(), args=QUIET, viewport=WIDE
        )
        window.set_default_timeout(1000 * PATIENCE)
        return window, window.pages[0]

    def titles(page):
        found = []
        for name in changed:
            visit(page, f"{server.address}en/{name}.html")
            found.append(page.locator("main article h1").inner_text().startswith("Newer: "))
        return found

    window, page = launch()
    visit(page, f"{server.address}en/index.html")
    page.wait_for_function(SAYS, arg=edition.SAID["kept"].en)
    assert page.evaluate(HELD) == [files]

    server.site = newer
    server.allow(1)  # the worker, and none of the files that it wants
    page.reload()
    page.wait_for_function(f"async () => (await ({STAND})()).installing")
    page.wait_for_function(f"async () => (await ({HELD})())[1] > 100")
    with suppress(Error):
        window.new_cdp_session(page).send("Browser.crash")
    with suppress(Error):
        window.close()

    window, page = launch()
    server.allow(0)
    assert titles(page) == [False, False]
    old, *half = page.evaluate(HELD)
    assert old == files
    assert all(size < files for size in half)

    stale = newer / "en/warmup.html"
    text = stale.read_bytes()
    shutil.copy(site / "en/warmup.html", stale)
    server.allow(float("inf"))
    page.reload()
    page.wait_for_function(f"async () => !(await ({STAND})()).installing")
    assert not page.evaluate(STAND)["waiting"]
    assert titles(page) == [False, False]
    stale.write_bytes(text)

    server.allow(float("inf"))
    page.reload()
    announced = page.locator("#new-edition")
    announced.wait_for()
    # What is the same was not fetched again.
    assert sorted({path.rpartition("/")[2] for path in server.asked}) == sorted(
        [edition.WORKER, *(f"{name}.html" for name in changed)]
    )
    assert titles(page) == [False, False]
    announced.wait_for()
    page.evaluate((NPM / "node_modules/axe-core/axe.min.js").read_text(encoding="utf8"))
    for size, scheme in ((WIDE, "light"), (NARROW, "dark")):
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function(SETTLED, arg=scheme)
        assert page.evaluate("() => axe.run('#new-edition')")["violations"] == []
    button = announced.get_by_role("button")
    with page.expect_navigation():
        button.press("Enter")
    assert titles(page) == [True, True]
    assert page.evaluate(HELD) == [files]
    window.close()


def test_what_could_not_be_fetched_is_tried_again(address, context):
    window = context(viewport=WIDE)
    page = window.new_page()
    visit(page, f"{address}en/index.html")
    lab = page.locator("#lab-first")
    lab.scroll_into_view_if_needed()
    page.wait_for_function(READY, arg="#lab-first")
    said = lab.locator(".lab-report").inner_text()
    window.set_offline(True)
    lab.locator(".lab-controls input[type=range]").first.press("End")
    lab.get_by_text("could not be computed").wait_for()
    assert lab.locator(".lab-report").inner_text() == said  # which is of the picture that is there
    window.set_offline(False)
    page.wait_for_function(MOVED, arg="#lab-first")
    assert lab.locator(".lab-report").inner_text() != said
