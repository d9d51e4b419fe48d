"""The same #address for the same section in every language.

Sphinx makes a section's address from its title. A translated section gets that of its English
counterpart besides its own, so that a switch of language stays at the section. English is read
first: book.site sees to that.
"""

import pickle
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging

logger = logging.getLogger(__name__)


def share(app: Sphinx, doctree: nodes.document) -> None:
    """Put the English addresses first; English has been built before."""
    if not app.config.book_in_all_languages or app.config.language == "en":
        return
    page = app.env.docname
    english = Path(app.doctreedir).parent / "en" / f"{page}.doctree"
    if not english.exists():
        logger.warning("is in no English chapter", location=doctree)
        return
    with english.open("rb") as file:
        originals = list(pickle.load(file).findall(nodes.section))
    sections = list(doctree.findall(nodes.section))
    if len(sections) != len(originals):
        logger.warning("not as many sections as in English", location=doctree)
    for section, original in zip(sections, originals, strict=False):
        first = original["ids"][0]
        section["ids"] = [first, *(name for name in section["ids"] if name != first)]
    # Read this page again when the English one has changed.
    app.env.note_dependency(str(english))


def setup(app: Sphinx) -> None:
    """Before Sphinx collects the table of contents from the sections."""
    app.connect("doctree-read", share, priority=100)
