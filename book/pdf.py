"""Each edition as a PDF, printed from the built pages by Chromium: ``make pdf``."""

import io
import mimetypes
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from playwright.sync_api import Browser, Route, sync_playwright
from pypdf import PdfReader

from book import BUILD, LANGUAGES, SITE, printed
from book.browser import QUIET, find

HOST = "http://book"
"""No server answers there: what a page asks for is read from the built site."""

PATIENCE = 600_000
"""How many milliseconds Chromium may take to lay out a whole edition."""

FOOT = (
    '<div style="width: 100%; text-align: center; font: 8pt sans-serif; color: #444">'
    '<span class="pageNumber"></span></div>'
)


def make(site: Path = SITE, folder: Path = BUILD) -> list[Path]:
    """Print every edition.

    Args:
        site: the built site, with a folder for each language.
        folder: where the files go.
    Returns:
        The files.
    Raises:
        FileNotFoundError: if the site is not built in every language.
        RuntimeError: if there is no Chromium.
    """
    for language in LANGUAGES:
        if not (site / language / "index.html").is_file():
            raise FileNotFoundError(
                f"{site / language} is missing; build the book first: make book."
            )
    made = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=QUIET)
        for language in LANGUAGES:
            # Numbers do not change how long anything is, so the second printing has them right.
            numbers = pages_of(_print(browser, language, {}, site))
            file = folder / f"stabsim-book-{language}.pdf"
            file.write_bytes(_print(browser, language, numbers, site))
            made.append(file)
        browser.close()
    return made


def _print(browser: Browser, language: str, numbers: Mapping[str, int], site: Path) -> bytes:
    text = printed.whole(language, numbers, site)
    own = f"{HOST}/{language}/edition.html"

    def answer(route: Route) -> None:
        path = unquote(urlsplit(route.request.url).path).lstrip("/")
        if route.request.url == own:
            route.fulfill(body=text, content_type="text/html; charset=utf-8")
        elif (file := site / path).is_file() and route.request.url.startswith(HOST):
            kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
            route.fulfill(body=file.read_bytes(), content_type=kind)
        else:
            route.abort()

    page = browser.new_page(color_scheme="light")
    page.set_default_timeout(PATIENCE)
    page.route("**/*", answer)
    page.goto(own, wait_until="load")
    page.evaluate("() => document.fonts.ready")
    sheets = page.pdf(
        prefer_css_page_size=True, print_background=True, display_header_footer=True,
        header_template="<span></span>", footer_template=FOOT, outline=True, tagged=True,
    )  # fmt: skip
    page.close()
    return sheets


def pages_of(sheets: bytes) -> dict[str, int]:
    """The number of the page on which each id stands to which a link of the file leads."""
    reader = PdfReader(io.BytesIO(sheets))
    found = {}
    for name, target in reader.named_destinations.items():
        number = reader.get_destination_page_number(target)
        if number is not None:
            found[unquote(name.lstrip("/"))] = number + 1
    return found
