"""The glossary, and the links to it: one from the first use of each term on every page."""

import re
from functools import cache
from html import escape
from typing import Any

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from book import BOOK
from stabsim._words import Text

TERMS = BOOK / "glossary.yml"
PAGE = "glossary"
OTHERS = Text("elsewhere also: {words}", "di tempat lain juga: {words}")

APART = (
    nodes.literal, nodes.reference, nodes.math, nodes.title, nodes.raw, nodes.caption,
    nodes.citation,
)  # fmt: skip
"""Where no term is linked."""


@cache
def concepts() -> dict[str, dict[str, Any]]:
    """The concepts by key."""
    return {entry["key"]: entry for entry in yaml.safe_load(TERMS.read_text(encoding="utf8"))}


class Concepts(SphinxDirective):
    """The glossary: each term in this language, in the other, and what it means."""

    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(str(TERMS))
        own = self.config.language
        other = "en" if own == "id" else "id"
        entries = sorted(concepts().values(), key=lambda entry: entry[own].lower())
        items = "".join(_entry(entry, own, other) for entry in entries)
        return [nodes.raw("", f'<dl class="concepts">{items}</dl>', format="html")]


def _entry(entry: dict[str, Any], own: str, other: str) -> str:
    words = entry.get("others", {}).get(own, [])
    elsewhere = f" ({OTHERS.in_(own).format(words=', '.join(words))})" if words else ""
    return (
        f'<dt id="concept-{entry["key"]}">{escape(entry[own])} '
        f'<span lang="{other}">({escape(entry[other])})</span></dt>'
        f"<dd>{escape(entry['about'][own] + elsewhere)}</dd>"
    )


def link(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Link the first use of each term on a page to the glossary."""
    if page == PAGE:
        return
    language = app.config.language
    left = {
        entry[language].lower(): key for key, entry in concepts().items() if entry.get("link", True)
    }
    for text in list(doctree.findall(nodes.Text)):
        if _is_prose(text) and left:
            text.parent.replace(text, _linked(text, left))


def _is_prose(text: nodes.Text) -> bool:
    above = text.parent
    paragraph = False
    while above is not None:
        if isinstance(above, APART):
            return False
        paragraph = paragraph or isinstance(above, nodes.paragraph)
        above = above.parent
    return paragraph


def _linked(text: nodes.Text, left: dict[str, str]) -> list[nodes.Node]:
    """The text with the terms that are left made links; those are left no more."""
    # The longest first, so that "stability threshold" is not taken for a shorter term in it.
    terms = "|".join(re.escape(term) for term in sorted(left, key=len, reverse=True))
    parts: list[nodes.Node] = []
    end = 0
    for match in re.finditer(rf"\b({terms})(?:s|es)?\b", text, re.IGNORECASE):
        key = left.pop(match[1].lower(), None)
        if key is None:
            continue
        parts.append(nodes.Text(text[end : match.start()]))
        address = f"{PAGE}.html#concept-{key}"
        parts.append(nodes.reference("", match[0], refuri=address, classes=["concept"]))
        end = match.end()
    return [*parts, nodes.Text(text[end:])]


def setup(app: Sphinx) -> None:
    """Register the directive and the links."""
    app.add_directive("concepts", Concepts)
    app.connect("doctree-resolved", link)
