"""Formulas set when the book is built, so that pages need no script to show them.

MathJax writes HTML, which a style and its fonts draw, and MathML, which screen readers read.
A formula that MathJax cannot read is a warning, and so fails the build.
"""

import json
import subprocess
from functools import cache

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number
from sphinx.writers.html5 import HTML5Translator

from book import BOOK
from book.assets import ENVIRONMENT, NODE

logger = logging.getLogger(__name__)


@cache
def _typesetter() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [NODE, BOOK / "maths.mjs"], env=ENVIRONMENT, text=True, encoding="utf8",
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip


def typeset(tex: str, display: bool, node: nodes.Element) -> str:
    """The formula as HTML."""
    process = _typesetter()
    assert process.stdin
    assert process.stdout
    process.stdin.write(json.dumps({"tex": tex, "display": display}) + "\n")
    process.stdin.flush()
    answer = json.loads(process.stdout.readline())
    if "error" in answer:
        logger.warning("formula: %s: %s", answer["error"], tex, location=node)
    return answer["html"]


def visit_inline(self: HTML5Translator, node: nodes.math) -> None:
    """Write a formula in a line."""
    self.body.append(self.starttag(node, "span", "", CLASS="math notranslate"))
    self.body.append(typeset(node.astext(), False, node) + "</span>")
    raise nodes.SkipNode


def visit_display(self: HTML5Translator, node: nodes.math_block) -> None:
    """Write a formula on a line of its own, with its number and a link to it if it has one."""
    self.body.append(self.starttag(node, "div", "", CLASS="math notranslate"))
    if node["number"]:
        self.body.append(f'<span class="eqno">({get_node_equation_number(self, node)})')
        self.add_permalink_ref(node, self.builder.app.translator.gettext("Link to this equation"))
        self.body.append("</span>")
    tex = node.astext()
    # Sphinx's own shorthand: a blank line begins a new formula, \\ a new line of one.
    if not (node["nowrap"] or "\\begin" in tex):
        rows = [part.strip() for part in tex.split("\n\n") if part.strip()]
        rows = [rf"\begin{{split}}{row}\end{{split}}" if r"\\" in row else row for row in rows]
        tex = r"\begin{gather}" + r" \\ ".join(rows) + r"\end{gather}" if rows[1:] else rows[0]
    self.body.append(typeset(tex, True, node) + "</div>\n")
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    """Take the place of MathJax in the page."""
    app.add_html_math_renderer("set_at_build", (visit_inline, None), (visit_display, None))
