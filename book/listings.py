"""Folds the listings of the pages, which no page runs; what comes out of them stays in view."""

from docutils import nodes
from sphinx.application import Sphinx

from stabsim._words import Text

SAID = Text("Python, {lines} lines", "Python, {lines} baris")
SHORT = 3
"""A listing of so many lines says what the output under it is of, and stays open."""

ASKING = "-exercises"
"""How the label of a section ends whose listings belong to its questions."""


def fold(app: Sphinx, doctree: nodes.document) -> None:
    """Put each long listing that stands in no exercise into a fold that says how long it is."""
    for listing in doctree.findall(nodes.container):
        if "cell_input" not in listing["classes"] or _asks(listing):
            continue
        lines = sum(
            len(code.astext().splitlines()) for code in listing.findall(nodes.literal_block)
        )
        if lines > SHORT:
            said = SAID.in_(app.config.language).format(lines=lines)
            start = f'<details class="listing"><summary>{said}</summary>'
            listing.insert(0, nodes.raw("", start, format="html"))
            listing.append(nodes.raw("", "</details>", format="html"))


def _asks(node: nodes.Node) -> bool:
    """Whether a node is part of an exercise."""
    while node.parent is not None:
        node = node.parent
        if isinstance(node, nodes.section) and any(n.endswith(ASKING) for n in node["names"]):
            return True
    return False


def setup(app: Sphinx) -> None:
    """Once a page is read."""
    app.connect("doctree-read", fold)
