"""The sections of a built language as one file, in which the page of search looks.

MiniSearch ranks them in the reader's browser: ``book/web/searcher.mjs``. Sphinx's own search knows
pages and no sections. Pagefind ranks pages too, knows no synonyms, and brings a binary for each
system; it pays for books that are too large to be fetched, and all the text of this one is
smaller than one lab's page.
"""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from sphinx.application import Sphinx
from sphinx.search.en import english_stopwords

from book import BOOK
from book.glossary import concepts

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

ARTICLE = re.compile(r"<article\b.*?</article>", re.DOTALL)
DRAWN = re.compile(r"<(svg|script|style|noscript)\b.*?</\1>", re.DOTALL)
FORMULA = re.compile(r"<mjx-container\b.*?</mjx-container>", re.DOTALL)
GAP = "…"
"""Stands for a formula, in which nothing is looked for."""

NAMED = {"dt", "tr"}
"""What stands for a section of its own if it has an id: a term, a function, a claim."""

ASIDE = {"pre", "button", "select", "output", "label", "input"}
CLASSES = {"headerlink", "lab-report", "lab-note", "lab-hint", "lab-idle", "lab-scrub"}
"""Elements, and classes of elements, that hold no prose of the book."""

INLINE = {
    "a", "abbr", "b", "cite", "code", "em", "i", "q", "s", "span", "strong", "sub", "sup", "var",
}  # fmt: skip
EMPTY = {"br", "hr", "img", "input", "source", "wbr", "col", "meta", "link"}


class Section(NamedTuple):
    """A part of a page.

    Attributes:
        anchor: its id.
        title: its heading.
        paragraphs: its text without that of its own sections, block by block.
    """

    anchor: str
    title: list[str]
    paragraphs: list[str]


class _Reader(HTMLParser):
    """Collects the sections of a page's article."""

    def __init__(self) -> None:
        super().__init__()
        self.sections: list[Section] = []
        self.open: list[tuple[str, Section | None]] = []  # each open element, and its section
        self.current: Section | None = None
        self.heading = False
        self.aside = 0  # elements that are open from one without prose on
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag in EMPTY:
            return
        given = dict(attributes)
        if tag not in INLINE:
            self._end_block()
        self.open.append((tag, self.current))
        if self.aside or tag in ASIDE or CLASSES & {*(given.get("class") or "").split()}:
            self.aside += 1
        elif given.get("id") and (tag == "section" or tag in NAMED):
            self.current = Section(given["id"] or "", [], [])
            self.sections.append(self.current)
            self.heading = tag == "dt"
        elif re.fullmatch("h[1-6]", tag) or (tag == "th" and self._is_claim()):
            self.heading = True

    def handle_endtag(self, tag: str) -> None:
        if tag in EMPTY or not any(tag == name for name, _ in self.open):
            return
        if tag not in INLINE:
            self._end_block()
        while self.open:
            name, before = self.open.pop()
            self.aside = max(0, self.aside - 1)
            # A term's section goes on after it, in its definition, until the list ends.
            if name in ("section", "dl", "table"):
                self.current = before
            if name == tag:
                break

    def handle_data(self, data: str) -> None:
        if not self.aside:
            self.text.append(data)

    def _is_claim(self) -> bool:
        return bool(self.current and not self.current.title and self.open[-2][0] == "tr")

    def _end_block(self) -> None:
        text = re.sub(r"\s+", " ", "".join(self.text)).strip()
        self.text = []
        if text and self.current:
            (self.current.title if self.heading else self.current.paragraphs).append(text)
        self.heading = False


def sections(html: str) -> list[Section]:
    """The sections of a built page."""
    article = ARTICLE.search(html)
    reader = _Reader()
    reader.feed(FORMULA.sub(GAP, DRAWN.sub("", article[0] if article else "")))
    reader.close()
    return [section for section in reader.sections if section.title]


def index(folder: Path, language: str) -> dict[str, Any]:
    """All that the page of search must know of a built language.

    Args:
        folder: the language's pages.
        language: "en" or "id".
    """
    found = []
    for page in sorted(folder.glob("*.html")):
        of_page = sections(page.read_text(encoding="utf8")) if page.stem != "search" else []
        for section in of_page:
            found.append({
                "page": page.stem, "chapter": of_page[0].title[0], "anchor": section.anchor,
                "title": _named(page.stem, section.title), "paragraphs": section.paragraphs,
                "weight": WEIGHTS.get(page.stem, OPENING if section is of_page[0] else 1),
            })  # fmt: skip
    return {
        "language": language, "sections": found, "synonyms": synonyms(language),
        "commonest": sorted(COMMONEST[language]),
    }  # fmt: skip


def _named(page: str, title: list[str]) -> str:
    """A section's title; of a function its name without its arguments."""
    whole = " ".join(title)
    return whole.split("(")[0] if page == "api" else whole


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
