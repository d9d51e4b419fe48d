"""A language's whole book as one page, for paper: what the built pages hold, one after the other.

In front stand a cover and the contents; the exercises' solutions stand at the end.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from bs4 import BeautifulSoup, Tag

import stabsim
from book import SITE, card, live, notebooks, repository
from stabsim._words import Text

SAID = {
    "contents": Text("Contents", "Daftar isi"),
    "solutions": Text("Solutions", "Penyelesaian"),
    "exercise": Text("Exercise {number}", "Latihan {number}"),
    "solution": Text("Solution: page", "Penyelesaian: halaman"),
    "live": Text("Every picture of a lab moves at", "Setiap gambar lab dapat digerakkan di"),
    "version": Text("Edition of stabsim {version}", "Edisi stabsim {version}"),
}
NOT_PRINTED = (
    "script, noscript, .headerlink, #jb-print-docs-body, .progress-here, "
    ".lab-main .lab-narrow, .lab-more .lab-wide, .lab-field .lab-wide"
)
REFERENCES = ("for", "aria-labelledby", "aria-describedby", "aria-controls", "list")
"""Attributes that name elements by their ids."""

INSIDE = re.compile(r"url\(#([^)]+)\)")
"""A drawing's own reference to one of its parts."""


def whole(language: str, numbers: Mapping[str, int], site: Path = SITE) -> str:
    """The edition as HTML, whose address is that of a page beside the others.

    Args:
        language: "en" or "id".
        numbers: the number of the sheet on which each id stands; ids that are missing have none
            yet.
        site: the built site.
    """
    folder, styles, chapters, solutions = site / language, {}, [], []
    for page in notebooks.listed():
        soup = BeautifulSoup((folder / f"{page}.html").read_text(encoding="utf8"), "html.parser")
        styles |= dict.fromkeys(
            str(link["href"]).partition("?")[0] for link in soup.select("link[rel=stylesheet]")
        )
        article = soup.select_one("article.bd-article")
        assert article is not None, f"{page} has no article."
        chapter = _chapter(article, page, language)
        solutions += _take_solutions(chapter, page, language, numbers)
        chapters.append(chapter)
    if solutions:
        chapters.append(_appendix(solutions, language))
    links = "".join(f'<link rel="stylesheet" href="{href}">' for href in styles)
    return (
        f'<!DOCTYPE html><html lang="{language}" data-theme="light"><head><meta charset="utf-8">'
        f"<title>{card.TITLE.in_(language)}</title>{links}</head><body class='edition'>"
        f'<main class="bd-main"><div class="bd-content"><div class="bd-article-container">'
        f'<article class="bd-article">{_cover(language)}'
        f"{_contents(chapters, language, numbers)}{''.join(map(str, chapters))}"
        f"</article></div></div></main></body></html>"
    )


def _chapter(article: Tag, page: str, language: str) -> Tag:
    """A page's text, with ids that are its own in the whole book, and links that lead there."""
    for element in article.select(NOT_PRINTED):
        element.decompose()
    for listing in article.select("details"):
        listing["open"] = ""
    for element in article.find_all(True):
        if "id" in element.attrs:
            element["id"] = f"{page}--{element['id']}"
        for name in REFERENCES:
            if name in element.attrs:
                element[name] = " ".join(f"{page}--{i}" for i in str(element[name]).split())
        for name, value in element.attrs.items():
            if isinstance(value, str) and "url(#" in value:
                element[name] = INSIDE.sub(rf"url(#{page}--\1)", value)
        for name in ("href", "xlink:href"):
            if name in element.attrs and element.name in ("a", "use"):
                element[name] = _led(str(element[name]), page, language)
    article.name = "section"
    article.attrs = {"class": "edition-chapter", "id": page}
    return article


def _led(href: str, page: str, language: str) -> str:
    """Where a link of a page leads in the book, or on the published site if not into the book."""
    if re.match(r"[a-z]+:", href):
        return href
    path, _, place = href.partition("#")
    name = path.removesuffix(".html") or page
    if name not in notebooks.listed():
        return f"{repository.site()}/{language}/{href}"
    return f"#{name}--{place}" if place else f"#{name}"


def _take_solutions(
    chapter: Tag, page: str, language: str, numbers: Mapping[str, int]
) -> list[str]:
    """Take the solutions out of a chapter, and leave where each of them stands."""
    taken = []
    for number, box in enumerate(chapter.select(".dropdown.admonition"), 1):
        own = f"solution--{page}--{number}"
        if title := box.select_one(".admonition-title"):
            title.decompose()
        said = SAID["exercise"].in_(language).format(number=number)
        taken.append(f'<h3 id="{own}">{said}</h3>{box.decode_contents()}')
        left = (
            f'<p><a href="#{own}">{SAID["solution"].in_(language)} {numbers.get(own, "")}</a></p>'
        )
        box.replace_with(BeautifulSoup(left, "html.parser"))
    if taken:
        heading = chapter.select_one("h1")
        assert heading is not None, f"{page} has no title."
        taken.insert(0, f'<h2 id="solutions--{page}">{heading.decode_contents()}</h2>')
    return taken


def _appendix(solutions: list[str], language: str) -> Tag:
    said = SAID["solutions"].in_(language)
    start = f'<section class="edition-chapter" id="solutions"><h1>{said}</h1>'
    found = BeautifulSoup(f"{start}{''.join(solutions)}</section>", "html.parser").section
    assert found is not None
    return found


def _cover(language: str) -> str:
    address = f"{repository.site()}/{language}/"
    version = SAID["version"].in_(language).format(version=stabsim.__version__)
    if commit := repository.commit():
        version += f" ({commit})"
    return (
        f'<section class="edition-cover"><img src="_static/favicon.svg" alt="">'
        f"<h1>{card.TITLE.in_(language)}</h1><p>{card.SAID.in_(language)}</p>"
        f"<p>{SAID['live'].in_(language)}<br>{address.partition('://')[2]}</p>"
        f"{live.code(address)}<p>{version} · CC BY 4.0</p></section>"
    )


def _contents(chapters: list[Tag], language: str, numbers: Mapping[str, int]) -> str:
    def line(place: str, heading: Tag) -> str:
        title = heading.get_text().strip()
        return f'<a href="#{place}"><span>{title}</span><span>{numbers.get(place, "")}</span></a>'

    rows = []
    for chapter in chapters:
        title = chapter.select_one("h1")
        assert title is not None, f"{chapter['id']} has no title."
        sections = "".join(
            f"<li>{line(_id(heading), heading)}</li>"
            for heading in chapter.select("h2:not(.claim > h2)")
            if _id(heading)
        )
        rows.append(f"<li>{line(str(chapter['id']), title)}<ol>{sections}</ol></li>")
    return (
        f'<nav class="edition-contents"><h1>{SAID["contents"].in_(language)}</h1>'
        f"<ol>{''.join(rows)}</ol></nav>"
    )


def _id(heading: Tag) -> str:
    """A heading's own id, or that of the section that it heads."""
    parent = heading.parent
    return str(heading.get("id") or (parent and parent.get("id")) or "")
