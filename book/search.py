"""The sections of a built language as one file, in which the page of search looks.

MiniSearch ranks them in the reader's browser: ``book/web/searcher.mjs``. Sphinx's own search knows
pages and no sections. Pagefind ranks pages too, knows no synonyms, and brings a binary for each
system; it pays for books that are too large to be fetched, and all the text of this one is
smaller than one lab's page.
"""

import hashlib
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from bs4 import BeautifulSoup, Tag
from sphinx.application import Sphinx
from sphinx.search.en import english_stopwords

from book import BOOK
from book.glossary import concepts
from book.labs import kept

FILE = "lab/search.json"
"""The file, in a language's _static."""

SOUGHT = BOOK / "search.yml"

INDONESIAN = """
    ada adalah agar akan apa atau bagaimana bagi bahwa bila bisa dan dapat dari dengan di dia ia
    ini itu jika juga kalau kami karena ke kita lagi lain lalu maka mana oleh pada para saat
    saja sebagai sebuah seperti serta suatu sudah tanpa tapi telah tetapi tiap untuk yang
"""
COMMONEST = {"en": english_stopwords, "id": {*INDONESIAN.split()}}
"""Words that say nothing of what is sought."""

WEIGHTS = {"api": 0.4, "references": 0.3, "scoreboard": 0.6, "teaching": 0.5, "glossary": 0.7}
"""Pages that repeat what the chapters explain, and how much their sections count beside those."""

OPENING = 1.3
"""How much more the section counts that opens a chapter, and is about all of it."""

ARTICLE = re.compile(r"<article\b.*</article>", re.DOTALL)
DRAWN = re.compile(r"<(svg|script|style|noscript)\b.*?</\1>", re.DOTALL)
FORMULA = re.compile(r"<mjx-container\b.*?</mjx-container>", re.DOTALL)
GAP = "…"
"""Stands for a formula, in which nothing is looked for."""

OWN = "section[id], dt[id], article.claim[id]"
"""What is a section: a part of a page, a term or a function, and a claim."""

ASIDE = (
    "pre, button, select, output, label, input, .headerlink, .lab-report, .lab-note, .lab-hint, "
    ".lab-idle, .lab-scrub"
)
"""What holds no prose of the book."""

INLINE = {
    "a", "abbr", "b", "cite", "code", "em", "i", "q", "s", "span", "strong", "sub", "sup", "var",
}  # fmt: skip
BREAK = "\v"
"""Stands where a block begins or ends."""


class Section(NamedTuple):
    """A part of a page.

    Attributes:
        anchor: its id.
        title: its heading.
        paragraphs: its text without that of its own sections, block by block.
    """

    anchor: str
    title: str
    paragraphs: list[str]


def sections(html: str) -> list[Section]:
    """The sections of a built page, in its order."""
    page = BeautifulSoup(FORMULA.sub(GAP, DRAWN.sub("", html)), "html.parser")
    article = page.select_one("article.bd-article")
    if article is None:
        return []
    for element in article.select(ASIDE):
        element.decompose()
    for element in article.find_all(True):
        if element.name not in INLINE:
            element.insert_before(BREAK)
            element.insert_after(BREAK)
    found = []
    for element in reversed(article.select(OWN)):  # what lies within another comes before it
        heading = element if element.name == "dt" else element.find(re.compile("^h[1-6]$"))
        meaning = element.find_next_sibling("dd") if element.name == "dt" else None
        title = " ".join(_blocks(heading.extract())) if heading else ""
        text = _blocks((meaning or element).extract())
        if title:
            found.append(Section(str(element["id"]), title, text))
    return found[::-1]


def _blocks(element: Tag) -> list[str]:
    texts = (" ".join(text.split()) for text in element.get_text().split(BREAK))
    return [text for text in texts if text]


def index(folder: Path, language: str) -> dict[str, Any]:
    """All that the page of search must know of a built language.

    Args:
        folder: the language's pages.
        language: "en" or "id".
    """
    found = []
    for page in sorted(folder.glob("*.html")):
        of_page = _kept_sections(page, language) if page.stem != "search" else []
        for section in of_page:
            found.append({
                "page": page.stem, "chapter": of_page[0].title, "anchor": section.anchor,
                "title": _named(page.stem, section.title), "paragraphs": section.paragraphs,
                "weight": WEIGHTS.get(page.stem, OPENING if section is of_page[0] else 1),
            })  # fmt: skip
    return {
        "language": language, "sections": found, "synonyms": synonyms(language),
        "commonest": sorted(COMMONEST[language]),
    }  # fmt: skip


def _kept_sections(page: Path, language: str) -> list[Section]:
    """The sections of a page as it is, found again only where its article has changed."""
    article = ARTICLE.search(page.read_text(encoding="utf8"))
    html = article[0] if article else ""
    text = kept(
        f"{page.stem}.{language}.sections.json", lambda: json.dumps(sections(html)), "book.search",
        given=hashlib.sha256(html.encode()).hexdigest(),
    )  # fmt: skip
    return [Section(*section) for section in json.loads(text)]


def _named(page: str, title: str) -> str:
    """A section's title; of a function its name without its arguments."""
    return title.split("(")[0] if page == "api" else title


def synonyms(language: str) -> list[list[str]]:
    """Pairs of what a reader may type and this book's words for it."""
    other = "en" if language == "id" else "id"
    known = [
        [word, entry[language]]
        for entry in concepts().values()
        for word in (entry[other], *entry.get("others", {}).get(language, []))
        if word.lower() != entry[language].lower()
    ]
    listed = yaml.safe_load(SOUGHT.read_text(encoding="utf8"))
    return known + [[word, entry["as"][language]] for entry in listed for word in entry["sought"]]


def publish(folder: Path, language: str) -> None:
    """Write the file into a built language."""
    text = json.dumps(index(folder, language), ensure_ascii=False, separators=(",", ":"))
    (folder / "_static" / FILE).write_text(text, encoding="utf8")


def without_sphinx(app: Sphinx) -> None:
    """Have Sphinx make no search of its own; its page is still written, by our template."""
    app.builder.search = False  # type: ignore[attr-defined]


def setup(app: Sphinx) -> None:
    """Put our search in the place of Sphinx's."""
    app.connect("builder-inited", without_sphinx)
